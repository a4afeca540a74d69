// Grants ended by administrators, one by one: a grant ends with its whole family.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { isUuid } from '../../domain/uuid.ts';
import { shownGrant } from '../../schemas/grant.ts';
import type { Db } from '../../storage/database.ts';
import { findClient } from '../../storage/clients.ts';
import { findListedGrant, type ListedGrant } from '../../storage/grant-search.ts';
import { revokeGrant } from '../../storage/grants.ts';
import { assertMatches } from '../precondition.ts';
import { eventOf } from '../events.ts';
import { assertReachesRights, rightsBehind } from '../reach.ts';
import { lockReachableUser } from '../users/find.ts';
import { noSuchGrant } from './list.ts';

/** @throws Refusal not_found, also when it has ended; forbidden, precondition_required, precondition_failed. */
export async function endReadGrant(
  deps: Deps,
  context: RequestContext,
  id: string,
  { ifMatch }: { readonly ifMatch: string | undefined },
): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const grant = await lockGrant(tx, context, id);
    if (!lives(grant, context)) throw noSuchGrant(id);
    assertMatches(ifMatch, shownGrant(grant));
    if (!(await revoke(deps, tx, context, id))) throw noSuchGrant(id);
  });
}

/** Whatever it was when it was read. @returns false when it had ended. @throws Refusal not_found, forbidden. */
export async function endGrant(deps: Deps, context: RequestContext, id: string): Promise<boolean> {
  return deps.db.transaction(async (tx) => {
    const grant = await lockGrant(tx, context, id);
    return lives(grant, context) && revoke(deps, tx, context, id);
  });
}

/**
 * The grant as it is once nobody else changes its user, if whoever asks holds what they may do; of one without a user, what its
 * client may. @throws Refusal not_found, forbidden.
 */
export async function lockGrant(tx: Db, context: RequestContext, id: string): Promise<ListedGrant> {
  const { tenant, now } = context;
  const known = isUuid(id) ? await findListedGrant(tx, tenant.id, id, now) : undefined;
  if (!known) throw noSuchGrant(id);
  const { userId, clientId } = known;
  if (userId !== undefined) await lockReachableUser(tx, context, userId, userId);
  else {
    const client = await findClient(tx, tenant.id, clientId);
    if (client) assertReachesRights(context, rightsBehind(tenant, client), `The client ${clientId}`);
  }
  const grant = await findListedGrant(tx, tenant.id, id, now);
  if (!grant) throw noSuchGrant(id);
  return grant;
}

function lives({ stands, expiresAt }: ListedGrant, { now }: RequestContext): boolean {
  return stands && expiresAt > now;
}

function revoke(deps: Deps, tx: Db, context: RequestContext, id: string): Promise<boolean> {
  const why = { reason: 'by_admin', type: 'grant.revoked' } as const;
  return revokeGrant(tx, context.tenant.id, id, why, eventOf(deps, context));
}
