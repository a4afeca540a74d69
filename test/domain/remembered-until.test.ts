// What a process remembers of limits that were reached: the last time given, and never too many.
import { expect, test } from 'vitest';
import { createRememberedUntil } from '../../src/storage/remembered-until.ts';

test('the last time given counts, and each has its own', () => {
  const [one, another] = [createRememberedUntil(), createRememberedUntil()];
  one.set('a', 1);
  one.set('a', 2);
  expect([one.get('a'), one.get('b'), another.get('a')]).toEqual([2, undefined, undefined]);
});

test('10,000 are remembered; one more, and only that one is', () => {
  const closed = createRememberedUntil();
  for (let n = 1; n <= 10_000; n += 1) closed.set(`${n}`, n);
  expect([closed.get('1'), closed.get('10000')]).toEqual([1, 10_000]);
  closed.set('one more', 1);
  expect([closed.get('1'), closed.get('10000'), closed.get('one more')]).toEqual([undefined, undefined, 1]);
});
