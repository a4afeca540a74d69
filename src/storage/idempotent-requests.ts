// Creations that may be sent twice: reserved before they are carried out, and kept with their reply for a while.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** A request that was sent before, as it stands. Times in milliseconds. */
export type KeptRequest = {
  readonly requestHash: Buffer;
  /** Sealed; undefined until it was carried out. */
  readonly reply: string | undefined;
  readonly location: string | undefined;
  readonly beganAt: number;
  readonly expiresAt: number;
};

const names = { tenantId: 'uuid', keyHash: 'bytea' } as const;

// idempotent_requests_pkey
const reserve = statement(
  { ...names, requestHash: 'bytea', expiresAt: 'timestamptz', now: 'timestamptz' },
  (_q, p) =>
    sql<{ key_hash: Buffer }>`INSERT INTO idempotent_requests (tenant_id, key_hash, request_hash, began_at, expires_at)
      VALUES (${p.tenantId}, ${p.keyHash}, ${p.requestHash}, ${p.now}, ${p.expiresAt}) ON CONFLICT DO NOTHING RETURNING key_hash`,
);

/** @returns false when the key was used before. */
export async function reserveRequest(
  db: Db,
  tenantId: string,
  request: { readonly keyHash: Buffer; readonly requestHash: Buffer; readonly expiresAt: number },
  now: number,
): Promise<boolean> {
  return (await reserve.first(db, { tenantId, ...request, now })) !== undefined;
}

// idempotent_requests_pkey
const find = statement(names, (q, p) =>
  q
    .selectFrom('idempotent_requests')
    .select(['request_hash', 'reply', 'location', 'began_at', 'expires_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('key_hash', '=', p.keyHash),
);

export async function findRequest(db: Db, tenantId: string, keyHash: Buffer): Promise<KeptRequest | undefined> {
  const row = await find.first(db, { tenantId, keyHash });
  return (
    row && {
      requestHash: row.request_hash,
      reply: row.reply ?? undefined,
      location: row.location ?? undefined,
      beganAt: row.began_at,
      expiresAt: row.expires_at,
    }
  );
}

// idempotent_requests_pkey
const keep = statement({ ...names, reply: 'text', location: 'text?' }, (q, p) =>
  q
    .updateTable('idempotent_requests')
    .set({ reply: p.reply, location: p.location })
    .where('tenant_id', '=', p.tenantId)
    .where('key_hash', '=', p.keyHash),
);

/** It was carried out, with this reply. */
export async function keepReply(
  db: Db,
  tenantId: string,
  keyHash: Buffer,
  done: { readonly reply: string; readonly location: string | undefined },
): Promise<void> {
  await keep.run(db, { tenantId, keyHash, reply: done.reply, location: done.location ?? null });
}

// idempotent_requests_pkey
const forget = statement(names, (q, p) =>
  q.deleteFrom('idempotent_requests').where('tenant_id', '=', p.tenantId).where('key_hash', '=', p.keyHash),
);

/** It was refused: it may be sent again. */
export async function forgetRequest(db: Db, tenantId: string, keyHash: Buffer): Promise<void> {
  await forget.run(db, { tenantId, keyHash });
}

// A sequential scan of what was made within a day.
const forgetOf = statement({ tenantId: 'uuid', location: 'text' }, (q, p) =>
  q.deleteFrom('idempotent_requests').where('tenant_id', '=', p.tenantId).where('location', '=', p.location),
);

/** What they made is gone. */
export async function forgetRequestsOf(db: Db, tenantId: string, location: string): Promise<void> {
  await forgetOf.run(db, { tenantId, location });
}
