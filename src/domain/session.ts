// A browser signed in here: when it is alive, whether it outlives the browser's restart, when its use is worth writing down.
import type { Authentication } from './authentication.ts';

/** Times in milliseconds. */
export type Session = {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  /** Of its user, now. */
  readonly adminRoles: readonly string[];
  readonly authentication: Authentication;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
  /** Its cookie outlives the browser. */
  readonly persistent: boolean;
  readonly ended: boolean;
  readonly userDisabled: boolean;
};

/** True while the session stands for its user: not ended, not expired, its user not disabled. */
export function isAlive(session: Session, now: number): boolean {
  return !session.ended && !session.userDisabled && now < session.idleExpiresAt && now < session.expiresAt;
}

/** What a tenant says of cookies that outlive the browser: whoever ticks the box on the sign-in page, everybody, nobody. */
export const stayPolicies = ['ask', 'always', 'never'] as const;
export type StayPolicy = (typeof stayPolicies)[number];

/** What a tenant says of sign-ins from browsers that an account has not used before: whether its person is told. */
export const newBrowserPolicies = ['tell', 'silent'] as const;
export type NewBrowserPolicy = (typeof newBrowserPolicies)[number];

/** Whether a session is to outlive the browser. The tenant has the last word, whatever was sent or is remembered. */
export function staysSignedIn(policy: StayPolicy, wished: boolean): boolean {
  return policy === 'always' || (policy === 'ask' && wished);
}

/** `maxAge` in seconds; undefined: it ends with the browser. */
export type SessionCookie = { readonly value: string; readonly maxAge: number | undefined };

/** The cookie of a session. It may outlive the idle end, which moves with every use, but not the absolute one. */
export function sessionCookie(
  value: string,
  { persistent, expiresAt }: { readonly persistent: boolean; readonly expiresAt: number },
  now: number,
): SessionCookie {
  return { value, maxAge: persistent ? Math.max(0, Math.floor((expiresAt - now) / 1000)) : undefined };
}

/** Milliseconds in which a proof of who one is does for what follows it; then it is asked for again (OWASP ASVS 7.5.2). */
export const freshProof = 5 * 60_000;

/** Whether the person of the session proved not long ago who they are. Clocks of processes differ: a proof may lie a little ahead. */
export function isFreshlyProven({ authentication }: Session, now: number): boolean {
  return Math.abs(now - authentication.at) < freshProof;
}

/** Milliseconds between two writes of `last_seen_at`, so that a busy browser does not cost a write per request. */
export const touchInterval = 60_000;
