// The command `signet`: one file per command.
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { type Group, groups, single } from './commands.ts';
import { takenByNpm } from './frame/npm-took.ts';
import { output } from './frame/output.ts';
import { exitCodes } from './frame/run.ts';
import { sayWhatIsWrong, wantsJson } from './frame/usage.ts';
import { ownVersion } from './frame/version.ts';

/** With the commands that `args` may mean: the one they name, or all when they name none or ask for help or completion. */
async function program(env: Environment, args: readonly string[]): Promise<Command> {
  const json = wantsJson(args);
  const signet = new Command('signet')
    .description('Run and administer Signet. It reads the same settings as the server.')
    .option('--json', 'results and errors as JSON')
    .option('-V, --version', 'show which version this is')
    .on('option:version', () => {
      const version = ownVersion();
      output(json).result({ version }, version);
      process.exit(exitCodes.done);
    });
  const named = args.find((arg) => !arg.startsWith('-')) ?? '';
  const known = Object.hasOwn(single, named) || Object.hasOwn(groups, named);
  for (const [name, load] of Object.entries(single))
    if (!known || name === named) signet.addCommand((await load())(env));
  for (const [name, group] of Object.entries(groups))
    if (!known || name === named) signet.addCommand(await groupCommand(env, name, group));
  if (!known) (await import('./completion.ts')).addCompletion(signet);
  sayWhatIsWrong(signet, json);
  return signet;
}

async function groupCommand(env: Environment, name: string, { about, commands, groups: below = {} }: Group) {
  const group = new Command(name).description(about);
  for (const load of commands) group.addCommand((await load())(env));
  for (const [word, inner] of Object.entries(below)) group.addCommand(await groupCommand(env, word, inner));
  return group;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads has seen enough, as with `| head`: that is no failure of the command.
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`Standard output cannot be written (${error.code ?? error.message}).\n`);
  process.exit(exitCodes.failed);
});

if (existsSync('.env')) process.loadEnvFile();
const args = process.argv.slice(2);
const signet = await program(process.env, args);
const taken = takenByNpm(signet, args, process.env);
if (taken !== undefined) {
  output(wantsJson(args)).failure('usage', [taken]);
  process.exit(exitCodes.usage);
}
await signet.parseAsync();
