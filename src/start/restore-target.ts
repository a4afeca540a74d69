// Where a backup is restored to, as long as nothing has come of it: the key is there, and what was made is taken away again.
import type { Config } from '../config/read.ts';
import { undoOfMaking } from '../embedded/made.ts';
import { loadSecretKey } from '../config/secret-key.ts';

/** The keys of SECRET_KEY. Makes none: a new one would open nothing of a backup. @throws SecretKeyError with what to do. */
export async function secretKeysForRestore({ secretKeys, dataDir }: Config): Promise<readonly Buffer[]> {
  return secretKeys ?? [await loadSecretKey(dataDir)];
}

/**
 * Ask before the database is opened. What it answers removes the embedded database if it was made since; call that only
 * when the database is empty, and closed.
 */
export async function undoOfDatabase({ databaseUrl, dataDir }: Config): Promise<() => Promise<void>> {
  return databaseUrl === undefined ? undoOfMaking(dataDir) : async () => {};
}
