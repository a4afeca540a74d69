// `signet restore FILE`.
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Command } from 'commander';
import { type Config, readCommandConfig } from '../config/read.ts';
import type { Environment } from '../config/names.ts';
import { loadSecretKey } from '../config/secret-key.ts';
import { linesOf } from '../flows/restore/lines.ts';
import { assertSealed, restore, type RestoreResult } from '../flows/restore/restore.ts';
import { withUnpreparedBackend } from './frame/backend.ts';
import { unreadable } from './frame/given-file.ts';
import { counted, shownTime } from './frame/output.ts';
import { progress } from './frame/progress.ts';
import { command, type Terminal } from './frame/run.ts';

type Options = { readonly keepIssued?: boolean };

export function restoreCommand(env: Environment): Command {
  const shape = new Command('restore')
    .description('Put a backup back into an empty database. What was issued before is refused afterwards.')
    .argument('<file>', 'what `signet backup` wrote, or - for standard input')
    .option('--keep-issued', 'keep sessions, tokens and signing keys, also those that were revoked after the backup');
  return command(shape, env, putBack, 'Nothing was restored.');
}

async function putBack(terminal: Terminal, file: string, { keepIssued = false }: Options): Promise<void> {
  const { out } = terminal;
  const bar = progress('rows', out);
  await using source = await opened(file);
  const { config } = readCommandConfig(terminal.env);
  const secretKeys = await keysOf(config);
  if (source.again) await assertSealed(config.publicUrl, secretKeys, linesOf(source.read()));
  const result = await withUnpreparedBackend(terminal, ({ deps }) =>
    restore(deps, linesOf(source.read()), {
      keepIssued,
      begun: ({ rows }) => bar.begin(rows),
      progress: (done) => bar.at(done),
    }).finally(() => bar.end()),
  );
  const { head, rows, tenants, sessions, grants } = result;
  const value = { rows, tenants, made_at: timeOf(head), kept_issued: keepIssued, sessions_ended: sessions };
  out.result({ ...value, grants_revoked: grants }, words(result, keepIssued));
}

/** The keys of SECRET_KEY. Makes none: a new one would open nothing of a backup. @throws SecretKeyError with what to do. */
async function keysOf({ secretKeys, dataDir }: Config): Promise<readonly Buffer[]> {
  return secretKeys ?? [await loadSecretKey(dataDir)];
}

function timeOf({ made_at: at }: RestoreResult['head']): string {
  return shownTime(Date.parse(at));
}

function words({ head, rows, tenants, sessions, grants }: RestoreResult, keepIssued: boolean): string {
  const at = timeOf(head);
  return [
    `Restored ${counted(rows, 'row')} (${counted(tenants, 'tenant')}) from the backup of ${at}.`,
    keepIssued
      ? `Sessions, tokens and signing keys from before are valid, also those that were revoked after ${at}.`
      : `Ended ${counted(sessions, 'session')} and ${counted(grants, 'grant')}, and replaced all signing keys: nothing issued before is accepted, and people must sign in again.`,
    `Passwords, client secrets and disabled users are as they were at ${at}: repeat what was changed since.`,
  ].join('\n');
}

/** `again`: it can be read from its beginning more than once. */
type Source = AsyncDisposable & { readonly again: boolean; read(): Readable };

async function opened(file: string): Promise<Source> {
  if (file === '-')
    return { again: false, read: () => process.stdin, [Symbol.asyncDispose]: async () => void process.stdin.destroy() };
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const again = (await handle.stat()).isFile();
  return {
    again,
    read: () => handle.createReadStream({ autoClose: false, ...(again && { start: 0 }) }),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
