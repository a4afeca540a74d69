// The command `signet`: one file per command.
import { Command } from 'commander';
import { applyCommand } from './apply.ts';

const program = new Command('signet').description('Run and administer Signet.').showHelpAfterError();
program.addCommand(applyCommand(process.env));
await program.parseAsync();
