// GET /account and the changes it offers.
import type { FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { type AccountChange, changeAccount, viewAccount } from '../../flows/account.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendPage } from './page.ts';
import { accountPage } from './views/account.ts';

const notices = ['access_revoked', 'session_ended'] as const;

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
      revokeAction: `${base}/account/consents/revoke`,
      endSessionAction: `${base}/account/sessions/end`,
      signOutAction: `${base}/sign-out`,
    };
    return sendPage(request, reply, (page) => accountPage(page, model));
  };
}

/** Takes back what a client was allowed. */
export function revokeAccess(deps: Deps): RouteHandlerMethod {
  return change(deps, 'access_revoked', (params) => ({
    kind: 'revoke consent',
    clientId: params.get('client_id') ?? '',
  }));
}

/** Ends a session in another browser. */
export function endOtherSession(deps: Deps): RouteHandlerMethod {
  return change(deps, 'session_ended', (params) => ({
    kind: 'end session',
    sessionId: params.get('session_id') ?? '',
  }));
}

function change(
  deps: Deps,
  notice: (typeof notices)[number],
  read: (params: Params) => AccountChange,
): RouteHandlerMethod {
  return async (request: FastifyRequest, reply) => {
    const params = bodyParams(request);
    const input = { cookie: readCookies(request).session, formToken: params.get('csrf'), change: read(params) };
    const done = await changeAccount(deps, contextOf(deps, request), input);
    if (done === 'foreign form')
      throw new Refusal('csrf', 'This form was not made for this browser, or it is too old.');
    return reply.redirect(
      `${basePath(request.tenant)}${done === 'nobody' ? '/sign-in' : `/account?notice=${notice}`}`,
      303,
    );
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
