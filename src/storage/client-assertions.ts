// Client assertions that were used, by their `jti` (RFC 7523 3).
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// client_assertions_pkey
const add = statement(
  { tenantId: 'uuid', clientId: 'text', jtiHash: 'bytea', expiresAt: 'timestamptz' },
  (_q, p) =>
    sql<{ client_id: string }>`INSERT INTO client_assertions (tenant_id, client_id, jti_hash, expires_at)
      VALUES (${p.tenantId}, ${p.clientId}, ${p.jtiHash}, ${p.expiresAt}) ON CONFLICT DO NOTHING RETURNING client_id`,
);

/** One winner, whatever the number of processes. `expiresAt`: milliseconds from which on it is refused anyway. @returns false when it was spent before. */
export async function spendAssertion(
  db: Db,
  tenantId: string,
  clientId: string,
  jtiHash: Buffer,
  expiresAt: number,
): Promise<boolean> {
  return (await add.first(db, { tenantId, clientId, jtiHash, expiresAt })) !== undefined;
}
