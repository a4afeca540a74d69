// Password hashes: PHC strings that others can read, parameters that rise, one form for one password, bounded work.
import argon2 from 'argon2';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { passwordHasher } from '../../src/crypto/passwords.ts';
import { encodePhc, parsePhc } from '../../src/domain/phc.ts';
import { Unavailable } from '../../src/domain/errors.ts';

const cheap = { memoryKiB: 64, iterations: 2, parallelism: 1 };
const bounds = { concurrency: 2, queue: 64 };
const hasher = passwordHasher(cheap, bounds);

describe('PHC strings', () => {
  test('m, t, p in that order, 16 bytes of salt and 32 of hash without padding, readable by the reference', async () => {
    const phc = await hasher.hash('correct horse');
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=64,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await argon2.verify(phc, 'correct horse')).toBe(true);
    expect(await argon2.verify(phc, 'correct horses')).toBe(false);
  });

  test('one of the reference opens here', async () => {
    // From the tests of the reference implementation.
    const phc = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await hasher.verify('password', phc)).toBe(true);
    expect(await hasher.verify('passwore', phc)).toBe(false);
  });

  test('what is written is read again', () => {
    const bytes = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(
        fc.integer({ min: 128, max: 65_536 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 16 }),
        bytes(16),
        bytes(32),
        (memoryKiB, iterations, parallelism, salt, hash) => {
          const parts = { memoryKiB, iterations, parallelism, salt, hash };
          expect(parsePhc(encodePhc(parts))).toEqual(parts);
        },
      ),
    );
  });

  const [salt, hash] = ['A'.repeat(22), 'A'.repeat(43)];
  test.each([
    ['bcrypt', '$2b$12$abcdefghijklmnopqrstuv'],
    ['argon2i', `$argon2i$v=19$m=64,t=2,p=1$${salt}$${hash}`],
    ['an older version', `$argon2id$v=16$m=64,t=2,p=1$${salt}$${hash}`],
    ['a parameter twice', `$argon2id$v=19$m=64,m=64,p=1$${salt}$${hash}`],
    ['a parameter less', `$argon2id$v=19$m=64,t=2$${salt}$${hash}`],
    ['a parameter more', `$argon2id$v=19$m=64,t=2,p=1,p=1$${salt}$${hash}`],
    ['more than a GiB', `$argon2id$v=19$m=1048577,t=2,p=1$${salt}$${hash}`],
    ['more than twenty passes', `$argon2id$v=19$m=64,t=21,p=1$${salt}$${hash}`],
    ['more than sixteen threads', `$argon2id$v=19$m=1024,t=2,p=17$${salt}$${hash}`],
    ['no pass', `$argon2id$v=19$m=64,t=0,p=1$${salt}$${hash}`],
    ['less memory than threads need', `$argon2id$v=19$m=15,t=2,p=2$${salt}$${hash}`],
    ['something behind it', `$argon2id$v=19$m=64,t=2,p=1$${salt}$${hash}$x`],
    ['a line break behind it', `$argon2id$v=19$m=64,t=2,p=1$${salt}$${hash}\n`],
    ['nothing', ''],
  ])('%s is not taken', async (_what, phc) => {
    expect(parsePhc(phc)).toBeUndefined();
    expect(await hasher.verify('', phc)).toBe(false);
  });
});

test('the parameters may come in any order: the npm package `argon2` writes another one', async () => {
  const phc = await argon2.hash('correct horse', { memoryCost: 64, timeCost: 2, parallelism: 1 });
  const [start, hash] = [phc.slice(0, phc.indexOf('$m=')), phc.slice(phc.indexOf('$', phc.indexOf('$m=') + 1))];
  for (const order of ['m=64,t=2,p=1', 'm=64,p=1,t=2', 'p=1,t=2,m=64'])
    expect(await hasher.verify('correct horse', `${start}$${order}${hash}`)).toBe(true);
});

test('a password typed with composed or decomposed accents is the same one', async () => {
  const [composed, decomposed] = ['\u00e9t\u00e9 \u212b', 'e\u0301te\u0301 A\u030a'];
  expect(await hasher.verify(decomposed, await hasher.hash(composed))).toBe(true);
  expect(await hasher.verify(composed, await hasher.hash(decomposed))).toBe(true);
});

test('no password is the one of a user without any', async () => {
  expect(await hasher.verify('', undefined)).toBe(false);
});

test.each([
  ['the same', {}, false],
  ['more memory', { memoryKiB: 65 }, true],
  ['more passes', { iterations: 3 }, true],
  ['more threads', { parallelism: 2 }, true],
  ['less of everything', { memoryKiB: 32, iterations: 1 }, false],
])('asked for %s than a hash has: hashed anew %s', async (_what, change, expected) => {
  const phc = await hasher.hash('correct horse');
  expect(passwordHasher({ ...cheap, ...change }, bounds).needsRehash(phc)).toBe(expected);
});

test('at most two at once and three waiting: the sixth is refused, and all others are answered', async () => {
  const small = passwordHasher(cheap, { concurrency: 2, queue: 3 });
  const all = await Promise.allSettled(Array.from({ length: 6 }, () => small.hash('correct horse')));
  expect(all.map(({ status }) => status)).toEqual([...Array<string>(5).fill('fulfilled'), 'rejected']);
  expect((all[5] as PromiseRejectedResult).reason).toBeInstanceOf(Unavailable);
  expect(await small.verify('correct horse', await small.hash('correct horse'))).toBe(true);
});

test('a hash that was made elsewhere opens in either form: as the password was typed, and in NFC', async () => {
  const [composed, decomposed] = ['caf\u00e9 correct horse', 'cafe\u0301 correct horse'];
  const cost = { type: 2 as const, memoryCost: 64, timeCost: 2, parallelism: 1 };
  const ofDecomposed = await argon2.hash(decomposed, cost);
  const ofComposed = await argon2.hash(composed, cost);
  expect(await hasher.verify(decomposed, ofDecomposed)).toBe(true);
  expect(await hasher.verify(composed, ofDecomposed)).toBe(false);
  expect([await hasher.verify(composed, ofComposed), await hasher.verify(decomposed, ofComposed)]).toEqual([
    true,
    true,
  ]);
  const jobs: number[] = [];
  const counting = passwordHasher(cheap, bounds, (work) => (jobs.push(1), work()));
  for (const phc of [undefined, ofComposed, ofDecomposed]) {
    jobs.length = 0;
    await counting.verify(decomposed, phc);
    expect(jobs.length).toBe(2);
  }
});

test('a hash that was made with less work is topped up to the same: nobody learns by the time which names there are', async () => {
  const jobs: number[] = [];
  const dear = passwordHasher({ memoryKiB: 256, iterations: 3, parallelism: 1 }, bounds, (work) => {
    jobs.push(1);
    return work();
  });
  const old = await hasher.hash('correct horse');
  for (const [phc, computed] of [
    [undefined, 1],
    [await dear.hash('correct horse'), 1],
    [old, 2],
  ] as const) {
    jobs.length = 0;
    expect(await dear.verify('wrong', phc)).toBe(false);
    expect(jobs.length).toBe(computed);
  }
  expect(await dear.verify('correct horse', old)).toBe(true);
});
