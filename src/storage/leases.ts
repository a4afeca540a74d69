// Leases: which process does the work that only one should do.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// leases_pkey
const take = statement(
  { name: 'text', holder: 'uuid', now: 'timestamptz', until: 'timestamptz', implausibleAfter: 'timestamptz' },
  (_q, p) =>
    sql`INSERT INTO leases (name, holder, expires_at) VALUES (${p.name}, ${p.holder}, ${p.until})
      ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at
      WHERE leases.holder = EXCLUDED.holder OR leases.expires_at <= ${p.now}
        OR leases.expires_at > ${p.implausibleAfter}`,
);

/**
 * Takes or prolongs the lease until `until` (milliseconds). A lease that ends later than any clock nearby could have made it
 * is void. @returns false while another process holds it.
 */
export async function takeLease(db: Db, name: string, holder: string, now: number, until: number): Promise<boolean> {
  return (await take.run(db, { name, holder, now, until, implausibleAfter: until + (until - now) })) === 1;
}

// leases_pkey
const release = statement({ name: 'text', holder: 'uuid' }, (q, p) =>
  q.deleteFrom('leases').where('name', '=', p.name).where('holder', '=', p.holder),
);

/** Gives the lease back, so that the next process need not wait for its end. Nothing happens when another one holds it. */
export async function releaseLease(db: Db, name: string, holder: string): Promise<void> {
  await release.run(db, { name, holder });
}
