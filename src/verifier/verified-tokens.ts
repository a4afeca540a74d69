// Tokens whose signatures were checked already, found again by their digest; none is held in the clear.
import { hash } from 'node:crypto';

export type VerifiedTokens<Remembered> = {
  find(token: string): Remembered | undefined;
  /** Only what was verified, and so is ASCII: of other characters two could have one digest. */
  keep(token: string, remembered: Remembered): void;
};

/** Remembers something of at most `most` tokens, at least one; the one that was kept first goes first. */
export function createVerifiedTokens<Remembered>(most: number): VerifiedTokens<Remembered> {
  const entries = new Map<string, Remembered>();
  return {
    find: (token) => (entries.size === 0 ? undefined : entries.get(digestOf(token))),
    keep(token, remembered) {
      const digest = digestOf(token);
      entries.delete(digest);
      if (entries.size >= most) entries.delete(entries.keys().next().value!);
      entries.set(digest, remembered);
    },
  };
}

/** FIPS 180-4 SHA-256 of the whole token, its signature included. */
function digestOf(token: string): string {
  return hash('sha256', token, 'binary');
}

/** For claims that are remembered: everybody who brings the token is given the same object. */
export function deepFrozen(value: object): void {
  for (const name in value) {
    const part: unknown = value[name as keyof typeof value];
    if (typeof part === 'object' && part !== null) deepFrozen(part);
  }
  Object.freeze(value);
}
