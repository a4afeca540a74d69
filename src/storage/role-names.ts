// Names of roles that people of a tenant have.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// users_roles_idx
const among = statement(
  { tenantId: 'uuid', names: 'text[]' },
  (_q, p) =>
    sql<{ role: string }>`SELECT DISTINCT role FROM users, unnest(users.roles) AS role
      WHERE users.tenant_id = ${p.tenantId} AND users.roles && ${p.names} AND role = ANY(${p.names})`,
);

/** Those of `names` that somebody has. */
export async function rolesInUse(db: Db, tenantId: string, names: readonly string[]): Promise<string[]> {
  return (await among.all(db, { tenantId, names })).map(({ role }) => role);
}
