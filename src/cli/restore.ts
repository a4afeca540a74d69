// `signet restore FILE`.
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Command } from 'commander';
import type { Environment } from '../config-names.ts';
import { linesOf } from '../flows/backup/lines.ts';
import { demandSealed, restore, type RestoreResult } from '../flows/backup/restore.ts';
import { withUnpreparedBackend } from './backend.ts';
import { visible } from './output.ts';
import { progress } from './progress.ts';
import { command, CommandError, type Terminal } from './run.ts';

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
  const result = await withUnpreparedBackend(terminal, async ({ deps }) => {
    if (source.again) await demandSealed(deps, linesOf(source.read()));
    return restore(deps, linesOf(source.read()), {
      keepIssued,
      begun: ({ rows }) => bar.begin(rows),
      progress: (done) => bar.at(done),
    }).finally(() => bar.end());
  });
  const { head, rows, tenants, sessions, grants } = result;
  const value = { rows, tenants, made_at: head.made_at, kept_issued: keepIssued, sessions_ended: sessions };
  out.result({ ...value, grants_revoked: grants }, words(result, keepIssued));
}

function words({ head, rows, tenants, sessions, grants }: RestoreResult, keepIssued: boolean): string {
  const at = visible(head.made_at);
  return [
    `Restored ${rows} rows (${tenants === 1 ? '1 tenant' : `${tenants} tenants`}) from the backup of ${at}.`,
    keepIssued
      ? `Sessions, tokens and signing keys from before are valid, also those that were revoked after ${at}.`
      : `Ended ${sessions} sessions and ${grants} grants, and replaced all signing keys: nothing issued before is accepted, and people must sign in again.`,
    `Passwords, client secrets and disabled users are as they were at ${at}: repeat what was changed since.`,
  ].join('\n');
}

/** `again`: it can be read from its beginning more than once. */
type Source = AsyncDisposable & { readonly again: boolean; read(): Readable };

async function opened(file: string): Promise<Source> {
  if (file === '-')
    return { again: false, read: () => process.stdin, [Symbol.asyncDispose]: async () => void process.stdin.destroy() };
  const handle = await open(file, 'r').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'ENOENT' ? 'notFound' : 'failed', `${file} cannot be read (${code}).`);
  });
  const again = (await handle.stat()).isFile();
  return {
    again,
    read: () => handle.createReadStream({ autoClose: false, ...(again && { start: 0 }) }),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
