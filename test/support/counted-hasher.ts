// Counts the password hashes that a running Signet computes, without changing what they give.
import type { PasswordHasher } from '../../src/crypto/passwords.ts';
import type { TestSignet } from './signet.ts';

export type HashCount = { verified: number; hashed: number };

/** From now on every hash that is computed is counted; those that the queue refuses are not. */
export function countHashes(signet: TestSignet): HashCount {
  const count: HashCount = { verified: 0, hashed: 0 };
  const { hasher } = signet.server.deps;
  const counted: PasswordHasher = {
    ...hasher,
    hash: async (password) => {
      const phc = await hasher.hash(password);
      count.hashed += 1;
      return phc;
    },
    verify: async (password, phc) => {
      const isRight = await hasher.verify(password, phc);
      count.verified += 1;
      return isRight;
    },
  };
  Object.assign(signet.server.deps, { hasher: counted });
  return count;
}
