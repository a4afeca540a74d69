// `signet apply FILE`: brings a tenant to what a provisioning file says. Works beside a running server.
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { applyText } from '../flows/provision/apply-file.ts';
import { thingInWords } from '../flows/provision/applied.ts';
import { withBackend } from './frame/backend.ts';
import { nameOfGiven, readGiven } from './frame/given-file.ts';
import { command, type Terminal } from './frame/run.ts';

export function applyCommand(env: Environment): Command {
  const shape = new Command('apply')
    .description('Apply a provisioning file (JSON or YAML): all of it, or nothing.')
    .argument('<file>', 'the provisioning file, or - for standard input');
  const apply = async (terminal: Terminal, file: string) => {
    // Before a database is made for it.
    const text = await readGiven(file);
    await withBackend(terminal, { make: true }, async ({ deps }) => {
      const applied = await applyText(deps, text, nameOfGiven(file), { looksAtPasswords: true });
      const { tenant, created, updated, unchanged, warnings } = applied;
      for (const warning of warnings) terminal.out.note(`Warning: ${warning}`);
      const lines = [
        ...created.map((thing) => `created    ${thingInWords(thing)}`),
        ...updated.map((thing) => `updated    ${thingInWords(thing)}`),
        `Applied to tenant ${tenant}: ${created.length} created, ${updated.length} updated, ${unchanged} unchanged.`,
      ];
      terminal.out.result(applied, lines.join('\n'));
    });
  };
  return command(shape, env, apply, 'Nothing was applied.');
}
