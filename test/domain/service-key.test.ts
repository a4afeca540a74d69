// How long keys live, and what they may be called.
import { expect, test } from 'vitest';
import { isKeyAlive, keyLifetime, keyNameProblem } from '../../src/domain/service-key.ts';

const hour = 3600_000;

test.each([
  ['12h', 12 * hour],
  ['90d', 90 * 24 * hour],
  ['3650d', 3650 * 24 * hour],
  ['never', 'never'],
  ['3651d', undefined],
  ['0d', undefined],
  ['-1d', undefined],
  ['1.5d', undefined],
  ['90', undefined],
  ['90 d', undefined],
  ['1y', undefined],
  ['', undefined],
])('%j lives for %j', (text, lifetime) => {
  expect(keyLifetime(text)).toBe(lifetime);
});

test.each([
  ['first', true],
  ['the one on the build machine', true],
  ['x'.repeat(100), true],
  ['x'.repeat(101), false],
  ['', false],
  [' a', false],
  ['a\nb', false],
])('%j may be a name: %j', (name, may) => {
  expect(keyNameProblem(name) === undefined).toBe(may);
});

test('a key ends at its moment, or never', () => {
  expect([
    isKeyAlive({ expiresAt: 2 }, 1),
    isKeyAlive({ expiresAt: 2 }, 2),
    isKeyAlive({ expiresAt: undefined }, 9),
  ]).toEqual([true, false, true]);
});
