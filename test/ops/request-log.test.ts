// Which requests the log has a line for: all but the everyday ones that programs repeat and that went well.
import { Writable } from 'node:stream';
import pino, { type Level } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet | undefined;
afterEach(() => signet?.stop());

type Line = { route?: string; status?: number; level: number };

/** The lines about requests, after the everyday ones were sent, good and bad. */
async function linesAt(level: Level): Promise<Line[]> {
  const lines: Line[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Line);
      done();
    },
  });
  signet = await startSignet({ log: pino({ level }, stream) });
  for (const path of ['/.well-known/openid-configuration', '/oauth/jwks', '/live', '/ready', '/t/nobody/oauth/jwks'])
    await fetch(signet.issuer + path).then((answer) => answer.text());
  await fetch(`${signet.issuer}/oauth/jwks`, { method: 'POST' }).then((answer) => answer.text());
  const asked = () => lines.filter((line) => line.route !== undefined);
  await expect.poll(() => asked().some(({ status }) => status === 405)).toBe(true);
  return asked();
}

test('documents and probes that were answered have no line; the same refused have one', async () => {
  const lines = await linesAt('info');
  expect(lines.map(({ route, status }) => `${route} ${status}`)).toEqual([
    '/t/:slug/oauth/jwks 404',
    '/oauth/jwks 405',
  ]);
});

test('at the level debug every request has a line', async () => {
  const lines = await linesAt('debug');
  expect(lines.map(({ route }) => route)).toEqual([
    '/.well-known/openid-configuration',
    '/oauth/jwks',
    '/live',
    '/ready',
    '/t/:slug/oauth/jwks',
    '/oauth/jwks',
  ]);
});

test('an address that nothing answers: the one of ours that was probably meant, and nothing of what was sent', async () => {
  const lines: (Line & { near?: string })[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Line);
      done();
    },
  });
  signet = await startSignet({ log: pino({ level: 'info' }, stream) });
  const asked = [
    ['/oauth/tokens?code=secret-text', '/oauth/token'],
    ['/oauth2/token', '/oauth/token'],
    ['/t/default/oauth/autorize', '/oauth/authorize'],
    ['/wp-login.php', undefined],
    [`/${'x'.repeat(5000)}`, undefined],
  ];
  for (const [path] of asked) await fetch(signet.issuer + path!).then((answer) => answer.text());
  const unknown = () => lines.filter(({ route }) => route === 'unknown');
  await expect.poll(() => unknown().length).toBe(asked.length);
  expect(unknown().map(({ status, near }) => [status, near])).toEqual(asked.map(([, near]) => [404, near]));
  expect(JSON.stringify(lines)).not.toContain('secret-text');
});
