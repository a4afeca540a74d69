// `signet backup FILE`.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Command } from 'commander';
import type { Config } from '../config/read.ts';
import type { Environment } from '../config/names.ts';
import { backup } from '../flows/restore/backup.ts';
import { withBackend } from './frame/backend.ts';
import { newFile } from './frame/new-file.ts';
import { counted } from './frame/output.ts';
import { progress } from './frame/progress.ts';
import { command, CommandError, type Terminal } from './frame/run.ts';
import { ownVersion } from './frame/version.ts';

type Options = { readonly force?: boolean };

export function backupCommand(env: Environment): Command {
  const shape = new Command('backup')
    .description('Write everything in the database into one file, beside a running server or without one.')
    .argument('<file>', 'the file to write, or - for standard output')
    .option('--force', 'replace the file if it exists');
  return command(shape, env, write, 'No backup was made.');
}

async function write(terminal: Terminal, file: string, { force = false }: Options): Promise<void> {
  const { out } = terminal;
  const toStdout = file === '-';
  if (toStdout && process.stdout.isTTY)
    throw new CommandError('usage', 'A backup is no text for a terminal: name a file, or send it on with | or >.');
  const bar = progress('rows', out);
  await withBackend(terminal, {}, async ({ config, deps, tenant, patient }) => {
    let rows = 0;
    const source = backup(deps, patient, {
      signet: ownVersion(),
      issuer: tenant.issuer,
      begun: (head) => bar.begin((rows = head.rows)),
      progress: (done) => bar.at(done),
    });
    const flow = (into: Writable) =>
      pipeline(Readable.from(source), createGzip(), into, { end: !toStdout }).finally(() => bar.end());
    if (toStdout) await flow(process.stdout);
    else await newFile(file, { force }, flow);
    const reminder = `SECRET_KEY is not in it, and without SECRET_KEY it is of no use. Keep ${keyLocation(config)} as well, in another place.`;
    if (toStdout) return out.note(`Backed up ${counted(rows, 'row')}. ${reminder}`);
    const bytes = (await stat(file)).size;
    out.result({ file: resolve(file), rows, bytes }, `Backed up ${counted(rows, 'row')} into ${file}.`);
    out.note(reminder);
  });
}

function keyLocation(config: Config): string {
  return config.secretKeys === undefined ? join(resolve(config.dataDir), 'secret-key') : 'it';
}
