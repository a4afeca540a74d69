// Backups as bytes: made of a running Signet, changed, and restored into other databases.
import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import pino from 'pino';
import { backup, type BackupOptions } from '../../src/flows/restore/backup.ts';
import { linesOf } from '../../src/flows/restore/lines.ts';
import { restore, type RestoreResult } from '../../src/flows/restore/restore.ts';
import type { Config } from '../../src/config/read.ts';
import { type Backend, openBackend } from '../../src/start/backend.ts';
import { query } from './database.ts';

const log = pino({ level: 'silent' });

/** The database that `config` names, as commands open it. */
export async function openFor(
  config: Config,
  schema: 'as it is' | 'restored',
  clock: () => number,
): Promise<Pick<Backend, 'deps' | 'patient'> & AsyncDisposable> {
  const backend = await openBackend(config, { log, schema, clock });
  return { deps: backend.deps, patient: backend.patient, [Symbol.asyncDispose]: () => backend.close() };
}

/** A compressed backup of a database that a server may be using. */
export async function backupOf(
  signet: { config: Config; clock: { now: number } },
  options: Partial<BackupOptions> = {},
): Promise<Buffer> {
  await using opened = await openFor(signet.config, 'as it is', () => signet.clock.now);
  const pieces: Buffer[] = [];
  const given = { signet: '0.0.0', issuer: signet.config.publicUrl, ...options };
  for await (const piece of backup(opened.deps, opened.patient, given)) pieces.push(piece);
  return gzipSync(Buffer.concat(pieces));
}

/** Restores compressed bytes into what `config` names. */
export async function restoreInto(
  { config, clock }: { config: Config; clock: { now: number } },
  bytes: Uint8Array,
  { keepIssued = false }: { keepIssued?: boolean } = {},
): Promise<RestoreResult> {
  await using opened = await openFor(config, 'restored', () => clock.now);
  const deps = { ...opened.deps, db: opened.patient };
  return await restore(deps, linesOf(Readable.from([bytes]).pipe(new PassThrough())), { keepIssued });
}

/** The same backup with its lines changed; `rehashed`: the hash is made to fit. */
export function changed(
  backup: Uint8Array,
  change: (lines: string[]) => string[],
  { rehashed = false }: { rehashed?: boolean } = {},
): Buffer {
  const lines = change(gunzipSync(backup).toString().split('\n').slice(0, -1));
  if (rehashed) {
    const before = lines.slice(0, -1).map((line) => `${line}\n`);
    const end = { ...(JSON.parse(lines.at(-1)!) as object), sha256: sha256(before.join('')) };
    lines.splice(-1, 1, JSON.stringify(end));
  }
  return gzipSync(lines.map((line) => `${line}\n`).join(''));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Every row of every table of Signet's, as PostgreSQL writes it. */
export async function contentsOf(url: string): Promise<Record<string, string[]>> {
  const tables = await query<{ name: string }>(
    url,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'signet_migrations%'
       AND tablename NOT LIKE 'audit_events_%'`,
  );
  const contents: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await query<{ row: string }>(url, `SELECT r::text AS row FROM "${name}" r ORDER BY 1`);
    contents[name] = rows.map(({ row }) => row);
  }
  return contents;
}

/** True when there is nothing at all in the database. */
export async function isUntouched(url: string): Promise<boolean> {
  return (await query(url, `SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace`)).length === 0;
}
