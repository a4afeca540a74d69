// What a presented refresh token means: rotate it, repeat its lost reply, refuse it, or end its family.

/** What is stored of a presented token, its child and its family. Times in milliseconds. */
export type PresentedToken = {
  readonly generation: number;
  readonly rotatedAt: number | undefined;
  readonly fingerprint: Buffer | undefined;
  readonly sealedReply: Buffer | undefined;
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
  | { readonly kind: 'repeat'; readonly sealedReply: Buffer }
  | { readonly kind: 'refuse'; readonly why: string }
  | { readonly kind: 'reuse'; readonly why: string };

/**
 * RFC 9700 4.14.2 with a grace for the lost reply: whoever presents a rotated token again within `graceMs`, as the same
 * client asking for the same, before its child was used, gets the same reply. Too late, or after the child, it is reuse; asking for something else is
 * only refused, because a client's own mistake must not end its family.
 */
export function decideRefresh(
  token: PresentedToken,
  asked: { clientId: string; fingerprint: Buffer; graceMs: number; now: number },
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
  if (!token.fingerprint?.equals(asked.fingerprint))
    return { kind: 'refuse', why: 'a repeat that asks for something else' };
  if (!token.sealedReply) return { kind: 'refuse', why: 'no reply kept' };
  return { kind: 'repeat', sealedReply: token.sealedReply };
}
