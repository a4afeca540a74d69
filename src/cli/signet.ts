// The command `signet`: one file per command.
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { applyCommand } from './apply.ts';

if (existsSync('.env')) process.loadEnvFile();
const program = new Command('signet').description('Run and administer Signet.').showHelpAfterError();
program.addCommand(applyCommand(process.env));
await program.parseAsync();
