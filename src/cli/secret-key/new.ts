// `signet secret-key new`: a key for SECRET_KEY. Nothing is stored, and nothing is read.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { newSecretKey } from '../../config/secret-key.ts';
import { command } from '../frame/run.ts';

const whatToDo = `Set SECRET_KEY to it, the same for every process of Signet, and keep a copy apart from the backups of the database:
what it seals cannot be opened without it. To replace a key, set SECRET_KEY to "new,old" (docs/operating.md, "SECRET_KEY").`;

export function secretKeyNewCommand(env: Environment): Command {
  const shape = new Command('new').description('Make a key for SECRET_KEY, and show it.');
  return command(shape, env, ({ out }) => {
    const key = newSecretKey();
    out.result({ secret_key: key }, key);
    out.note(whatToDo);
    return Promise.resolve();
  });
}
