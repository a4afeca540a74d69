// What a presented refresh token means: rotate it, repeat its lost reply, refuse it, or end its family.

/** A network address and a browser or library, as far as they are known. */
export type Origin = { readonly ip: string | undefined; readonly userAgent: string | undefined };

/** What is stored of a presented token, its child and its family. Times in milliseconds. */
export type PresentedToken = {
  readonly generation: number;
  readonly rotatedAt: number | undefined;
  readonly fingerprint: Buffer | undefined;
  /** The id of the rotation key that its child was derived from. */
  readonly rotationKey: string | undefined;
  /** Where the rotation came from. */
  readonly rotatedFrom: Origin;
  /** True once the child was used in its turn. */
  readonly childUsed: boolean;
  readonly family: {
    readonly clientId: string;
    readonly expiresAt: number;
    readonly revoked: boolean;
    readonly offline: boolean;
  };
  readonly sessionAlive: boolean;
  readonly userDisabled: boolean;
};

export type RefreshDecision =
  | { readonly kind: 'use' }
  | { readonly kind: 'repeat'; readonly rotatedAt: number; readonly rotationKey: string }
  | { readonly kind: 'refuse'; readonly why: string }
  | { readonly kind: 'reuse'; readonly why: string };

/** Milliseconds by which the clocks of two processes may differ: a rotation of this moment is not from the future. */
const clockTolerance = 5000;

/**
 * RFC 9700 4.14.2 with a grace for the lost reply: whoever presents a rotated token again within `graceMs`, as the same
 * client asking for the same, before its child was used, gets the same child. Too late, or after the child, it is reuse;
 * asking for something else is only refused, because a client's own mistake must not end its family. The grace counts from
 * `rotatedAt` to `now`, when the request began: one that waited here for its turn was in time. A rotation that is after
 * `readAt`, when the token was read, was made by another clock: it is refused, so that no wrong clock makes the grace longer.
 */
export function decideRefresh(
  token: PresentedToken,
  asked: { clientId: string; fingerprint: Buffer; graceMs: number; now: number; readAt: number },
): RefreshDecision {
  const { family } = token;
  if (family.clientId !== asked.clientId) return { kind: 'refuse', why: 'issued to another client' };
  if (family.revoked) return { kind: 'refuse', why: 'family revoked' };
  if (asked.now >= family.expiresAt) return { kind: 'refuse', why: 'family expired' };
  if (token.userDisabled) return { kind: 'refuse', why: 'user disabled' };
  if (!family.offline && !token.sessionAlive) return { kind: 'refuse', why: 'session ended' };
  if (token.rotatedAt === undefined) return { kind: 'use' };
  if (token.childUsed) return { kind: 'reuse', why: 'its child was already used' };
  if (asked.now - token.rotatedAt > asked.graceMs) return { kind: 'reuse', why: 'rotated longer ago than the grace' };
  if (token.rotatedAt - asked.readAt > clockTolerance) return { kind: 'refuse', why: 'rotated in the future' };
  if (!token.fingerprint?.equals(asked.fingerprint))
    return { kind: 'refuse', why: 'a repeat that asks for something else' };
  if (token.rotationKey === undefined) return { kind: 'refuse', why: 'no rotation key named' };
  return { kind: 'repeat', rotatedAt: token.rotatedAt, rotationKey: token.rotationKey };
}
