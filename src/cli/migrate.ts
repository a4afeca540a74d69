// `signet migrate`: what every start of the server does first, by itself; and who may serve without owning the tables.
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { afterMigration, beforeMigration } from '../flows/upkeep/after-migration.ts';
import { noDatabase, openStore, type Store } from '../start/database.ts';
import { commandLog } from './frame/log.ts';
import { command, CommandError, exitCodes, type Terminal } from './frame/run.ts';
import { noteCreated, settingsOf } from './frame/settings.ts';

type Options = { readonly check?: boolean; readonly serveAs?: string };

export function migrateCommand(env: Environment): Command {
  const shape = new Command('migrate')
    .description('Bring the database to the schema of this version.')
    .option('--check', 'change nothing; exit with 1 when migrations are pending')
    .option('--serve-as <role>', 'let this role of PostgreSQL serve, which owns no table');
  return command(shape, env, (terminal, { check = false, serveAs }: Options) =>
    check ? checkOnly(terminal) : migrate(terminal, serveAs),
  );
}

async function checkOnly(terminal: Terminal): Promise<void> {
  await using store = await open(terminal, 'start');
  const pending = await store.pending();
  terminal.out.result({ pending }, said('pending', pending));
  if (pending.length > 0) process.exitCode = exitCodes.failed;
}

async function migrate(terminal: Terminal, serveAs: string | undefined): Promise<void> {
  const config = settingsOf(terminal);
  await using store = await open(terminal, 'make');
  noteCreated(terminal.out, config, store);
  const deps = { db: store.database, clock: Date.now, log: commandLog() };
  await store.assertReachable();
  await beforeMigration(deps, serveAs);
  const applied = await store.migrate();
  const serving = await afterMigration(deps, { auditMonths: config.auditMonths, serveAs });
  const lines = [said('applied', applied), ...serving.map((role) => `may serve  ${role}`)];
  terminal.out.result({ applied, ...(serving.length > 0 && { may_serve: serving }) }, lines.join('\n'));
}

async function open(terminal: Terminal, how: 'start' | 'make'): Promise<Store & AsyncDisposable> {
  const config = settingsOf(terminal);
  const store = await openStore(config, how);
  if (!store) throw new CommandError('failed', noDatabase(config));
  return { ...store, [Symbol.asyncDispose]: () => store.close() };
}

function said(what: 'pending' | 'applied', names: readonly string[]): string {
  if (names.length === 0) return 'The database has every migration of this version.';
  return names.map((name) => `${what}    ${name}`).join('\n');
}
