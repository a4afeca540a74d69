// UUIDv7: the layout of RFC 9562 5.7, and ids that sort by their time.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidv7 } from '../../src/domain/uuid.ts';

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });

test('the example of RFC 9562 A.6', () => {
  const bytes = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
  expect(uuidv7(0x017f22e279b0, bytes)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('version 7 and variant 10 whatever the time and the random bytes', () => {
  fc.assert(
    fc.property(times, random, (time, bytes) => {
      const id = uuidv7(time, bytes);
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(time);
    }),
  );
});

test('a later id sorts after an earlier one, as text', () => {
  fc.assert(
    fc.property(times, times, random, random, (one, other, a, b) => {
      fc.pre(one < other);
      expect(uuidv7(one, a) < uuidv7(other, b)).toBe(true);
    }),
  );
});

test('the random bytes that were given stay as they were', () => {
  const bytes = Buffer.alloc(10, 0xff);
  uuidv7(1, bytes);
  expect(bytes).toEqual(Buffer.alloc(10, 0xff));
});
