// The dashboard asks for what is there, and for everything of ours that is there.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { world } from '../support/flow.ts';
import { type MeasuredSignet, type Scraped, startMeasured, provokeCounters } from '../support/metrics.ts';
import { root } from '../support/signet-process.ts';

type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
};
type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};

/** What Prometheus adds to each sample by itself. */
const targetLabels = ['job', 'instance'];

let signet: MeasuredSignet;
let scraped: Scraped;
let dashboard: Dashboard;
let expressions: string[];
beforeAll(async () => {
  dashboard = JSON.parse(await readFile(join(root, 'deploy/grafana/signet.json'), 'utf8')) as Dashboard;
  expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  signet = await startMeasured({ provision: world });
  await provokeCounters(signet);
  scraped = await signet.scrape();
});
afterAll(() => signet.stop());

/** The metrics that an expression names, each with the labels by which it chooses. */
function selectors(expression: string): { name: string; labels: string[] }[] {
  return [...expression.matchAll(/\b((?:signet|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name, inside = '']) => ({
      name: name!,
      labels: [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
    }),
  );
}

const labelsOf = (name: string) =>
  new Set([
    ...targetLabels,
    ...scraped.samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels)),
  ]);

test('every metric that an expression names is in a scrape', () => {
  const names = expressions.flatMap((expression) => selectors(expression).map(({ name }) => name));
  const known = new Set(scraped.samples.map(({ name }) => name));
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(names.length).toBeGreaterThanOrEqual(expressions.length);
  expect(expressions.length).toBeGreaterThan(15);
});

test('every label by which an expression chooses, groups or is shown is on its metrics', () => {
  for (const { targets = [] } of dashboard.panels) {
    for (const { expr, legendFormat } of targets) {
      const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', '));
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      for (const { name, labels } of selectors(expr)) {
        const here = labelsOf(name);
        expect([expr, [...labels, ...grouped, ...shown].filter((label) => !here.has(label))]).toEqual([expr, []]);
      }
      // What is grouped away cannot be shown.
      if (grouped.length > 0) expect([expr, shown.filter((label) => !grouped.includes(label))]).toEqual([expr, []]);
    }
  }
});

test('every metric of ours has a place', () => {
  const used = new Set(
    expressions.flatMap((expression) => selectors(expression).map(({ name }) => name.replace(/_bucket$/, ''))),
  );
  const ours = [...scraped.types.keys()].filter((name) => name.startsWith('signet_'));
  expect(ours.filter((name) => !used.has(name))).toEqual([]);
});

test('panels have ids of their own and do not lie upon each other', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { gridPos, title } of panels) {
    expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

test('every variable that is used is defined', () => {
  const defined = new Set(dashboard.templating.list.map(({ name }) => name));
  const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name!);
  expect(used.filter((name) => !defined.has(name))).toEqual([]);
  expect(new Set(used)).toEqual(defined);
});
