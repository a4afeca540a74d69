// Everything of a user, and every grant of a client, ended by administrators.
import type { Deps } from '../../deps.ts';
import { builtInAdminRoles, covers, rightsOfRoles } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { isUuid } from '../../domain/uuid.ts';
import type { Db } from '../../storage/database.ts';
import { endAllOfUser, endSomeGrantsOfClient, hasGrantOfRoles } from '../../storage/grant-ends.ts';
import { findNamedClient } from '../clients/list.ts';
import { record } from '../events.ts';
import { assertReachesRights, rightsBehind } from '../reach.ts';
import { lockReachableUser, noSuchUser } from '../users/find.ts';

/** Of a person or a service account, by id. They may sign in again. @returns how many lived. @throws Refusal not_found, forbidden. */
export async function endEverything(
  deps: Deps,
  context: RequestContext,
  userId: string,
): Promise<{ readonly sessions: number; readonly grants: number }> {
  if (!isUuid(userId)) throw noSuchUser(userId);
  return deps.db.transaction(async (tx) => {
    await lockReachableUser(tx, context, userId, userId);
    const { sessions, grants } = await endAllOfUser(tx, context.tenant.id, userId, context.now);
    for (const sessionId of sessions)
      await record(deps, tx, context, { type: 'session.ended', userId, sessionId, data: { reason: 'by_admin' } });
    if (grants > 0)
      await record(deps, tx, context, { type: 'grant.revoked', userId, data: { reason: 'by_admin', grants } });
    return { sessions: sessions.length, grants };
  });
}

/** Grants that end in one transaction. */
const batch = 500;

/**
 * In batches, each a transaction with an event of its own: nobody waits for all of them. Whoever may not reach the client, or
 * somebody who has a grant there, ends nothing. @returns how many lived. @throws Refusal not_found, forbidden.
 */
export async function endGrantsOfClient(deps: Deps, context: RequestContext, clientId: string): Promise<number> {
  const { tenant, now } = context;
  const client = await findNamedClient(deps, context, clientId);
  assertReachesRights(context, rightsBehind(tenant, client), `The client ${clientId}`);
  const beyond = rolesBeyond(context);
  let ended = 0;
  for (let after: string | undefined; ;) {
    const { grants, last } = await deps.db.transaction(async (tx) => {
      await assertReachesHolders(tx, context, clientId, beyond);
      const some = await endSomeGrantsOfClient(tx, tenant.id, clientId, { after, limit: batch }, now);
      if (some.grants > 0)
        await record(deps, tx, context, {
          type: 'grant.revoked',
          clientId,
          data: { reason: 'by_admin', grants: some.grants },
        });
      return some;
    });
    ended += grants;
    if (last === undefined) return ended;
    after = last;
  }
}

async function assertReachesHolders(
  tx: Db,
  { tenant }: RequestContext,
  clientId: string,
  beyond: readonly string[],
): Promise<void> {
  if (beyond.length === 0 || !(await hasGrantOfRoles(tx, tenant.id, clientId, beyond))) return;
  throw new Refusal(
    'forbidden',
    `Somebody who uses the client ${clientId} may do what you may not: only somebody who may do all of that can end all its grants.`,
  );
}

/** The roles that allow something which whoever asks does not hold. */
function rolesBeyond({ rights, tenant }: RequestContext): string[] {
  if (rights === 'all') return [];
  const names = [...Object.keys(builtInAdminRoles), ...Object.keys(tenant.settings.admin_roles)];
  return names.filter((name) => !covers(rights, rightsOfRoles(tenant, [name])));
}
