// Addresses as proxies write them: one network is one budget, and what is no address is nobody's name.
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bareAddress } from '../../src/http/address.ts';
import { query } from '../support/database.ts';
import { postJson } from '../support/first-party.ts';
import { world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
const lines: string[] = [];
beforeAll(async () => {
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  signet = await startSignet({ provision: world, log, config: { trustProxy: ['127.0.0.1', '::1'] } });
});
afterAll(() => signet.stop());

const guess = (nth: number, forwarded: string) =>
  postJson(
    `${signet.issuer}/auth/login`,
    { username: `somebody-${nth}`, password: 'not the right one, no' },
    { 'x-forwarded-for': forwarded },
  );

test.each([
  ['203.0.113.10', '203.0.113.10'],
  ['203.0.113.10:51234', '203.0.113.10'],
  ['2001:db8::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['unknown', undefined],
  ['999.1.1.1', undefined],
  ['999.1.1.1:80', undefined],
  ['é', undefined],
  ['', undefined],
  ['[::1', undefined],
  ['203.0.113.10:', undefined],
])('%s is the address %s', (given, bare) => {
  expect(bareAddress(given)).toBe(bare);
});

describe('behind a trusted proxy', () => {
  test('another port for each request is still one network, with one budget', async () => {
    const answers: number[] = [];
    for (let nth = 0; nth < 112; nth += 1) answers.push((await guess(nth, `203.0.113.10:${10_000 + nth}`)).status);
    expect(answers.slice(0, 99).every((status) => status === 401)).toBe(true);
    expect(answers.at(-1)).toBe(429);
    const keys = await query<{ key: string }>(signet.database.url, `SELECT key FROM limits WHERE key LIKE '%address%'`);
    expect(keys.map(({ key }) => key)).toEqual(['password address 203.0.113.10']);
    expect(lines.some((line) => line.includes('"ip":"203.0.113.10"'))).toBe(true);
    expect(lines.join('')).not.toContain('203.0.113.10:1');
  });

  test('what is no address counts as the peer, and stands nowhere', async () => {
    await query(signet.database.url, 'DELETE FROM limits');
    for (const [nth, forwarded] of ['unknown', '999.1.1.1', 'a name of my own'].entries()) await guess(nth, forwarded);
    const keys = await query<{ key: string }>(signet.database.url, `SELECT key FROM limits WHERE key LIKE '%address%'`);
    expect(keys.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^password address (127\.0\.0\.1|::1\/64|0:0:0:0::\/64)$/),
    ]);
    const ips = await query<{ ip: string }>(
      signet.database.url,
      'SELECT DISTINCT ip FROM audit_events WHERE ip IS NOT NULL',
    );
    for (const { ip } of ips) expect(bareAddress(ip)).toBe(ip);
  });
});
