// SECRET_KEY at work: sealed things open only for their purpose, under this key or a predecessor, and only whole.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secretBox } from '../../src/crypto/secret-box.ts';

const [older, newer, foreign] = [randomBytes(32), randomBytes(32), randomBytes(32)] as [Buffer, Buffer, Buffer];
const before = secretBox([older]);
const after = secretBox([newer, older]);

describe('sealing', () => {
  test('what was sealed opens again, with the same purpose and subject', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uint8Array(), (purpose, about, plain) => {
        expect([...before.open(purpose, about, before.seal(purpose, about, plain))]).toEqual([...plain]);
      }),
    );
  });

  test('a predecessor opens what it sealed; the first key alone seals', () => {
    expect(after.open('p', 'a', before.seal('p', 'a', Buffer.from('old'))).toString()).toBe('old');
    const sealed = after.seal('p', 'a', Buffer.from('new'));
    expect(secretBox([newer]).open('p', 'a', sealed).toString()).toBe('new');
    expect(() => before.open('p', 'a', sealed)).toThrow(/SECRET_KEY that is not given/);
  });

  const sealed = before.seal('signing key', 'tenant key', Buffer.from('secret'));
  test.each([
    ['another purpose', () => before.open('mail', 'tenant key', sealed)],
    ['another subject', () => before.open('signing key', 'tenant other', sealed)],
    ['another key', () => secretBox([foreign]).open('signing key', 'tenant key', sealed)],
    ['nothing', () => before.open('signing key', 'tenant key', '')],
    [
      'only the name of the key',
      () => before.open('signing key', 'tenant key', sealed.slice(0, sealed.indexOf('.') + 1)),
    ],
  ])('%s: does not open', (_what, open) => {
    expect(open).toThrow();
  });

  test('one changed bit, or a byte less, and it does not open', () => {
    const dot = sealed.indexOf('.') + 1;
    const bytes = Buffer.from(sealed.slice(dot), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() =>
        before.open('signing key', 'tenant key', sealed.slice(0, dot) + changed.toString('base64url')),
      ).toThrow();
    }
    expect(() =>
      before.open('signing key', 'tenant key', sealed.slice(0, dot) + bytes.subarray(0, -1).toString('base64url')),
    ).toThrow();
  });

  test('the same thing never looks the same twice', () => {
    expect(before.seal('p', 'a', Buffer.from('x'))).not.toBe(before.seal('p', 'a', Buffer.from('x')));
  });
});

describe('recognizing', () => {
  const mac = before.mac('form', 'value');
  test.each([
    ['the same', before, 'form', 'value', mac, true],
    ['made under a predecessor', after, 'form', 'value', mac, true],
    ['made under a successor', before, 'form', 'value', after.mac('form', 'value'), false],
    ['made under another key', secretBox([foreign]), 'form', 'value', mac, false],
    ['for another purpose', before, 'cookie', 'value', mac, false],
    ['of another value', before, 'form', 'valu', mac, false],
    ['empty', before, 'form', 'value', '', false],
    ['cut short', before, 'form', 'value', mac.slice(0, -1), false],
  ])('%s', (_what, box, purpose, value, given, expected) => {
    expect(box.matches(purpose, value, given)).toBe(expected);
  });

  test('one key for all purposes would let a MAC of one pass for another: they differ', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (one, other, value) => {
        fc.pre(one !== other);
        expect(before.matches(other, value, before.mac(one, value))).toBe(false);
      }),
    );
  });
});

test('without a key there is no box', () => {
  expect(() => secretBox([])).toThrow('SECRET_KEY has no key');
});
