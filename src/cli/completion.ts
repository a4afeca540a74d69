// `signet completion SHELL`: a script with which a shell completes what it knows of `signet`.
import { Argument, type Command } from 'commander';
import { scriptFor, shells } from './completion/scripts.ts';
import { placesOf } from './completion/places.ts';

/** Adds it to `signet`, which has all its other commands by then. */
export function addCompletion(signet: Command): void {
  signet
    .command('completion')
    .description('Print a script that completes commands, options and their values in a shell.')
    .addArgument(new Argument('<shell>', 'which shell it is for').choices(shells))
    .action((shell: string) => void process.stdout.write(scriptFor(shell, placesOf(signet))));
}
