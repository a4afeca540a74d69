// `signet serve`.
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { serve } from './serve.ts';

export function serveCommand(env: Environment): Command {
  return new Command('serve')
    .description('Run the server until it is told to end, as "npm start" does.')
    .action(() => serve(env));
}
