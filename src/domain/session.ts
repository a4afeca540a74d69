// A browser signed in here: when it is alive, and when its use is worth writing down.
import type { Authentication } from './authentication.ts';

/** Times in milliseconds. */
export type Session = {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  readonly authentication: Authentication;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
  readonly ended: boolean;
  readonly userDisabled: boolean;
};

/** True while the session stands for its user: not ended, not expired, its user not disabled. */
export function isAlive(session: Session, now: number): boolean {
  return !session.ended && !session.userDisabled && now < session.idleExpiresAt && now < session.expiresAt;
}

/** Milliseconds in which a proof of who one is does for what follows it; then it is asked for again (OWASP ASVS 7.5.2). */
export const freshProof = 5 * 60_000;

/** Whether the person of the session proved not long ago who they are. Clocks of processes differ: a proof may lie a little ahead. */
export function isFreshlyProven({ authentication }: Session, now: number): boolean {
  return Math.abs(now - authentication.at) < freshProof;
}

/** Milliseconds between two writes of `last_seen_at`, so that a busy browser does not cost a write per request. */
export const touchInterval = 60_000;
