// Tokens whose signatures were checked already, found again by their digest; none is held in the clear.
import { hash } from 'node:crypto';
import type { UsableKey } from './usable-keys.ts';
import type { VerifiedToken } from './verified-token.ts';

/** What is remembered of a token, with what it stands and falls with. */
export type Remembered = {
  readonly token: VerifiedToken;
  /** The same, for whoever awaits it. */
  readonly promise: Promise<VerifiedToken>;
  readonly kid: string;
  readonly key: UsableKey;
};

export type VerifiedTokens = {
  find(token: string): Remembered | undefined;
  /** Only what was verified, and so is ASCII: of other characters two could have one digest. */
  keep(token: string, remembered: Remembered): void;
};

/** Remembers at most `most` tokens; the one that was kept first goes first. */
export function createVerifiedTokens(most: number): VerifiedTokens {
  const entries = new Map<string, Remembered>();
  return {
    find: (token) => (entries.size === 0 ? undefined : entries.get(digestOf(token))),
    keep(token, remembered) {
      if (most === 0) return;
      // Everybody who brings this token is given the same object.
      deepFrozen(remembered.token.claims);
      const digest = digestOf(token);
      entries.delete(digest);
      if (entries.size >= most) entries.delete(entries.keys().next().value!);
      entries.set(digest, remembered);
    },
  };
}

/** FIPS 180-4 SHA-256 of the whole token, its signature included. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

function deepFrozen(value: object): void {
  for (const name in value) {
    const part: unknown = value[name as keyof typeof value];
    if (typeof part === 'object' && part !== null) deepFrozen(part);
  }
  Object.freeze(value);
}
