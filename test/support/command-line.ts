// The command `signet` as a process, beside a Signet of a test and on its database.
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ended, root, runSignet } from './signet-process.ts';
import type { TestSignet } from './signet.ts';

/** Runs one command to its end. `input` is its standard input. */
export type CommandLine = (args: readonly string[], input?: string) => Promise<Ended>;

// Half of a command's time goes into reading its own source, which is the same each time.
const compiled = { NODE_COMPILE_CACHE: join(root, '.test', 'compiled') };

/** Commands with these settings. */
export function commandLine(env: Readonly<Record<string, string>>): CommandLine {
  return (args, input) =>
    runSignet(['src/cli/signet.ts', ...args], { ...compiled, ...env }, process.execPath, input).ended;
}

/** What an operator of this Signet sets for its commands. */
export function settingsOf({
  issuer,
  database,
  config,
}: Pick<TestSignet, 'issuer' | 'database' | 'config'>): Record<string, string> {
  return {
    PUBLIC_URL: issuer,
    DATABASE_URL: database.url,
    SECRET_KEY: Buffer.from(config.secretKeys![0]!).toString('base64'),
    PASSWORD_HASH_MEMORY_KIB: '7168',
  };
}

/** Runs a command that must succeed, and reads the JSON on its standard output. */
export async function resultOf<T>(signet: CommandLine, args: readonly string[], input?: string): Promise<T> {
  const { code, output, stdout } = await signet([...args, '--json'], input);
  expect(code, output).toBe(0);
  return JSON.parse(stdout) as T;
}
