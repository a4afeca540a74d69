// Removes what has expired, in small batches, oldest first.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const batch = 2000;

// Each uses the index on the column it compares. Grants take their codes and refresh tokens with them; an access token
// outlives its family's end by at most its own lifetime, hence the day.
const statements = [
  purge('sign_in_attempts', (cutoff) => sql`expires_at < ${cutoff}`),
  purge('one_time_tokens', (cutoff) => sql`expires_at < ${cutoff}`),
  purge('limits', (cutoff) => sql`expires_at < ${cutoff}`),
  purge('grants', (cutoff) => sql`expires_at < ${cutoff} - interval '1 day'`),
  purge(
    'sessions',
    (cutoff) => sql`expires_at < ${cutoff} - interval '1 day' AND NOT EXISTS
    (SELECT 1 FROM grants WHERE grants.tenant_id = sessions.tenant_id AND grants.session_id = sessions.id)`,
  ),
  purge('changes', (cutoff) => sql`changed_at < ${cutoff} - interval '1 hour'`),
];

function purge(table: string, isOld: (cutoff: RawBuilder<unknown>) => RawBuilder<unknown>) {
  return statement({ now: 'timestamptz' }, (_q, p) => {
    const cutoff = sql`${p.now}`;
    return sql`DELETE FROM ${sql.table(table)} WHERE ctid IN (
      SELECT ctid FROM ${sql.table(table)} WHERE ${isOld(cutoff)} LIMIT ${sql.lit(batch)} FOR UPDATE SKIP LOCKED)`;
  });
}

/** One batch of every kind. @returns the number of rows removed; zero when nothing is left to remove. */
export async function purgeExpired(db: Db, now: number): Promise<number> {
  let removed = 0;
  for (const one of statements) removed += await one.run(db, { now });
  return removed;
}
