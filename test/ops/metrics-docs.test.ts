// docs/metrics.md lists every metric that a scrape gives, with its type and labels, and no other.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { world } from '../support/flow.ts';
import { type MeasuredSignet, type Scraped, startMeasured, provokeCounters } from '../support/metrics.ts';
import { root } from '../support/signet-process.ts';

let signet: MeasuredSignet;
let scraped: Scraped;
let document: string;
beforeAll(async () => {
  signet = await startMeasured({ provision: world });
  document = await readFile(join(root, 'docs/metrics.md'), 'utf8');
  await provokeCounters(signet);
  // A garbage collection comes when it comes.
  const isComplete = async () => {
    scraped = await signet.scrape();
    return scraped.value('nodejs_gc_duration_seconds_count') > 0 && scraped.value('signet_limited_total') > 0;
  };
  await vi.waitUntil(isComplete, { timeout: 20_000 });
});
afterAll(() => signet.stop());

type Row = { readonly name: string; readonly type: string; readonly labels: readonly string[] };

function documented(): Row[] {
  return [...document.matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram|summary) +\| ([^|]*)\|/gm)].map((row) => ({
    name: row[1]!,
    type: row[2]!,
    labels: [...row[3]!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort(),
  }));
}

/** `le` belongs to the type, and is not listed. */
function labelsOf(name: string): string[] {
  const own = scraped.samples.filter((sample) => sample.name.replace(/_(?:bucket|sum|count)$/, '') === name);
  const exact = own.length > 0 ? own : scraped.samples.filter((sample) => sample.name === name);
  const labels = new Set(exact.flatMap((sample) => Object.keys(sample.labels)));
  labels.delete('le');
  return [...labels].sort();
}

const isOurs = (name: string) => name.startsWith('signet_');

test('every metric is described, with its type', () => {
  const described = new Map(documented().map(({ name, type }) => [name, type]));
  const missing = [...scraped.types].filter(([name, type]) => described.get(name) !== type);
  expect(missing).toEqual([]);
  expect(scraped.types.size).toBeGreaterThan(20);
});

test('every metric that is described exists', () => {
  const names = documented().map(({ name }) => name);
  expect(names).toHaveLength(new Set(names).size);
  // Elsewhere the client has fewer of the process.
  const expected = process.platform === 'linux' ? names : names.filter(isOurs);
  expect(expected.filter((name) => !scraped.types.has(name))).toEqual([]);
  expect(expected.filter(isOurs).length).toBeGreaterThan(10);
});

test('the labels of each are those that are described, and each label of ours is explained', () => {
  for (const { name, labels } of documented()) {
    if (name.startsWith('nodejs_active_requests')) continue;
    if (scraped.types.has(name)) expect([name, ...labelsOf(name)]).toEqual([name, ...labels]);
  }
  const explained = [...document.matchAll(/^- ((?:`\w+`(?:, )?)+):/gm)].flatMap(([, names]) =>
    [...names!.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
  );
  const used = new Set(documented().flatMap(({ name, labels }) => (isOurs(name) ? labels : [])));
  used.delete('version');
  expect(new Set(explained)).toEqual(used);
});
