// What the account page offers to end: the question, and its end.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { AccountChange } from '../../domain/account-change.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { changeAccount, type Confirmation, type ProofFirst, viewConfirmation } from '../../flows/account-change.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies, setCookie } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { accountPaths, fieldsOf } from './account-paths.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { accountChangePage, type Ending } from './views/account-change.ts';

type Kind = AccountChange['kind'];

const notices = {
  'revoke consent': 'access_revoked',
  'end session': 'session_ended',
  'end other sessions': 'sessions_ended',
} as const satisfies Record<Kind, string>;

/** Names what is about to end, with one button that does it. Changes nothing. */
export function confirmAccountChange(deps: Deps, kind: Kind): RouteHandlerMethod {
  return async (request, reply) => {
    const change = read(kind, queryParams(request));
    const view = await viewConfirmation(deps, contextOf(deps, request), { cookies: readCookies(request), change });
    if (view === 'nobody') return goOn(request, reply, '/sign-in');
    if (view === 'nothing to end') return goOn(request, reply, '/account');
    if (view.kind === 'prove first') return proveFirst(request, reply, view);
    const base = basePath(request.tenant);
    const model = {
      action: base + accountPaths[kind],
      fields: { ...fieldsOf(change), csrf: view.account.formToken },
      ending: endingOf(view, change),
      username: view.account.user.username,
      backUri: `${base}/account`,
      signOutAction: `${base}/sign-out`,
      csrf: view.account.formToken,
    };
    return sendPage(request, reply, (page) => accountChangePage(page, model));
  };
}

/** Does it, when its person proved not long ago who they are; else that comes first. */
export function accountChange(deps: Deps, kind: Kind): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const input = { cookies: readCookies(request), formToken: params.get('csrf'), change: read(kind, params) };
    const outcome = await changeAccount(deps, contextOf(deps, request), input);
    if (outcome === 'foreign form')
      throw new Refusal('csrf', 'This form was not made for this browser, or it is too old.');
    if (outcome === 'nobody') return goOn(request, reply, '/sign-in');
    return outcome === 'done'
      ? goOn(request, reply, `/account?notice=${notices[kind]}`)
      : proveFirst(request, reply, outcome);
  };
}

function proveFirst(request: FastifyRequest, reply: FastifyReply, { attemptId, browser }: ProofFirst) {
  if (browser !== undefined) setCookie(reply, request.tenant, 'browser', browser);
  return goOn(request, reply, `/sign-in?attempt=${attemptId}`);
}

function read(kind: Kind, params: Params): AccountChange {
  switch (kind) {
    case 'revoke consent':
      return { kind, clientId: params.get('client_id') ?? '' };
    case 'end session':
      return { kind, sessionId: params.get('session_id') ?? '' };
    case 'end other sessions':
      return { kind };
  }
}

function endingOf({ account: { sessions, consents }, others }: Confirmation, change: AccountChange): Ending {
  switch (change.kind) {
    case 'revoke consent':
      return { kind: 'access', clientName: consents.find(({ clientId }) => clientId === change.clientId)!.clientName };
    case 'end session': {
      const { ip, userAgent, lastSeenAt } = sessions.find(({ id }) => id === change.sessionId)!;
      return { kind: 'session', ip, userAgent, lastSeenAt: new Date(lastSeenAt).toISOString() };
    }
    case 'end other sessions':
      return { kind: 'sessions', count: others };
  }
}
