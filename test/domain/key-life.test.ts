// The life of signing keys: lived through day by day, they overlap for every cache and every token.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SigningAlg, signingAlgs } from '../../src/domain/client.ts';
import {
  algsOf,
  dueAt,
  dueMoves,
  type KeyInLife,
  keyLife,
  keySetMaxAge,
  type KeyState,
} from '../../src/domain/key-life.ts';

const hour = 3600_000;
const day = 24 * hour;

/** Lives `days` with a look every so often; `seen` is told of every moment. Keys that are gone leave the list. */
function live(days: number, looks: () => number, seen: (keys: readonly KeyInLife[], now: number) => void): void {
  let keys: KeyInLife[] = [];
  let made = 0;
  for (let now = 0; now < days * day; now += looks()) {
    // A second process does the same a moment later.
    for (let process = 1; process <= 2; process += 1) {
      for (const move of dueMoves(keys, signingAlgs, now)) {
        const become = (kid: string | undefined, state: KeyInLife['state']) => {
          keys = keys.map((key) => (key.kid === kid ? { ...key, state, stateSince: now } : key));
        };
        if (move.kind === 'create-next')
          keys.push({ kid: `key-${(made += 1)}`, alg: move.alg, state: 'next', stateSince: now });
        if (move.kind === 'activate') {
          become(move.active, 'retired');
          become(move.next, 'active');
        }
        if (move.kind === 'remove') keys = keys.filter(({ kid }) => kid !== move.kid);
      }
    }
    seen(keys, now);
  }
}

describe('a year of it, with looks up to a day apart', () => {
  test('at most one active and one next key of each algorithm; published a day ahead, and a month after', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 24 })), (gaps) => {
        const published = new Map<string, number>();
        const retired = new Map<string, number>();
        const activated = new Map<string, number>();
        let before: readonly KeyInLife[] = [];
        live(
          365,
          () => (gaps.next().value as number) * hour,
          (keys, now) => {
            const problems: string[] = [];
            for (const alg of signingAlgs) {
              for (const state of ['active', 'next'] as const)
                if (keys.filter((key) => key.alg === alg && key.state === state).length > 1)
                  problems.push(`two ${state}`);
              if (now > 3 * day && !keys.some((key) => key.alg === alg && key.state === 'active'))
                problems.push('none active');
            }
            for (const { kid, state } of keys) {
              if (!published.has(kid)) published.set(kid, now);
              if (state === 'active' && !activated.has(kid)) activated.set(kid, now);
              if (state === 'retired' && !retired.has(kid)) retired.set(kid, now);
              if (activated.get(kid) === now && now - published.get(kid)! < day)
                problems.push(`${kid} was new to caches`);
            }
            for (const { kid } of before) {
              const isGone = !keys.some((key) => key.kid === kid);
              if (isGone && now - retired.get(kid)! < 31 * day) problems.push(`${kid} left too early`);
            }
            before = [...keys];
            if (problems.length > 0) throw new Error(`${now / day} days: ${problems.join(', ')}`);
          },
        );
        expect(activated.size).toBeGreaterThanOrEqual(2 * 4);
      }),
      { numRuns: 20 },
    );
  });
});

test('what is done once is not due again', () => {
  const next = { kid: 'n', alg: 'ES256', state: 'next', stateSince: 0 } as const;
  const active = { kid: 'a', alg: 'ES256', state: 'active', stateSince: 0 } as const;
  const now = keyLife.active;
  expect(dueMoves([active, next], ['ES256'], now)).toEqual([
    { kind: 'activate', alg: 'ES256', next: 'n', active: 'a' },
  ]);
  const after = [
    { ...active, state: 'retired', stateSince: now },
    { ...next, state: 'active', stateSince: now },
  ] as const;
  expect(dueMoves(after, ['ES256'], now)).toEqual([]);
});

test('what a tenant must sign with: the default algorithms, and those it has a key for that signs or will', () => {
  const key = (alg: SigningAlg, state: KeyState) => ({ kid: `${alg}-${state}`, alg, state, stateSince: 0 });
  expect(algsOf([])).toEqual(['RS256', 'ES256']);
  expect(algsOf([key('RS256', 'active'), key('PS256', 'retired')])).toEqual(['RS256', 'ES256']);
  expect(algsOf([key('EdDSA', 'active'), key('PS256', 'next')])).toEqual([...signingAlgs]);
});

test('every state but the last says when to look again, not after the move is due', () => {
  expect(dueAt('active', 0)).toBeLessThanOrEqual(keyLife.active - keyLife.publishedAhead);
  expect(dueAt('next', 0)).toBeLessThanOrEqual(keyLife.publishedAhead);
  expect(dueAt('retired', 0)).toBeLessThanOrEqual(keyLife.publishedAfter);
  expect(dueAt('gone', 0)).toBeUndefined();
});

test('caches forget long before a new key signs', () => {
  expect(keySetMaxAge * 1000).toBeLessThan(keyLife.publishedAhead / 10);
});
