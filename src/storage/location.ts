// Where a server last found this database, and where it is now.
import { sql } from 'kysely';
import type { DatabaseLocation } from '../domain/location.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const where = statement(
  {},
  () => sql<{ database_oid: number; may_read_cluster: boolean }>`
    SELECT oid::bigint AS database_oid, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_read_cluster
    FROM pg_database WHERE datname = current_database()`,
);
const cluster = statement(
  {},
  () => sql<{ cluster: string }>`SELECT system_identifier::text AS cluster FROM pg_control_system()`,
);

/** Where these tables are now. */
export async function currentLocation(db: Db): Promise<DatabaseLocation> {
  const { database_oid: databaseOid, may_read_cluster: mayRead } = (await where.first(db, {}))!;
  return { databaseOid, cluster: mayRead ? (await cluster.first(db, {}))!.cluster : undefined };
}

const columns = ['cluster', 'database_oid'] as const;
type Row = { cluster: string | null; database_oid: number };

// deployment_pkey
const known = statement({}, (q) => q.selectFrom('deployment').select(columns));
const locked = statement({}, (q) => q.selectFrom('deployment').select(columns).forUpdate());

/** Where a server last found them; undefined when none has started on them yet. */
export async function knownLocation(db: Db): Promise<DatabaseLocation | undefined> {
  return toLocation(await known.first(db, {}));
}

/** The same, and nobody else gets past this until the transaction ends. */
export async function lockKnownLocation(tx: Db): Promise<DatabaseLocation | undefined> {
  return toLocation(await locked.first(tx, {}));
}

// deployment_pkey
const remember = statement(
  { cluster: 'text?', databaseOid: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql`INSERT INTO deployment (only_row, cluster, database_oid, since) VALUES (true, ${p.cluster}, ${p.databaseOid}::bigint, ${p.now})
      ON CONFLICT (only_row) DO UPDATE SET cluster = EXCLUDED.cluster, database_oid = EXCLUDED.database_oid, since = EXCLUDED.since`,
);

/** From now on the tables belong to `location`. */
export async function rememberLocation(db: Db, location: DatabaseLocation, now: number): Promise<void> {
  await remember.run(db, { cluster: location.cluster ?? null, databaseOid: String(location.databaseOid), now });
}

function toLocation(row: Row | undefined): DatabaseLocation | undefined {
  return row && { cluster: row.cluster ?? undefined, databaseOid: row.database_oid };
}
