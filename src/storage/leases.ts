// Leases: which process does the work that only one should do.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// leases_pkey
const take = statement(
  { name: 'text', holder: 'uuid', now: 'timestamptz', until: 'timestamptz', nonsense: 'timestamptz' },
  (_q, p) =>
    sql`INSERT INTO leases (name, holder, expires_at) VALUES (${p.name}, ${p.holder}, ${p.until})
      ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at
      WHERE leases.holder = EXCLUDED.holder OR leases.expires_at <= ${p.now}
        OR leases.expires_at > ${p.nonsense}`,
);

/**
 * A lease that ends later than any clock nearby could have made it is void: it was taken by a clock that was wrong.
 * Takes or prolongs the lease until `until` (milliseconds). @returns false while another
 * process holds it.
 */
export async function takeLease(db: Db, name: string, holder: string, now: number, until: number): Promise<boolean> {
  return (await take.run(db, { name, holder, now, until, nonsense: until + (until - now) })) === 1;
}
