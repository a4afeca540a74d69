// What the account pages offer to end: the question, and its end.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { AccountEnding } from '../../domain/account-change.ts';
import type { Params } from '../../domain/params.ts';
import {
  changeAccount,
  type Confirmation,
  namedFactor,
  recoveryCodesOf,
  viewConfirmation,
} from '../../flows/account/change.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountPaths, type AccountSection, accountSections, fieldsOf } from './account-paths.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { accountChangePage, type Ending } from './views/account-change.ts';
import type { AccountNotice } from './views/account-frame.ts';
import { recoveryCodesPage } from './views/recovery-codes.ts';

type Kind = AccountEnding['kind'];

/** Where each belongs, and what is said there when it is done. */
const belongs = {
  'revoke consent': { section: 'applications', notice: 'access_revoked' },
  'revoke scope': { section: 'applications', notice: 'access_revoked' },
  'end session': { section: 'sessions', notice: 'session_ended' },
  'end other sessions': { section: 'sessions', notice: 'sessions_ended' },
  'remove factor': { section: 'two_step', notice: 'factor_removed' },
  'make recovery codes': { section: 'two_step', notice: 'codes_made' },
} as const satisfies Record<Kind, { section: AccountSection; notice: AccountNotice }>;

/** Everything that is asked about once more. */
export const endingKinds = Object.keys(belongs) as Kind[];

/** Names what is about to end, with one button that does it. Changes nothing. */
export function confirmAccountChange(deps: Deps, kind: Kind): RouteHandlerMethod {
  return async (request, reply) => {
    const change = read(kind, queryParams(request));
    const view = await viewConfirmation(deps, contextOf(deps, request), { cookies: readCookies(request), change });
    if (view === 'nothing to end') return goOn(request, reply, accountSections[belongs[kind].section]);
    if (view === 'nobody' || view.kind === 'prove first') return otherwise(request, reply, view);
    const base = basePath(request.tenant);
    const model = {
      action: base + accountPaths[kind],
      fields: { ...fieldsOf(asShown(view, change)), csrf: view.account.formToken },
      ending: endingOf(view, change),
      username: view.account.user.username,
      backUri: base + accountSections[belongs[kind].section],
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
    const formToken = params.get('csrf');
    const input = { cookies: readCookies(request), formToken, change: read(kind, params) };
    const outcome = await changeAccount(deps, contextOf(deps, request), input);
    const { section, notice } = belongs[kind];
    if (outcome === 'done') return goOn(request, reply, `${accountSections[section]}?notice=${notice}`);
    if (typeof outcome === 'string' || outcome.kind === 'prove first') return otherwise(request, reply, outcome);
    const { codes } = outcome;
    const frame = { ...frameOf(request, section, formToken!), notice };
    return sendPage(request, reply, (page) => recoveryCodesPage(page, { frame, codes }));
  };
}

function read(kind: Kind, params: Params): AccountEnding {
  switch (kind) {
    case 'revoke consent':
      return { kind, clientId: params.get('client_id') ?? '' };
    case 'revoke scope':
      return { kind, clientId: params.get('client_id') ?? '', scope: params.get('scope') ?? '' };
    case 'end session':
      return { kind, sessionId: params.get('session_id') ?? '' };
    case 'remove factor':
      return { kind, factorId: params.get('factor_id') ?? '' };
    case 'end other sessions':
      return { kind };
    case 'make recovery codes':
      return { kind, insteadOf: params.get('instead_of') };
  }
}

/** The question is about the codes that there are now. */
function asShown({ person }: Confirmation, change: AccountEnding): AccountEnding {
  return change.kind === 'make recovery codes' ? { ...change, insteadOf: recoveryCodesOf(person) } : change;
}

function endingOf({ account: { sessions, consents }, others, person }: Confirmation, change: AccountEnding): Ending {
  switch (change.kind) {
    case 'revoke consent':
      return { kind: 'access', clientName: consents.find(({ clientId }) => clientId === change.clientId)!.clientName };
    case 'revoke scope': {
      const { clientName, scopes } = consents.find(({ clientId }) => clientId === change.clientId)!;
      return { kind: 'scope', clientName, scope: scopes.find(({ name }) => name === change.scope)! };
    }
    case 'end session': {
      const { ip, userAgent, lastSeenAt } = sessions.find(({ id }) => id === change.sessionId)!;
      return { kind: 'session', ip, userAgent, lastSeenAt: new Date(lastSeenAt).toISOString() };
    }
    case 'end other sessions':
      return { kind: 'sessions', count: others };
    case 'remove factor': {
      const isLast = person.secondFactors.filter(({ method }) => method !== 'recovery_code').length === 1;
      return { kind: 'factor', factor: namedFactor(person, change.factorId)!, isLast };
    }
    case 'make recovery codes':
      return { kind: 'codes' };
  }
}
