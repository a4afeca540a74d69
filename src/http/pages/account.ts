// GET /account.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { viewAccount } from '../../flows/account.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { queryParams } from '../forms.ts';
import { accountPaths } from './account-paths.ts';
import { sendPage } from './page.ts';
import { accountPage } from './views/account.ts';

const notices = ['access_revoked', 'session_ended', 'sessions_ended'] as const;

/** Where somebody is signed in and what they allowed. */
export function account(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const view = await viewAccount(deps, contextOf(deps, request), readCookies(request).session);
    const base = basePath(request.tenant);
    if (!view) return reply.redirect(`${base}/sign-in`, 303);
    const name = view.user.claims['name'];
    const model = {
      username: view.user.username,
      name: typeof name === 'string' ? name : undefined,
      email: view.user.email,
      csrf: view.formToken,
      consents: view.consents.map((consent) => ({ ...consent, grantedAt: iso(consent.grantedAt) })),
      sessions: view.sessions.map((session) => ({
        ...session,
        current: session.id === view.session.id,
        startedAt: iso(session.startedAt),
        lastSeenAt: iso(session.lastSeenAt),
      })),
      notice: notices.find((notice) => notice === queryParams(request).get('notice')),
      revokeAction: base + accountPaths['revoke consent'],
      endSessionAction: base + accountPaths['end session'],
      endOthersUri: base + accountPaths['end other sessions'],
      signOutAction: `${base}/sign-out`,
    };
    return sendPage(request, reply, (page) => accountPage(page, model));
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
