// Comparing what came with what a document shows. A … stands for what is different each time.
import { expect } from 'vitest';
import type { Fence } from './markdown.ts';

type Shown = Pick<Fence, 'language' | 'text'>;

// What npm and Node say of themselves before the command begins.
const prelude = /^(?:\s*\n|> .*\n|\.env not found\. .*\n)*/;

/** Compares the whole. In JSON a … stands for a value or a part of one, and lines may be broken differently. */
export function expectShown(came: string, shown: Shown): void {
  if (shown.language === 'json') expect(compact(came)).toMatch(whole(compact(shown.text), '[^"]*'));
  else expect(lines(came)).toMatch(whole(lines(shown.text), '\\S*'));
}

/** Where long lines are broken depends on the length of paths: what goes on below, far to the right, is put back. */
function lines(text: string): string {
  const whole = text
    .replace(prelude, '')
    .trimEnd()
    .replaceAll(/\n {20,}(?=\S)/g, ' ');
  return process.getuid?.() === 0 ? withoutWordsToRoot(whole) : whole;
}

/** Who follows a document is an ordinary user, but whoever runs these tests may be root, and is told more. */
function withoutWordsToRoot(text: string): string {
  const rest = text.replaceAll(/^(?:\{"level":"warn"|Warning: ).*Signet runs as root.*\n+/gm, '');
  const withoutFinding = rest.replace(/^warning {2}database-user .*\n\n?/m, '');
  return withoutFinding === rest ? rest : withoutFinding.replace(/ 1 warning, (\d+ ok\.)$/, ' 0 warnings, $1');
}

/** True when `came` has what is shown somewhere. */
export function shows(came: string, { text }: Shown): boolean {
  return new RegExp(pattern(text.trim(), '\\S*')).test(came);
}

/** Compares an HTTP response with one that is shown: its status, the headers that are shown, and its body. */
export function expectResponse(came: { status: number; headers: Headers; body: string }, shown: string): void {
  const [head = '', ...rest] = shown.trimEnd().split('\n\n');
  const [start = '', ...headers] = head.split('\n');
  expect(String(came.status), came.body).toBe(/^HTTP\/1\.1 (\d{3})\b/.exec(start)?.[1]);
  for (const line of headers) {
    const [, name, value] = /^([\w-]+): (.*)$/.exec(line)!;
    expect(came.headers.get(name!) ?? `(no header ${name})`).toMatch(whole(value!, '[^"]*'));
  }
  const body = rest.join('\n\n');
  const language = /^[{[]/.test(body) ? 'json' : 'text';
  if (body === '') expect(came.body).toBe('');
  else expectShown(came.body, { language, text: body });
}

function whole(text: string, anything: string): RegExp {
  return new RegExp(`^${pattern(text, anything)}$`);
}

function pattern(text: string, anything: string): string {
  return (
    text
      .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll(anyNumber, '\\d+')
      // As many as there are, which may be one.
      .replaceAll(/… (session|grant|row)s\b/g, '… $1s?')
      .replaceAll('…', anything)
  );
}

// A … without quotes stands for a number; this is how it gets through JSON.parse.
const anyNumber = '"a number"';

function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json.replaceAll(': …', `: ${anyNumber}`)));
  } catch {
    throw new Error(`This is not JSON: ${json}`);
  }
}
