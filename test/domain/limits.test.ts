// Limits: how waits grow, and which addresses are one network.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factorBudgets, networkOf, waitAfter } from '../../src/domain/limits.ts';

describe('waits', () => {
  const budget = { free: 5, longestWait: 900_000, forgottenAfter: 86_400_000 };

  test('four are free, then the wait doubles from a second to the longest', () => {
    const waits = Array.from({ length: 17 }, (_, i) => waitAfter(budget, i + 1) / 1000);
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  test('never shrink, never exceed the longest, and stay finite', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (attempt) => {
        expect(waitAfter(budget, attempt)).toBeLessThanOrEqual(waitAfter(budget, attempt + 1));
        expect(waitAfter(budget, attempt)).toBeLessThanOrEqual(budget.longestWait);
      }),
    );
  });

  test('a day of guessing against one account stays below what is found by chance', () => {
    let attempts = 0;
    for (let time = 0; time < 86_400_000; attempts += 1)
      time += Math.max(1, waitAfter(factorBudgets.password.strangers, attempts + 1));
    expect(attempts).toBeLessThan(150);
  });
});

describe('networks', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is of %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  test('every spelling of an IPv6 address is of the same network, and another /64 is not', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        const long = one.map((group) => group.toString(16).padStart(4, '0')).join(':');
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
        expect(networkOf(short)).toBe(networkOf(long.toUpperCase()));
        const sameHalf = [...one.slice(0, 4), ...other.slice(4)].map((group) => group.toString(16)).join(':');
        expect(networkOf(sameHalf)).toBe(networkOf(long));
        const isSame = one.slice(0, 4).join() === other.slice(0, 4).join();
        expect(networkOf(other.map((group) => group.toString(16)).join(':')) === networkOf(long)).toBe(isSame);
      }),
    );
  });
});
