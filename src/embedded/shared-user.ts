// Who else the embedded PostgreSQL belongs to when root started it.
import { type Finding, warning } from '../domain/finding.ts';

/**
 * A warning when it runs as `nobody`, whom programs share that have nothing to do with each other: whoever is that user
 * may open its socket. `uid`: who runs Signet.
 */
export function checkSharedUser(uid: number | undefined): Finding[] {
  if (uid !== 0) return [];
  return [
    warning(
      'database-user',
      'Signet runs as root, and the embedded PostgreSQL as nobody: every program of that user can read and change all that is stored, password hashes too.',
      'Run Signet as a user of its own, as deploy/signet.service does, or set DATABASE_URL.',
    ),
  ];
}

/** The same as sentences for the log and the terminal. */
export function sharedUserWarnings(uid: number | undefined): string[] {
  return checkSharedUser(uid).map(({ seen, todo }) => `${seen} ${todo}`);
}
