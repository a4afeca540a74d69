// The log of commands: warnings and worse, on standard error.
import pino, { type Logger } from 'pino';

export function commandLog(): Logger {
  return pino({ level: 'warn', base: null }, pino.destination({ dest: 2, sync: true }));
}
