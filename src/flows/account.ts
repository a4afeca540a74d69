// The account page: where somebody is signed in, what they allowed, and ending either.
import type { Deps } from '../deps.ts';
import { actingAs, type RequestContext } from '../domain/context.ts';
import { inReadingOrder } from '../domain/scope.ts';
import type { Session } from '../domain/session.ts';
import type { User } from '../domain/user.ts';
import { isUuid } from '../domain/uuid.ts';
import { listAccess, revokeConsent } from '../storage/consents.ts';
import { endSession, listSessions } from '../storage/sessions.ts';
import { findUser } from '../storage/users.ts';
import { scopeDescriptions } from './clients/current.ts';
import { eventOf } from './events.ts';
import { formToken, isFormToken, livingSession } from './sign-in/session.ts';

export type ConsentGiven = {
  readonly clientId: string;
  readonly clientName: string;
  readonly scopes: readonly { readonly name: string; readonly description: string | undefined }[];
  /** Milliseconds. */
  readonly grantedAt: number;
};

export type AccountView = {
  readonly user: User;
  readonly session: Session;
  readonly formToken: string;
  readonly consents: readonly ConsentGiven[];
  /** This browser's first. */
  readonly sessions: Awaited<ReturnType<typeof listSessions>>;
};

/** @returns undefined when nobody is signed in. */
export async function viewAccount(
  deps: Deps,
  context: RequestContext,
  cookie: string | undefined,
): Promise<AccountView | undefined> {
  const session = await livingSession(deps, context, cookie);
  const user = session && (await findUser(deps.db, context.tenant.id, session.userId));
  if (!user) return undefined;
  const [consents, sessions, descriptions] = await Promise.all([
    listAccess(deps.db, context.tenant.id, user.id, context.now),
    listSessions(deps.db, context.tenant.id, user.id, context.now),
    scopeDescriptions(deps, context.tenant),
  ]);
  return {
    user,
    session,
    formToken: formToken(deps, session),
    consents: consents.map((consent) => ({
      ...consent,
      scopes: inReadingOrder(consent.scopes).map((name) => ({ name, description: descriptions.get(name) })),
    })),
    sessions: sessions.toSorted((one, other) => Number(other.id === session.id) - Number(one.id === session.id)),
  };
}

export type AccountChange =
  | { readonly kind: 'revoke consent'; readonly clientId: string }
  | { readonly kind: 'end session'; readonly sessionId: string };

/** Revokes what the signed-in person allowed a client, or ends one of their sessions. @returns what to do when it may not be done. */
export async function changeAccount(
  deps: Deps,
  context: RequestContext,
  input: { cookie: string | undefined; formToken: string | undefined; change: AccountChange },
): Promise<'done' | 'nobody' | 'foreign form'> {
  const session = await livingSession(deps, context, input.cookie);
  if (!session) return 'nobody';
  if (!isFormToken(deps, session, input.formToken)) return 'foreign form';
  const { change } = input;
  const event = eventOf(deps, actingAs(context, 'user', session.userId));
  if (change.kind === 'revoke consent')
    await revokeConsent(deps.db, context.tenant.id, session.userId, change.clientId, event);
  else if (isUuid(change.sessionId)) {
    await endSession(deps.db, context.tenant.id, { id: change.sessionId, userId: session.userId }, 'by_user', event);
  }
  return 'done';
}
