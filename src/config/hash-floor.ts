// The least that a password hash must cost where others can reach the server.
import { isLoopbackHost } from '../domain/redirect-uri.ts';
import type { Values } from './settings.ts';

/** Passes of Argon2id, and the memory in KiB below which that many are too cheap to guess (OWASP Password Storage). */
const leastMemory: readonly [passes: number, kiB: number][] = [
  [3, 12_288],
  [2, 19_456],
  [1, 47_104],
];

/**
 * A problem when a hash is too cheap. On loopback the cheaper ones stay allowed: that is development, and tests that make
 * many passwords nobody uses.
 */
export function cheapHashes(values: Values): string[] {
  const { PUBLIC_URL: url, PASSWORD_HASH_MEMORY_KIB: memory, PASSWORD_HASH_ITERATIONS: passes } = values;
  if (url === undefined || isLoopbackHost(new URL(url).hostname)) return [];
  const [, least = 0] = leastMemory.find(([from]) => passes >= from) ?? [];
  if (memory >= least) return [];
  return [
    `PASSWORD_HASH_MEMORY_KIB must be at least ${least} with PASSWORD_HASH_ITERATIONS=${passes}. Raise one of the two: only where PUBLIC_URL is a loopback host may hashes be cheaper.`,
  ];
}
