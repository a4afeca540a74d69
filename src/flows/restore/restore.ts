// Restoring a backup: into an empty database, all of it in one transaction, or nothing.
import { secretBox } from '../../crypto/secret-box.ts';
import type { Deps, PatientDeps } from '../../deps.ts';
import { Unavailable } from '../../domain/errors.ts';
import { columnsOf, insertRows, isEmptyDatabase, sealingKeys } from '../../storage/backup.ts';
import type { Db } from '../../storage/database.ts';
import { assertSameMigrations, MigrationError, migrateInside } from '../../storage/migrate.ts';
import { whoMakesTables } from '../../storage/roles.ts';
import { listAllTenants } from '../../storage/tenants.ts';
import { sortAuditMonths } from '../upkeep/audit-months.ts';
import { newKeysOf, recordRestored, type Restored } from './restored.ts';
import {
  type BackupEnd,
  BackupError,
  type BackupHead,
  type BackupTable,
  cutOff,
  damaged,
  parseHead,
  parseMark,
  sealPurpose,
} from './format.ts';
import type { BackupLines } from './lines.ts';

const batchRows = 500;
const batchBytes = 1024 * 1024;

export type RestoreOptions = {
  /** What was issued before the backup stays valid, although some of it may have been revoked since. */
  readonly keepIssued: boolean;
  /** Told how many rows there will be, before the first. */
  readonly begun?: (head: BackupHead) => void;
  /** Told how many rows are done. */
  readonly progress?: (rows: number) => void;
};

export type RestoreResult = Restored & { readonly head: BackupHead; readonly rows: number };

/**
 * Puts everything back, into an empty database.
 * @throws BackupError when it is not, or when the backup is of another issuer or SECRET_KEY, too new or not whole.
 */
export async function restore(deps: PatientDeps, lines: BackupLines, options: RestoreOptions): Promise<RestoreResult> {
  const head = parseHead(await lines.next());
  await assertFitting(deps, head);
  let begun = false;
  return deps.db.transaction(async (tx) => {
    // The lines can be read once.
    if (begun) throw new BackupError('Another process was at work in the database. Restore into one that nobody uses.');
    begun = true;
    if (!(await isEmptyDatabase(tx)))
      throw new BackupError(
        'The database is not empty, and a backup is restored into an empty one only. Make another (createdb), or choose another DATA_DIR.',
      );
    const { user, may } = await whoMakesTables(tx);
    if (!may)
      throw new BackupError(
        `The role ${user} may make no tables in this database: restore with the address of the role that owns it in DATABASE_URL, then let ${user} serve with "signet migrate --serve-as ${user}".`,
      );
    options.begun?.(head);
    await migrateInside(tx, head.migrations.at(-1)!.name);
    const loaded = await load(tx, lines, options.progress);
    assertWhole(deps, lines, head, loaded);
    if ((await lines.next()) !== undefined) throw damaged();
    await migrateInside(tx);
    await sortAuditMonths(tx, deps.clock());
    const tenants = await listAllTenants(tx);
    if (options.keepIssued) await assertKeys(deps, tx);
    // Nobody else uses this database yet, so that making keys may take its time here.
    const keys = options.keepIssued ? undefined : await newKeysOf(deps, tx, tenants);
    const restored = await recordRestored(deps, tx, tenants, { by: 'restore', keys, now: deps.clock() });
    return { ...restored, head, rows: loaded.rows };
  });
}

/**
 * Reads a backup to its end without a database: that it fits here, is whole, and was sealed with a SECRET_KEY that is given.
 * Nothing that somebody else made gets as far as SQL, if it can be read twice. @throws BackupError.
 */
export async function assertSealed(
  publicUrl: string,
  secretKeys: readonly Uint8Array[],
  lines: BackupLines,
): Promise<void> {
  const here = { publicUrl, box: secretBox(secretKeys) };
  const head = parseHead(await lines.next());
  await assertFitting(here, head);
  assertWhole(here, lines, head, await readTables(lines, async () => async () => {}));
  if ((await lines.next()) !== undefined) throw damaged();
}

