// docs/your-library.md says of no library that a test tries it unless one does, and no test tries what it does not name.
import { readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';
import { fencesOf, fileNameOf, noteOf, sectionOf, tableOf } from '../docs/markdown.ts';
import { read } from '../docs/project.ts';
import { root } from '../support/signet-process.ts';
import { document } from './page.ts';

const text = await read(document);
const fences = fencesOf(text);
const programs = fences.filter(({ language }) => language === 'js');

/** Each row of the first table: its libraries, and the tests that it names. */
const rows = tableOf(sectionOf(text, 'Tried by a test'))
  .slice(1)
  .map((cells) => ({
    libraries: [...cells[0]!.replaceAll(/\[[^\]]*\]\([^)]*\)/g, '').matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
    tests: [...cells.at(-1)!.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => normalize(join(dirname(document), link!))),
  }));

/** What programs are made of that are not about signing in. */
const beside = ['@fastify/cookie', 'express', 'express-session', 'fastify', 'signet'];

/** The packages that a program or a test takes, wherever in them. */
function packagesIn(source: string): string[] {
  const named = [...source.matchAll(/(?: from |published: string = )'((?:@[\w-]+\/)?[\w-]+)(?:\/[^']*)?';/g)];
  return named.map(([, name]) => name!);
}

/** What a test tries: what it takes itself, and what the programs take that it names. */
async function triedBy(path: string): Promise<string[]> {
  const source = await read(path);
  const named = programs.filter((fence) => source.includes(`'${fileNameOf(fence)}'`));
  return [source, ...named.map((fence) => fence.text)].flatMap(packagesIn);
}

describe('libraries', () => {
  test('every library of the table is tried by each test of its row', async () => {
    expect(rows.length).toBeGreaterThan(10);
    for (const { libraries, tests } of rows) {
      expect(libraries.length).toBeGreaterThan(0);
      expect(tests.length).toBeGreaterThan(0);
      for (const path of tests) expect(await triedBy(path), path).toEqual(expect.arrayContaining(libraries));
    }
  });

  test('every library that a program or a test here takes has a row', async () => {
    const named = new Set(rows.flatMap(({ libraries }) => libraries));
    const tests = (await readdir(join(root, 'test/integrators'))).filter((name) => name.endsWith('.test.ts'));
    const tried = await Promise.all(tests.map((name) => triedBy(`test/integrators/${name}`)));
    const taken = new Set([...tried.flat(), ...programs.flatMap((fence) => packagesIn(fence.text))]);
    expect([...taken].filter((name) => !named.has(name) && !beside.includes(name) && !isOfTests(name))).toEqual([]);
    expect([...taken]).toEqual(expect.arrayContaining(['arctic', '@fastify/oauth2', '@modelcontextprotocol/sdk']));
  });

  test('every program is run by the test above it', async () => {
    for (const fence of programs) {
      const name = fileNameOf(fence);
      expect(name).toBeDefined();
      expect(await read(noteOf(fence, 'run by')!), name).toContain(`'${name}'`);
    }
  });
});

test('every registration of the page can be applied', () => {
  const registrations = fences.filter(({ text: block }) => /^clients:$/m.test(block));
  expect(registrations.length).toBeGreaterThan(9);
  for (const fence of registrations)
    expect(parseProvisioning(fence.text, fileNameOf(fence)!).file.clients!.length).toBeGreaterThan(0);
});

/** What tests are made of themselves. */
function isOfTests(name: string): boolean {
  return ['vitest', 'yaml'].includes(name);
}
