// docs/performance.md shows what was measured last: it is written from the results, and no row is missing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documentFile, readAdministration, readResults, renderDocument } from '../../bench/document.ts';
import { median, nonsenseIn, percentile, rowNames, verifyAlgs, verifyWays } from '../../bench/results.ts';
import { type Revocation, revocationFile, withMeasured } from '../../bench/revocation-document.ts';
import { figure, markdownTable } from '../../bench/tables.ts';

test('docs/performance.md is as `npm run bench -- --doc` writes it', async () => {
  expect(await readFile(documentFile, 'utf8')).toBe(renderDocument(await readResults(), await readAdministration()));
});

test('docs/revocation.md shows what `npm run bench:revocation` measured, and it keeps its promises', async () => {
  const measured = JSON.parse(await readFile(revocationFile, 'utf8')) as Revocation;
  const document = await readFile(join(import.meta.dirname, '../../docs/revocation.md'), 'utf8');
  expect(document).toBe(withMeasured(document, measured));
  expect(measured.seen).toMatchObject({ apis: 20, revocations: 1000 });
  expect(measured.seen.p99).toBeLessThan(5);
  expect(measured.weights).toMatchObject({ live: 1_000_000, revoked: 100_000 });
});

describe('the results', () => {
  test.each(rowNames)('%s was measured, beside the floor and the peer', async (name) => {
    const { rows, counted } = await readResults();
    const hasPeer = name !== 'password' && !name.startsWith('auth-');
    const servers = hasPeer ? ['floor', 'signet', 'peer'] : ['floor', 'signet'];
    expect(Object.keys(rows[name])).toEqual(servers);
    for (const measured of Object.values(rows[name])) {
      expect(measured.perSecond).toBeGreaterThan(0);
      expect(measured.p99).toBeGreaterThanOrEqual(measured.p50);
    }
    expect(counted[name].roundTrips).toBeGreaterThanOrEqual(0);
    const document = await readFile(documentFile, 'utf8');
    // Throughput, costs, what it is, what it costs counted; and beside the peer where there is one.
    expect(document.split(`| \`${name}\``).length - 1).toBe(hasPeer ? 5 : 4);
  });

  test('every row is sensible: the floor does a part of what Signet does', async () => {
    const { rows } = await readResults();
    expect(rowNames.filter((name) => nonsenseIn(rows[name]) !== undefined)).toEqual([]);
  });

  test.each(verifyAlgs)('the verifier was measured with %s in every way', async (alg) => {
    const { verify } = await readResults();
    for (const way of verifyWays) expect(verify[alg][way]).toBeGreaterThan(0);
    expect(verify[alg].cached).toBeGreaterThan(verify[alg].uncached);
    expect(verify[alg].uncachedOfJose).toBeGreaterThan(0);
    expect(await readFile(documentFile, 'utf8')).toMatch(new RegExp(`^\\| ${alg} +\\|`, 'm'));
  });

  test('every start was measured', async () => {
    const { starts } = await readResults();
    expect(Object.keys(starts)).toEqual(['idleMemory', 'cold', 'firstInTest', 'nextInTest']);
    for (const measured of Object.values(starts)) expect(measured).toBeGreaterThan(0);
  });
});

test('a row in which Signet is faster than the floor is nonsense', () => {
  const measured = { p50: 1, p99: 2, postgresCpu: 0, busy: 99, memory: 100 };
  const of = (perSecond: number, serverCpu: number | null) => ({ ...measured, perSecond, serverCpu });
  const found = [
    { floor: of(1000, 100), signet: of(800, 125) },
    { floor: of(1000, 100), signet: of(1050, 95) },
    { floor: of(1000, null), signet: of(1000, null) },
    { floor: of(1000, 100), signet: of(1200, 125) },
    { floor: of(1000, 100), signet: of(800, 80) },
  ].map(nonsenseIn);
  expect(found).toEqual([
    undefined,
    undefined,
    undefined,
    'Signet answered more than the floor',
    'Signet took less CPU than the floor',
  ]);
});

test('the middle of a few, and a percentile of many', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5])]).toEqual([2, 2, 5]);
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred.subarray(0, 1), 0.99)]).toEqual([
    50, 99, 1,
  ]);
});

test('figures are as exact as they can be read', () => {
  expect([12_345.6, 1000, 999.4, 123.45, 12.345, 1.234, null].map(figure)).toEqual([
    '12,346',
    '1,000',
    '999',
    '123',
    '12.3',
    '1.23',
    '–',
  ]);
  expect(markdownTable(['Row', 'Signet'], [['`code`', '1,000']])).toBe(
    '| Row    | Signet |\n| ------ | -----: |\n| `code` |  1,000 |',
  );
});

test('what the README says of the peer is what was measured', async () => {
  const { rows } = await readResults();
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const said =
    /makes ([\d.]+) times the\s+client-credentials tokens that `oidc-provider` does, ([\d.]+) times the refreshes, ([\d.]+) times the\s+whole\s+code flows, and answers ([\d.]+) times the UserInfo requests; at the authorization endpoint alone it makes ([\d.]+) times/.exec(
      readme,
    );
  const names = ['client-credentials', 'refresh', 'flow', 'userinfo', 'authorize'] as const;
  const measured = names.map((name) => (rows[name].signet.perSecond / rows[name].peer!.perSecond).toFixed(1));
  expect(said?.slice(1)).toEqual(measured);
});
