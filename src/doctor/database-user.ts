// Whether the embedded PostgreSQL belongs to a user whom others share.
import { stat } from 'node:fs/promises';
import type { Finding } from '../domain/finding.ts';
import { checkSharedUser } from '../embedded/shared-user.ts';

/** `uid`: who looks. Root also looks at what another user runs, whose DATA_DIR it then is. */
export async function checkDatabaseUser(dataDir: string, uid: number | undefined): Promise<Finding[]> {
  const found = await stat(dataDir).catch(() => undefined);
  return checkSharedUser(uid === 0 ? (found?.uid ?? uid) : uid);
}
