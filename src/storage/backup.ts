// Every row of the database as JSON that PostgreSQL itself writes and reads: no number, time or byte passes through JavaScript's types.
import type { Db, Snapshot } from './database.ts';
import type { AppliedMigration } from './migrate.ts';
import type { DB } from './schema.ts';
import { statementName } from './database.ts';

/**
 * What a backup does with each table, those that others refer to first. What is left out belongs to the processes and the
 * cluster of the moment: it would mean nothing, or something wrong, anywhere else.
 */
const tables: Readonly<Record<keyof DB, 'copied' | 'left out'>> = {
  changes: 'left out',
  deployment: 'left out',
  leases: 'left out',
  upkeep_rounds: 'left out',
  // A copy that outlives them would lead from old refresh tokens to their children.
  rotation_keys: 'left out',
  tenants: 'copied',
  users: 'copied',
  credentials: 'copied',
  clients: 'copied',
  client_origins: 'copied',
  resources: 'copied',
  signing_keys: 'copied',
  sessions: 'copied',
  sign_in_attempts: 'copied',
  consents: 'copied',
  grants: 'copied',
  authorization_codes: 'copied',
  refresh_tokens: 'copied',
  one_time_tokens: 'copied',
  limits: 'copied',
  revoked_access_tokens: 'copied',
  status_lists: 'copied',
  status_blocks: 'copied',
  status_revocations: 'copied',
  client_assertions: 'copied',
  audit_events: 'copied',
  // A copy that outlives them would give replies, with secrets in them, to who did not ask.
  idempotent_requests: 'left out',
  // What waited when the copy was made was sent since.
  outbox: 'left out',
};

/** Every table but those of the migrations. */
export const allTables: readonly string[] = Object.keys(tables);

/** The tables whose rows are copied, in an order in which they can be put back. */
export const copiedTables: readonly string[] = Object.entries(tables).flatMap(([table, fate]) =>
  fate === 'copied' ? [table] : [],
);

/** Tables that a backup may never fill, whatever stands in it. */
const ownTables = new Set<string>([
  ...Object.keys(tables).filter((table) => !copiedTables.includes(table)),
  'signet_migrations',
  'signet_migrations_lock',
  'signet_migration_checksums',
]);

function send<R>(db: Pick<Db, 'send'>, text: string, values: readonly unknown[] = []): Promise<R[]> {
  return db.send({ text, name: statementName(text) }, values).then(({ rows }) => rows as R[]);
}

/** The migrations that were applied, in their order. */
export function appliedMigrations(db: Pick<Db, 'send'>): Promise<AppliedMigration[]> {
  return send(db, 'SELECT name, checksum FROM signet_migration_checksums ORDER BY name');
}

/** The version of PostgreSQL, as it says it itself. */
export async function serverVersion(db: Pick<Db, 'send'>): Promise<string> {
  const [row] = await send<{ version: string }>(db, `SELECT current_setting('server_version') AS version`);
  return row!.version;
}

/** True when there is no table where this user's tables would be made. */
export async function isEmptyDatabase(db: Pick<Db, 'send'>): Promise<boolean> {
  const found = await send(
    db,
    `SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1`,
  );
  return found.length === 0;
}

export async function countRows(snapshot: Snapshot, table: string): Promise<number> {
  const [row] = await send<{ count: number }>(snapshot, `SELECT count(*) AS count FROM ${quoted(table)}`);
  return row!.count;
}

/** Every row of the table as one line of JSON, `batch` rows at a time; the snapshot holds what the table was. */
export async function* rowsOf(snapshot: Snapshot, table: string, batch: number): AsyncGenerator<string[]> {
  await send(snapshot, `SET LOCAL bytea_output = 'hex'`);
  const text = `DECLARE copied NO SCROLL CURSOR FOR SELECT row_to_json(r)::text AS row FROM ${quoted(table)} r`;
  await send(snapshot, text);
  for (;;) {
    const rows = await send<{ row: string }>(snapshot, `FETCH ${batch} FROM copied`);
    if (rows.length === 0) break;
    yield rows.map(({ row }) => row);
  }
  await send(snapshot, 'CLOSE copied');
}

/** The columns of a table that a backup may fill, in their order; undefined when there is no such table. */
export async function columnsOf(tx: Pick<Db, 'send'>, table: string): Promise<string[] | undefined> {
  if (ownTables.has(table)) return undefined;
  const rows = await send<{ name: string }>(
    tx,
    `SELECT a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relname = $1::text AND c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
       AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
  return rows.length === 0 ? undefined : rows.map(({ name }) => name);
}

/** Puts rows back, each a JSON object. @returns how many. @throws what PostgreSQL finds wrong with them. */
export async function insertRows(
  tx: Db,
  table: string,
  columns: readonly string[],
  rows: readonly string[],
): Promise<number> {
  const list = columns.map(quoted).join(', ');
  const text = `INSERT INTO ${quoted(table)} (${list}) SELECT ${list} FROM json_populate_recordset(NULL::${quoted(table)}, $1::json)`;
  const { count } = await tx.send({ text, name: statementName(text) }, [`[${rows.join(',')}]`]);
  return count;
}

/** The ids of the SECRET_KEYs under which private signing keys are sealed, of any tenant. */
export async function sealingKeys(db: Pick<Db, 'send'>): Promise<string[]> {
  const text = `SELECT DISTINCT split_part(private_jwk_sealed, '.', 1) AS id FROM signing_keys WHERE private_jwk_sealed IS NOT NULL`;
  return (await send<{ id: string }>(db, text)).map(({ id }) => id);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
