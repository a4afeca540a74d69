// What a presented refresh token means: every refusal, the repeat within the grace, and what ends the family.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRefresh, type PresentedToken } from '../../src/domain/refresh.ts';

const now = 1_900_000_000_000;
const graceMs = 30_000;
const same = Buffer.from('asked for the same');

function token(change: Partial<PresentedToken> = {}, family: Partial<PresentedToken['family']> = {}): PresentedToken {
  return {
    generation: 1,
    rotatedAt: undefined,
    fingerprint: undefined,
    rotationKey: undefined,
    rotatedFrom: { ip: undefined, userAgent: undefined },
    childUsed: false,
    family: { clientId: 'app', expiresAt: now + 1, revoked: false, offline: false, ...family },
    sessionAlive: true,
    userDisabled: false,
    ...change,
  };
}
const asked = { clientId: 'app', fingerprint: same, graceMs, now, readAt: now };
const rotated = { rotatedAt: now - graceMs, fingerprint: same, rotationKey: 'key' };

test.each<[string, PresentedToken, string]>([
  ['fresh', token(), 'use'],
  ['of another client', token({}, { clientId: 'other' }), 'refuse'],
  [
    'rotated, of another client: its family is not the thief’s to end',
    token({ ...rotated, childUsed: true }, { clientId: 'other' }),
    'refuse',
  ],
  ['of a revoked family', token({}, { revoked: true }), 'refuse'],
  ['of a family at its end', token({}, { expiresAt: now }), 'refuse'],
  ['of a disabled user', token({ userDisabled: true }), 'refuse'],
  ['of an ended session', token({ sessionAlive: false }), 'refuse'],
  ['offline, of an ended session', token({ sessionAlive: false }, { offline: true }), 'use'],
  ['rotated at the last moment of the grace', token(rotated), 'repeat'],
  ['rotated a moment longer ago', token({ ...rotated, rotatedAt: now - graceMs - 1 }), 'reuse'],
  ['rotated, by a clock ahead of this one', token({ ...rotated, rotatedAt: now + 5000 }), 'repeat'],
  ['rotated, its child used', token({ ...rotated, childUsed: true }), 'reuse'],
  ['rotated, and now something else is asked', token({ ...rotated, fingerprint: Buffer.from('other') }), 'refuse'],
  [
    'rotated in the future: no wrong clock makes the grace longer',
    token({ ...rotated, rotatedAt: now + 5001 }),
    'refuse',
  ],
  ['rotated, without the name of a key', token({ ...rotated, rotationKey: undefined }), 'refuse'],
])('%s', (_what, presented, kind) => {
  expect(decideRefresh(presented, asked).kind).toBe(kind);
});

test('a request that waited for its turn gets what was rotated meanwhile, and is in time though the grace is over now', () => {
  const waited = { ...asked, readAt: now + graceMs + 60_000 };
  expect(decideRefresh(token({ ...rotated, rotatedAt: now + 30_000 }), waited).kind).toBe('repeat');
  expect(decideRefresh(token(rotated), waited).kind).toBe('repeat');
});

const anyToken = fc
  .record({
    ago: fc.option(fc.integer({ min: -1000, max: 100_000 }), { nil: undefined }),
    childUsed: fc.boolean(),
    isSame: fc.boolean(),
    clientId: fc.constantFrom('app', 'other'),
    endsIn: fc.integer({ min: -10, max: 10 }),
    revoked: fc.boolean(),
    offline: fc.boolean(),
    sessionAlive: fc.boolean(),
    userDisabled: fc.boolean(),
  })
  .map((given) =>
    token(
      {
        childUsed: given.childUsed,
        sessionAlive: given.sessionAlive,
        userDisabled: given.userDisabled,
        ...(given.ago === undefined
          ? {}
          : { rotatedAt: now - given.ago, fingerprint: given.isSame ? same : Buffer.from('x'), rotationKey: 'key' }),
      },
      { clientId: given.clientId, expiresAt: now + given.endsIn, revoked: given.revoked, offline: given.offline },
    ),
  );

test('whatever is stored: nothing is given for a dead family, and a rotated token is never used again', () => {
  fc.assert(
    fc.property(anyToken, (presented) => {
      const { kind } = decideRefresh(presented, asked);
      const { family } = presented;
      const stands =
        family.clientId === 'app' &&
        !family.revoked &&
        family.expiresAt > now &&
        !presented.userDisabled &&
        (family.offline || presented.sessionAlive);
      if (!stands) expect(kind).toBe('refuse');
      if (kind === 'use') expect(presented.rotatedAt).toBeUndefined();
      if (kind === 'repeat') expect(presented).toMatchObject({ childUsed: false, fingerprint: same });
      if (kind === 'reuse') expect(presented.rotatedAt).toBeDefined();
    }),
  );
});
