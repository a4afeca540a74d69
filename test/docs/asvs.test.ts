// docs/asvs.md: its rows are in order, what is met has evidence that is there, and the counts are those of the rows.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../support/signet-process.ts';
import { anchorsOf, sectionOf, spansOf } from './markdown.ts';
import { read } from './project.ts';

const standings = ['met', 'not met', 'later', 'others', 'deviates'];
const document = await read('docs/asvs.md');

type Row = { number: string; level: string; standing: string; evidence: string };

const rows: Row[] = [...document.matchAll(/^\| (\d+\.\d+\.\d+) +\| (.*) \|$/gm)].map(([, number, rest]) => {
  const [level = '', , standing = '', evidence = ''] = rest!.split(' | ').map((cell) => cell.trim());
  return { number: number!, level, standing, evidence };
});

/** The paths in code spans. */
function pathsIn(text: string): string[] {
  return spansOf(text).filter((span) => /^(?:(?:src|test|docs|deploy)\/[\w./-]+|Dockerfile)$/.test(span));
}

describe('the rows', () => {
  test('have a level and a standing, each number once, in the order of the standard', () => {
    expect(rows.length).toBeGreaterThan(200);
    expect(rows.filter(({ level, standing }) => !/^[123]$/.test(level) || !standings.includes(standing))).toEqual([]);
    const numbers = rows.map(({ number }) => number);
    const parts = (number: string) => number.split('.').map((part) => part.padStart(2, '0'));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toEqual(numbers.toSorted((one, other) => (parts(one).join() < parts(other).join() ? -1 : 1)));
  });

  test('stand in the chapter of their number', () => {
    const headings = [...document.matchAll(/^## V(\d+) (.*)$/gm)];
    const misplaced = headings.flatMap(([, chapter, title]) =>
      [...sectionOf(document, `V${chapter} ${title}`).matchAll(/^\| (\d+)\.\d+\.\d+ /gm)].filter(
        ([, number]) => number !== chapter,
      ),
    );
    expect(headings.length).toBeGreaterThan(5);
    expect(misplaced).toEqual([]);
  });

  test('that are met name evidence, and all others say why', () => {
    expect(rows.filter(({ standing, evidence }) => standing === 'met' && pathsIn(evidence).length === 0)).toEqual([]);
    expect(rows.filter(({ evidence }) => evidence === '')).toEqual([]);
  });

  test('name only what is there, and headings that a document has', async () => {
    const missing: string[] = [];
    for (const { number, evidence } of rows) {
      for (const path of pathsIn(evidence)) if (!existsSync(join(root, path))) missing.push(`${number}: ${path}`);
      for (const [, path, heading] of evidence.matchAll(/`(docs\/[\w/-]+\.md)` \(([A-Z][^)]*)\)/g)) {
        const [anchor] = anchorsOf(`# ${heading}`);
        if (!anchorsOf(await read(path!)).includes(anchor!)) missing.push(`${number}: ${path}, ${heading}`);
      }
    }
    expect(missing).toEqual([]);
  });
});

test('the counts are those of the rows', () => {
  const counted = [...sectionOf(document, 'Counts').matchAll(/^\| (V\d+|All) +\| ([123 and]+?) +\| (.*) \|$/gm)];
  const expected = counted.map(([, chapter, levels]) => {
    const some = rows.filter(
      ({ number, level }) =>
        (chapter === 'All' || `V${number.split('.')[0]}` === chapter) && levels!.split(' and ').includes(level),
    );
    return standings.map((standing) => some.filter((row) => row.standing === standing).length);
  });
  expect(counted.map(([, , , cells]) => cells!.split('|').map(Number))).toEqual(expected);
  expect(counted.map(([, chapter]) => chapter)).toEqual(
    [...document.matchAll(/^## (V\d+) /gm)].flatMap(([, chapter]) => [chapter, chapter]).concat(['All', 'All']),
  );
});
