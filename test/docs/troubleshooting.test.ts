// docs/troubleshooting.md quotes what people see: every quoted text stands in the source, and every error code is explained.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../support/signet-process.ts';
import { read } from './project.ts';
import { spansOf, withoutFences } from './markdown.ts';

const path = 'docs/troubleshooting.md';

/** All texts of the source on one line each file: what is put in at run time is a …, and parts that are joined are one. */
async function sourceTexts(): Promise<string> {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((name) =>
    /\.ts$|\/en\.json$/.test(name),
  );
  const texts = await Promise.all(files.map((name) => read(join('src', name))));
  return texts
    .map((text) =>
      withoutInterpolations(text)
        .replaceAll(/['"`]\s*\+\s*['"`]/g, '')
        .replaceAll(/\{\w+\}/g, '…')
        .replaceAll("\\'", "'")
        .replaceAll('\n', ' '),
    )
    .join('\n');
}

function withoutInterpolations(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at += 1) {
    if (!text.startsWith('${', at)) {
      result += text[at];
      continue;
    }
    let depth = 0;
    for (; at < text.length; at += 1) {
      if (text[at] === '{') depth += 1;
      if (text[at] === '}') depth -= 1;
      if (text[at] === '}' && depth === 0) break;
    }
    result += '…';
  }
  return result;
}

/** Quotes are the code spans that are sentences, in cells and in the text. Codes and names are single words. */
function quotesOf(markdown: string): string[] {
  return spansOf(markdown).filter((span) => / /.test(span) && !/^(?:npx|signet|openssl|\w+:) /.test(span));
}

function isIn(source: string, quote: string): boolean {
  const parts = quote.split('…').map((part) => part.trim().replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(parts.join('.{0,200}?')).test(source);
}

describe(path, () => {
  test('every text that it quotes is in the source', async () => {
    const source = await sourceTexts();
    const quotes = quotesOf(await read(path));
    expect(quotes.length).toBeGreaterThan(80);
    expect(quotes.filter((quote) => !isIn(source, quote))).toEqual([]);
    // It would not do if everything were found.
    expect(isIn(source, 'The client secret is a bit wrong.')).toBe(false);
    expect(isIn(source, 'port … of … is given away.')).toBe(false);
  });

  test('every error code that there is stands in it', async () => {
    const errors = await read('src/domain/errors.ts');
    const codes = [...errors.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code!);
    expect(codes.length).toBeGreaterThan(30);
    const explained = new Set(spansOf(await read(path)));
    expect(codes.filter((code) => !explained.has(code))).toEqual([]);
  });

  test('every table row has as many cells as its head', async () => {
    for (const [table] of withoutFences(await read(path)).matchAll(/(?:^\|.*\|$\n?)+/gm)) {
      const widths = new Set(
        table
          .trim()
          .split('\n')
          .map((row) => row.replaceAll('\\|', '').split('|').length),
      );
      expect(widths.size, table).toBe(1);
    }
  });
});
