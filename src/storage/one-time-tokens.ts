// One-time tokens by kind: each is found and spent only under the kind it was made for.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type OneTimeKind = 'setup';

const replace = statement(
  { tenantId: 'uuid', kind: 'text', hash: 'bytea', now: 'timestamptz', expiresAt: 'timestamptz' },
  (_q, p) =>
    sql`WITH older AS (
        DELETE FROM one_time_tokens WHERE tenant_id = ${p.tenantId} AND kind = ${p.kind}
      )
      INSERT INTO one_time_tokens (tenant_id, kind, hash, attempts, created_at, expires_at)
      VALUES (${p.tenantId}, ${p.kind}, ${p.hash}, 0, ${p.now}, ${p.expiresAt})`,
);

/** Makes the token and voids every other of its kind. */
export async function replaceOneTimeToken(
  db: Db,
  tenantId: string,
  token: { kind: OneTimeKind; hash: Buffer; expiresAt: number },
  now: number,
): Promise<void> {
  await replace.run(db, { tenantId, ...token, now });
}

// one_time_tokens_pkey
const find = statement({ tenantId: 'uuid', kind: 'text', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('one_time_tokens')
    .select('kind')
    .where('tenant_id', '=', p.tenantId)
    .where('kind', '=', p.kind)
    .where('hash', '=', p.hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', p.now),
);

export async function isOneTimeTokenOpen(
  db: Db,
  tenantId: string,
  kind: OneTimeKind,
  hash: Buffer,
  now: number,
): Promise<boolean> {
  return (await find.first(db, { tenantId, kind, hash, now })) !== undefined;
}

// one_time_tokens_pkey
const spend = statement(
  { tenantId: 'uuid', kind: 'text', hash: 'bytea', now: 'timestamptz' },
  (_q, p) =>
    sql`UPDATE one_time_tokens SET used_at = ${p.now}
      WHERE tenant_id = ${p.tenantId} AND kind = ${p.kind} AND hash = ${p.hash} AND used_at IS NULL AND expires_at > ${p.now}`,
);

/** Marks it used. @returns false if it already was, or has expired: for everybody but the first. */
export async function spendOneTimeToken(
  tx: Db,
  tenantId: string,
  kind: OneTimeKind,
  hash: Buffer,
  now: number,
): Promise<boolean> {
  return (await spend.run(tx, { tenantId, kind, hash, now })) === 1;
}
