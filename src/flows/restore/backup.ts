// A backup: everything as it was at one moment, as lines that are written while they are read.
import { runningHash } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import { appliedMigrations, columnsOf, copiedTables, countRows, rowsOf, serverVersion } from '../../storage/backup.ts';
import type { Database } from '../../storage/database.ts';
import { type BackupEnd, type BackupHead, type BackupTable, formatVersion, sealPurpose } from './format.ts';

const batch = 500;

export type BackupOptions = {
  /** The version of Signet that makes it. */
  readonly signet: string;
  /** That of the `default` tenant. */
  readonly issuer: string;
  /** Told how many rows there will be, before the first. */
  readonly begun?: (head: BackupHead) => void;
  /** Told how many rows are done. */
  readonly progress?: (rows: number) => void;
};

/** The bytes of a backup, uncompressed. Its one transaction lasts as long as somebody reads. */
export async function* backup(
  deps: Deps,
  database: Pick<Database, 'snapshot'>,
  options: BackupOptions,
): AsyncGenerator<Buffer> {
  await using snapshot = await database.snapshot();
  const tables: BackupTable[] = [];
  for (const table of copiedTables)
    tables.push({
      table,
      columns: (await columnsOf(snapshot, table))!,
      rows: await countRows(snapshot, table),
    });
  const rows = tables.reduce((sum, { rows: some }) => sum + some, 0);
  const head: BackupHead = {
    format: 'signet-backup',
    format_version: formatVersion,
    signet: options.signet,
    postgres: await serverVersion(snapshot),
    made_at: new Date(deps.clock()).toISOString(),
    issuer: options.issuer,
    secret_key: deps.box.currentKey,
    migrations: await appliedMigrations(snapshot),
    rows,
  };
  options.begun?.(head);
  const hash = runningHash();
  const bytes = (lines: readonly string[]): Buffer => {
    const written = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    hash.add(written);
    return written;
  };
  yield bytes([JSON.stringify(head)]);
  let done = 0;
  for (const table of tables) {
    yield bytes([JSON.stringify(table)]);
    for await (const lines of rowsOf(snapshot, table.table, batch)) {
      yield bytes(lines);
      done += lines.length;
      options.progress?.(done);
    }
  }
  const sha256 = hash.hex();
  const end: BackupEnd = { end: true, rows, sha256, seal: deps.box.mac(sealPurpose, sha256) };
  yield Buffer.from(`${JSON.stringify(end)}\n`);
}
