// Removes what has expired, in small batches: of each kind by itself, so that one that fails keeps no other.
import { type RawBuilder, sql } from 'kysely';
import { bitsPerHour } from '../domain/status-list.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const batch = 2000;

type Cutoff = RawBuilder<unknown>;

// Each uses the index on the column it compares.
function purge(table: string, isOld: (cutoff: Cutoff) => RawBuilder<unknown>) {
  return statement({ now: 'timestamptz' }, (_q, p) => {
    const cutoff = sql`${p.now}`;
    return sql`DELETE FROM ${sql.table(table)} WHERE ctid IN (
      SELECT ctid FROM ${sql.table(table)} WHERE ${isOld(cutoff)} LIMIT ${sql.lit(batch)} FOR UPDATE SKIP LOCKED)`;
  });
}

// An access token outlives its family's end by at most its own lifetime, hence the day.
const isOldGrant = (cutoff: Cutoff) => sql`grants.expires_at < ${cutoff} - interval '1 day'`;

// grants_expires_idx, refresh_tokens_generation_idx. One grant may have tens of thousands of tokens, which would all go
// with it in one statement: so they go before it, and it when it has none left.
const tokensOfGrants = statement({ now: 'timestamptz' }, (_q, p) => {
  const old = sql`SELECT tenant_id, id FROM grants WHERE ${isOldGrant(sql`${p.now}`)} ORDER BY expires_at LIMIT ${sql.lit(batch)}`;
  return sql`WITH old AS MATERIALIZED (${old})
    DELETE FROM refresh_tokens WHERE ctid IN (
      SELECT t.ctid FROM old JOIN refresh_tokens t ON t.tenant_id = old.tenant_id AND t.grant_id = old.id
      LIMIT ${sql.lit(batch)} FOR UPDATE OF t SKIP LOCKED)`;
});
const emptyGrants = purge(
  'grants',
  (cutoff) => sql`${isOldGrant(cutoff)} AND NOT EXISTS
    (SELECT 1 FROM refresh_tokens t WHERE t.tenant_id = grants.tenant_id AND t.grant_id = grants.id)`,
);

/** What expires, a day after its end (but for keys of ten minutes and a list of changes), each with what removes one batch of it and says how many rows that were: 0 when none is left. */
export const expiring: Readonly<Record<string, (db: Db, now: number) => Promise<number>>> = {
  sign_in_attempts: alone('sign_in_attempts', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  one_time_tokens: alone('one_time_tokens', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  revoked_access_tokens: alone('revoked_access_tokens', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  // Two hours after the one in which the last token ends: whole hours since 1970, as the tables have them.
  status_lists: alone('status_lists', (cutoff) => sql`hour < ${hourOfTime(cutoff)} - 2`),
  status_blocks: alone('status_blocks', (cutoff) => sql`hour < ${hourOfTime(cutoff)} - 2`),
  status_revocations: alone(
    'status_revocations',
    (cutoff) => sql`bit < (${hourOfTime(cutoff)} - 2)::bigint * ${sql.lit(bitsPerHour)}`,
  ),
  client_assertions: alone('client_assertions', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  idempotent_requests: alone('idempotent_requests', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  limits: alone('limits', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  grants: async (db, now) => (await tokensOfGrants.run(db, { now })) || (await emptyGrants.run(db, { now })),
  // Its ten minutes, the longest grace, and ten more for clocks that differ: then no repeat can need it.
  rotation_keys: alone('rotation_keys', (cutoff) => sql`begins_at < ${cutoff} - interval '30 minutes'`),
  outbox: alone('outbox', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  // After the grants, because a session goes when none refers to it any more.
  sessions: alone(
    'sessions',
    (cutoff) => sql`expires_at < ${cutoff} - interval '1 day' AND NOT EXISTS
    (SELECT 1 FROM grants WHERE grants.tenant_id = sessions.tenant_id AND grants.session_id = sessions.id)`,
  ),
  changes: alone('changes', (cutoff) => sql`changed_at < ${cutoff} - interval '1 hour'`),
};

function hourOfTime(time: Cutoff): RawBuilder<unknown> {
  return sql`floor(extract(epoch FROM ${time}) / 3600)::integer`;
}

function alone(table: string, isOld: (cutoff: Cutoff) => RawBuilder<unknown>) {
  const one = purge(table, isOld);
  return (db: Db, now: number) => one.run(db, { now });
}