/** Who restores. */
type Here = Pick<Deps, 'publicUrl' | 'box'>;

/** What can be known before anything is done. */
async function assertFitting(deps: Here, head: BackupHead): Promise<void> {
  if (head.issuer !== deps.publicUrl)
    throw new BackupError(
      `The backup is of the issuer ${head.issuer}, which stands in every token it issued and cannot change, but PUBLIC_URL is ${deps.publicUrl}. Set PUBLIC_URL (or PORT) as it was.`,
    );
  if (!deps.box.has(head.secret_key))
    throw new BackupError(
      `The backup was made with another SECRET_KEY (key ${head.secret_key}): its signing keys and client secrets are of no use without it. Give SECRET_KEY, or the file secret-key in DATA_DIR, as it was then.`,
    );
  await assertSameMigrations(head.migrations).catch((error: unknown) => {
    if (!(error instanceof MigrationError)) throw error;
    throw new BackupError(
      `Signet ${head.signet} made the backup, and ${error.message}. Restore it with that version, then update.`,
    );
  });
}

/** Everything into the tables. */
function load(tx: Db, lines: BackupLines, progress: RestoreOptions['progress']): Promise<Loaded> {
  return readTables(lines, async (table) => {
    const columns = await columnsOf(tx, table.table);
    if (columns?.join() !== table.columns.join()) throw damaged();
    return async (batch, rows) => {
      await put(tx, table, batch);
      progress?.(rows);
    };
  });
}

/** What is done with each batch of rows; `rows` is how many there were by then. */
type TakeRows = (batch: readonly string[], rows: number) => Promise<void>;

/** Ends behind the line that says it is the end. */
async function readTables(lines: BackupLines, open: (table: BackupTable) => Promise<TakeRows>): Promise<Loaded> {
  const seen = new Set<string>();
  let rows = 0;
  for (;;) {
    const mark = parseMark(await lines.next());
    if ('end' in mark) return { rows, end: mark };
    if (seen.has(mark.table)) throw damaged();
    seen.add(mark.table);
    const take = await open(mark);
    for (let left = mark.rows; left > 0;) {
      const batch = await nextRows(lines, Math.min(left, batchRows));
      left -= batch.length;
      rows += batch.length;
      await take(batch, rows);
    }
  }
}

type Loaded = { readonly rows: number; readonly end: BackupEnd };

/** At least one and at most `most` rows, fewer when they are long. */
async function nextRows(lines: BackupLines, most: number): Promise<string[]> {
  const batch: string[] = [];
  for (let length = 0; batch.length < most && length < batchBytes;) {
    const line = await lines.next();
    if (line === undefined) throw cutOff();
    batch.push(line);
    length += line.length;
  }
  return batch;
}

async function put(tx: Db, { table, columns }: BackupTable, batch: readonly string[]): Promise<void> {
  const put = await insertRows(tx, table, columns, batch).catch((error: unknown) => {
    if (error instanceof Unavailable) throw error;
    throw damaged(error);
  });
  if (put !== batch.length) throw damaged();
}

/** @throws BackupError unless every row and every byte is what Signet wrote, with a SECRET_KEY that is given here. */
function assertWhole(deps: Here, lines: BackupLines, head: BackupHead, { rows, end }: Loaded): void {
  const sha256 = lines.hashBeforeLast();
  const isWhole = rows === head.rows && rows === end.rows && sha256 === end.sha256;
  if (!isWhole || !deps.box.matches(sealPurpose, sha256, end.seal)) throw damaged();
}

/** What was issued lives on only if the keys that signed it can be opened. */
async function assertKeys(deps: Deps, tx: Db): Promise<void> {
  const missing = (await sealingKeys(tx)).filter((id) => !deps.box.has(id));
  if (missing.length > 0)
    throw new BackupError(
      `Signing keys in the backup are sealed with an older SECRET_KEY (key ${missing.join(', ')}). Give it behind the current one (SECRET_KEY=new,old), or restore without --keep-issued.`,
    );
}
