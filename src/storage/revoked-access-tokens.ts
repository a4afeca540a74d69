// Access tokens that were ended before their time, by their client or an administrator, by their `jti`.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { type Markers, type Part, statement } from './statement.ts';

// revoked_access_tokens_pkey
const add = statement(
  { tenantId: 'uuid', jti: 'text', expiresAt: 'timestamptz' },
  (_q, p) =>
    sql<{ jti: string }>`INSERT INTO revoked_access_tokens (tenant_id, jti, expires_at)
      VALUES (${p.tenantId}, ${p.jti}, ${p.expiresAt}) ON CONFLICT DO NOTHING RETURNING jti`,
);

/** `expiresAt`: of the token, in milliseconds. @returns false when it was revoked before. */
export async function revokeAccessToken(tx: Db, tenantId: string, jti: string, expiresAt: number): Promise<boolean> {
  return (await add.first(tx, { tenantId, jti, expiresAt })) !== undefined;
}

/** A condition of what stands behind a token. revoked_access_tokens_pkey */
export function isNotRevoked(p: Markers<{ tenantId: 'uuid'; jti: 'text' }>): Part {
  return sql<boolean>`NOT EXISTS (SELECT 1 FROM revoked_access_tokens r WHERE r.tenant_id = ${p.tenantId} AND r.jti = ${p.jti})`;
}

// revoked_access_tokens_pkey
const find = statement({ tenantId: 'uuid', jti: 'text' }, (q, p) =>
  q.selectFrom('revoked_access_tokens').select('jti').where('tenant_id', '=', p.tenantId).where('jti', '=', p.jti),
);

/** Of a token that no grant stands behind. */
export async function wasRevoked(db: Db, tenantId: string, jti: string): Promise<boolean> {
  return (await find.first(db, { tenantId, jti })) !== undefined;
}
