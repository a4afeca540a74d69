// GET /account, /account/sessions and /account/applications: who one is, where one is signed in, and who has access.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { type AccountView, takenBack, viewAccount } from '../../flows/account/view.ts';
import { canRecover } from '../../flows/deliver/asked.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountPaths } from './account-paths.ts';
import { sendPage } from './page.ts';
import { askVerificationPath } from './verify-email.ts';
import { accountPage } from './views/account.ts';
import { accountApplicationsPage } from './views/account-applications.ts';
import type { AccountFrame } from './views/account-frame.ts';
import { accountSessionsPage } from './views/account-sessions.ts';
import type { Html } from '../../texts/html.ts';
import type { Page } from './views/layout.ts';

type Shown = { readonly view: AccountView; readonly frame: AccountFrame; readonly base: string; readonly now: number };

function section(
  deps: Deps,
  name: 'profile' | 'sessions' | 'applications',
  render: (page: Page, shown: Shown) => Html,
): RouteHandlerMethod {
  return async (request, reply) => {
    const context = contextOf(deps, request);
    const view = await viewAccount(deps, context, readCookies(request).session);
    if (!view) return otherwise(request, reply, 'nobody');
    const frame = frameOf(request, name, view.formToken);
    const shown = { view, frame, base: basePath(request.tenant), now: context.now };
    return sendPage(request, reply, (page) => render(page, shown));
  };
}

export function account(deps: Deps): RouteHandlerMethod {
  return section(deps, 'profile', (page, { view: { user, awaitsApplication }, frame, base }) => {
    const canVerify = canRecover(deps) && user.email !== undefined && !user.emailVerified;
    const { name } = user.claims;
    return accountPage(page, {
      frame,
      username: user.username,
      awaitsApplication,
      isAdministrator: user.adminRoles.length > 0,
      name: typeof name === 'string' ? name : undefined,
      email: user.email,
      verifyAction: canVerify ? base + askVerificationPath : undefined,
      changeEmailUri: canRecover(deps) ? base + accountPaths['change email'] : undefined,
    });
  });
}

export function accountSessions(deps: Deps): RouteHandlerMethod {
  return section(deps, 'sessions', (page, { view, frame, base, now }) =>
    accountSessionsPage(page, {
      frame,
      now,
      sessions: view.sessions.map((session) => ({ ...session, current: session.id === view.session.id })),
      endSessionAction: base + accountPaths['end session'],
      endOthersUri: base + accountPaths['end other sessions'],
    }),
  );
}

export function accountApplications(deps: Deps): RouteHandlerMethod {
  return section(deps, 'applications', (page, { view, frame, base, now }) =>
    accountApplicationsPage(page, {
      frame,
      now,
      consents: view.consents.map((one) => ({ ...one, removable: takenBack(one) })),
      revokeAction: base + accountPaths['revoke consent'],
      revokeScopeUri: base + accountPaths['revoke scope'],
    }),
  );
}
