// The account page: where somebody is signed in, and what they allowed.
import type { Deps } from '../../deps.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import { inReadingOrder } from '../../domain/scope.ts';
import type { Session } from '../../domain/session.ts';
import type { User } from '../../domain/user.ts';
import { hasRegisteredClient } from '../../storage/clients.ts';
import { listAccess } from '../../storage/consents.ts';
import { listSessions } from '../../storage/sessions.ts';
import { findUser } from '../../storage/users.ts';
import { scopeDescriptions } from '../clients/current.ts';
import { formToken, livingSession } from '../sign-in/session.ts';

export type ConsentGiven = {
  readonly clientId: string;
  readonly clientName: string;
  readonly scopes: readonly { readonly name: string; readonly description: string | undefined }[];
  /** Milliseconds. */
  readonly grantedAt: number;
  /** When what outlives sessions ends, in milliseconds; undefined: nothing does. */
  readonly expiresAt: number | undefined;
};

/** What can be taken back by itself: `openid` is the sign-in itself, and the last one all that there is. */
export function takenBack({ scopes }: ConsentGiven): readonly string[] {
  const names = scopes.map(({ name }) => name).filter((name) => name !== 'openid');
  return scopes.length > 1 ? names : [];
}

export type AccountView = {
  readonly user: User;
  readonly session: Session;
  readonly formToken: string;
  readonly consents: readonly ConsentGiven[];
  /** This browser's first. */
  readonly sessions: Awaited<ReturnType<typeof listSessions>>;
  /** True for an owner of a tenant that no application uses yet. */
  readonly awaitsApplication: boolean;
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
  const isOwner = user.adminRoles.includes(ownerRole);
  const [consents, sessions, descriptions, hasClient] = await Promise.all([
    listAccess(deps.db, context.tenant.id, user.id, context.now),
    listSessions(deps.db, context.tenant.id, user.id, context.now),
    scopeDescriptions(deps, context.tenant),
    isOwner && hasRegisteredClient(deps.db, context.tenant.id),
  ]);
  return {
    user,
    session,
    formToken: formToken(deps, session),
    awaitsApplication: isOwner && !hasClient,
    consents: consents.map((consent) => ({
      ...consent,
      scopes: inReadingOrder(consent.scopes).map((name) => ({ name, description: descriptions.get(name) })),
    })),
    sessions: sessions.toSorted((one, other) => Number(other.id === session.id) - Number(one.id === session.id)),
  };
}
