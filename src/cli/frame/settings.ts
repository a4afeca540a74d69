// The settings as commands read them.
import { resolve } from 'node:path';
import { type Config, readCommandConfig } from '../../config/read.ts';
import type { Output } from './output.ts';
import type { Terminal } from './run.ts';

/** What is odd about them is said. @throws ConfigError with every mistake. */
export function settingsOf({ env, out }: Terminal): Config {
  const { config, warnings } = readCommandConfig(env);
  for (const warning of warnings) out.note(`Warning: ${warning}`);
  return config;
}

/** Says so where a command has made the database. */
export function noteCreated(
  out: Output,
  { dataDir }: Config,
  { createdDatabase }: { readonly createdDatabase: boolean },
): void {
  if (createdDatabase) out.note(`Made a new database in DATA_DIR (${resolve(dataDir)}).`);
}
