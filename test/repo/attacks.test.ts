// The numbers of attacks in test titles are those that test/attacks/README.md explains, each with the files that have it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { read } from '../docs/project.ts';
import { root } from '../support/signet-process.ts';

test('every number in a title has its row with its files, and no row is without a test', async () => {
  const titled = new Set<string>();
  for (const name of await readdir(join(root, 'test'), { recursive: true })) {
    if (!name.endsWith('.test.ts')) continue;
    for (const [, number] of (await read(`test/${name}`)).matchAll(/['"`](M\d{2,3})\b/g))
      titled.add(`${number} test/${name}`);
  }
  const rows = new Set<string>();
  for (const [, number, files] of (await read('test/attacks/README.md')).matchAll(/^\| (M\d+) +\|.*\|(.*)\|$/gm))
    for (const [, file] of files!.matchAll(/\]\(([\w./-]+)\)/g)) rows.add(`${number} ${join('test/attacks', file!)}`);
  expect(titled.size).toBeGreaterThan(20);
  expect([...rows].toSorted()).toEqual([...titled].toSorted());
});
