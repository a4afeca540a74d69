// `signet restored`: for a database that was put back by other means than `signet restore`.
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { acceptRestored } from '../flows/restore/restored.ts';
import { withBackend } from './frame/backend.ts';
import { confirm, type YesOption, yesOption } from './frame/confirm.ts';
import { counted } from './frame/output.ts';
import { command } from './frame/run.ts';

type Options = YesOption & { readonly keepIssued?: boolean };

export function restoredCommand(env: Environment): Command {
  const shape = new Command('restored')
    .description('Say that the database was put back from a copy: nothing issued before counts any more.')
    .option('--keep-issued', 'the database only moved: keep everything, and accept the new place')
    .addOption(yesOption());
  return command(shape, env, (terminal, { keepIssued = false, ...options }: Options) =>
    withBackend(terminal, {}, async ({ deps, patient }) => {
      if (!keepIssued)
        await confirm(
          'This ends every session and grant of all tenants and replaces all signing keys. Do it?',
          options,
        );
      const restored = (await acceptRestored({ ...deps, db: patient }, { by: 'command', keepIssued }))!;
      const { tenants, sessions, grants } = restored;
      const text = keepIssued
        ? 'This is where the database belongs from now on. Everything that was issued stays valid.'
        : `Ended ${counted(sessions, 'session')} and ${counted(grants, 'grant')}, and replaced all signing keys: nothing issued before is accepted, and people must sign in again.`;
      const value = { tenants, kept_issued: keepIssued, sessions_ended: sessions, grants_revoked: grants };
      terminal.out.result(value, text);
    }),
  );
}
