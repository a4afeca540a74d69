// The log of commands: warnings and worse, on standard error.
import pino, { type Logger } from 'pino';
import { openLog } from '../../start/log.ts';

export function commandLog(): Logger {
  return openLog({ level: 'warn', base: null }, process.stderr, () => pino.destination({ dest: 2, sync: true }));
}
