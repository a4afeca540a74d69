// The command `signet`: one file per command.
import { existsSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import { Command } from 'commander';
import type { Environment } from '../config-names.ts';
import { applyCommand } from './apply.ts';
import { exitCodes } from './run.ts';
import { tenantCreateCommand } from './tenant/create.ts';
import { tenantListCommand } from './tenant/list.ts';

const groups: Readonly<Record<string, { about: string; commands: readonly ((env: Environment) => Command)[] }>> = {
  tenant: {
    about: 'Tenants: issuers with users, clients and keys of their own.',
    commands: [tenantCreateCommand, tenantListCommand],
  },
};

function program(env: Environment): Command {
  const signet = new Command('signet')
    .description('Run and administer Signet. It reads the same settings as the server.')
    .option('--json', 'results and errors as JSON')
    .showHelpAfterError()
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage));
  signet.addCommand(applyCommand(env));
  for (const [name, { about, commands }] of Object.entries(groups)) {
    const group = new Command(name).description(about);
    for (const make of commands) group.addCommand(make(env));
    signet.addCommand(group);
  }
  for (const command of [...signet.commands, ...signet.commands.flatMap((group) => group.commands)])
    command.copyInheritedSettings(signet);
  tab(signet, { completionCommandName: 'completion' });
  return signet;
}

if (existsSync('.env')) process.loadEnvFile();
await program(process.env).parseAsync();
