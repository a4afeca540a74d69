// Tables and their times as people read them.
import { afterEach, expect, test, vi } from 'vitest';
import { output, roughly } from '../../src/cli/frame/output.ts';
import { longId, shortIds } from '../../src/cli/frame/short-id.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test('on a narrow terminal cells are cut, headings are not', () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const [isTTY, columns] = [process.stdout.isTTY, process.stdout.columns];
  Object.assign(process.stdout, { isTTY: true, columns: 20 });
  try {
    const row = { one: 'a'.repeat(30), two: 'b'.repeat(30), three: 'c'.repeat(30) };
    const headings = ['Redirect URIs', 'Algorithm', 'Id'];
    const of = Object.keys(row) as (keyof typeof row)[];
    output(false).list(
      [row],
      of.map((name, i) => ({ head: headings[i]!, of: (one: typeof row) => one[name] })),
      'none',
    );
  } finally {
    Object.assign(process.stdout, { isTTY, columns });
  }
  expect(written.join('')).toMatch(/^Redirect URIs {2}Algorithm {2}Id\na{12}… {2}b{8}… {2}c{5}…\n$/);
});

const now = Date.parse('2026-03-01T12:00:00Z');
test.each([
  [now, 'just now'],
  [now - 59_000, 'just now'],
  [now - 60_000, '1 minute ago'],
  [now - 3 * 3_600_000 - 59 * 60_000, '3 hours ago'],
  [now - 48 * 3_600_000, '2 days ago'],
  [now + 30_000, 'in a minute'],
  [now + 25 * 3_600_000, 'in 1 day'],
])('%i: %s', (at, words) => {
  expect(roughly(new Date(at).toISOString(), now)).toBe(words);
});

test('short ids are as long as tells them apart, and the end of one alone means it', async () => {
  const ids = ['0-1-aa12345678', '0-1-ba12345678', '0-1-cc87654321'];
  const short = shortIds(ids);
  expect(ids.map(short)).toEqual(['aa12345678', 'ba12345678', 'cc87654321']);
  expect(shortIds(ids.slice(1))(ids[1]!)).toBe('12345678');
  const find = async (end: string) => ids.filter((id) => id.endsWith(end));
  expect(await longId('87654321', find)).toBe(ids[2]);
  expect(await longId('99999999', find)).toBe('99999999');
  await expect(longId('12345678', find)).rejects.toThrow('More than one id ends in 12345678');
});
