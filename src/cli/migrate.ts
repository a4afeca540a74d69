// `signet migrate`: what every start of the server does first, by itself.
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { noDatabase, openStore } from '../start/database.ts';
import { command, CommandError, exitCodes, type Terminal } from './frame/run.ts';
import { noteCreated, settingsOf } from './frame/settings.ts';

export function migrateCommand(env: Environment): Command {
  const shape = new Command('migrate')
    .description('Bring the database to the schema of this version.')
    .option('--check', 'change nothing; exit with 1 when migrations are pending');
  return command(shape, env, (terminal, { check = false }: { check?: boolean }) => migrate(terminal, check));
}

async function migrate(terminal: Terminal, check: boolean): Promise<void> {
  const { out } = terminal;
  const config = settingsOf(terminal);
  const store = await openStore(config, check ? 'start' : 'make');
  if (!store) throw new CommandError('failed', noDatabase(config));
  try {
    noteCreated(out, config, store);
    const names = await (check ? store.pending() : store.migrate());
    const what = check ? 'pending' : 'applied';
    const lines = names.map((name) => `${what}    ${name}`);
    const none = 'The database has every migration of this version.';
    out.result({ [what]: names }, lines.length > 0 ? lines.join('\n') : none);
    if (check && names.length > 0) process.exitCode = exitCodes.failed;
  } finally {
    await store.close();
  }
}
