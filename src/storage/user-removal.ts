// A user removed with everything of theirs: grants first, in batches, because one may have very many tokens.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// grants_user_idx; the foreign keys take codes and refresh tokens with them.
const removeGrants = statement(
  { tenantId: 'uuid', id: 'uuid', limit: 'integer' },
  (_q, p) =>
    sql`DELETE FROM grants WHERE tenant_id = ${p.tenantId} AND id IN (
        SELECT id FROM grants WHERE tenant_id = ${p.tenantId} AND user_id = ${p.id} LIMIT ${p.limit})`,
);

/** @returns how many went, each with all its tokens; less than `limit`: none is left. */
export async function removeGrantsOfUser(db: Db, tenantId: string, id: string, limit: number): Promise<number> {
  return removeGrants.run(db, { tenantId, id, limit });
}

// users_pkey; the foreign keys take everything of theirs with it.
const remove = statement({ tenantId: 'uuid', id: 'uuid' }, (q, p) =>
  q.deleteFrom('users').where('tenant_id', '=', p.tenantId).where('id', '=', p.id),
);

/** Removes the user and everything of them. @returns false when they are not there. */
export async function removeUser(tx: Db, tenantId: string, id: string): Promise<boolean> {
  return (await remove.run(tx, { tenantId, id })) === 1;
}
