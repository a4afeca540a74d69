// Bodies that are malformed, ambiguous, too large or of another kind: a 4xx in the words of whoever asked, never a 500.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { world } from '../support/flow.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

const form = 'application/x-www-form-urlencoded';
const json = 'application/json';
const programs = ['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/oauth/userinfo', '/api/userinfo'];
const browsers = ['/oauth/authorize', '/oauth/logout', '/sign-in', '/consent', '/sign-out', '/account/consents/revoke'];

function post(path: string, type: string | undefined, body: string | Buffer): Promise<RawAnswer> {
  const headers = {
    'content-length': String(Buffer.byteLength(body)),
    ...(type === undefined ? {} : { 'content-type': type }),
  };
  return rawRequest(signet.issuer, { method: 'POST', path, headers, body });
}

/** RFC 6749 5.2. */
function expectOAuthError(answer: RawAnswer, status: number): void {
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  expect([answer.status, body['error']], answer.body).toEqual([status, 'invalid_request']);
  expect(Object.keys(body)).toEqual(['error', 'error_description']);
}

function expectErrorPage(answer: RawAnswer, status: number): void {
  expect(answer.status, answer.body.slice(0, 200)).toBe(status);
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.headers['location']).toBeUndefined();
  for (const id of ['error-code', 'error-description', 'error-reference']) expect(answer.body).toContain(`id="${id}"`);
}

const nul = Buffer.from([0]);
const malformedForms: [string, string | Buffer][] = [
  ['bad percent-encoding', 'a=%zz'],
  ['a cut percent-encoding', 'a=%e2%82'],
  ['a lone %', '%=a'],
  ['an encoded NUL', 'a=b%00c'],
  ['a NUL in a name', 'a%00=b'],
  ['a raw NUL', Buffer.concat([Buffer.from('a=b'), nul])],
  ['invalid UTF-8', Buffer.from([0x61, 0x3d, 0xff, 0xfe])],
  ['an encoded surrogate', 'a=%ed%a0%80'],
  ['an overlong encoding', 'a=%c0%80'],
  ['too many parameters', 'a=1&'.repeat(201)],
];

describe.each(malformedForms)('a form with %s', (_what, body) => {
  test.each(programs)('%s: 400 JSON', async (path) => expectOAuthError(await post(path, form, body), 400));
  test.each(browsers)('%s: 400 page', async (path) => expectErrorPage(await post(path, form, body), 400));
});

describe.each<[string, string | Buffer]>([
  ['that is no JSON', '{"a":'],
  ['that is empty', ''],
  ['that is only spaces', '  '],
  ['that is a list', '[]'],
  ['that is null', 'null'],
  ['that is a string', '"grant_type=refresh_token"'],
  ['with a nested object', '{"grant_type":{"a":"b"}}'],
  ['with a list', '{"grant_type":["refresh_token"]}'],
  ['with a number', '{"grant_type":1}'],
  ['with a null', '{"grant_type":null}'],
  ['with a name twice', '{"client_id":"spa","client_id":"web"}'],
  ['with a name twice, once escaped', '{"client_id":"spa","client\\u005fid":"web"}'],
  ['with __proto__', '{"__proto__":"x"}'],
  ['with a NUL', '{"grant_type":"a\\u0000b"}'],
  ['with a NUL in a name', '{"a\\u0000":"b"}'],
  ['with invalid UTF-8', Buffer.from('{"a":"\xff"}', 'latin1')],
  ['that is very deep', '['.repeat(30_000)],
  ['with too many names', JSON.stringify(Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`n${i}`, '1'])))],
])('a JSON body %s', (_what, body) => {
  test.each(programs)('%s: 400 JSON', async (path) => expectOAuthError(await post(path, json, body), 400));
});

describe.each([
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/jwt',
  'application/x-www-form-urlencodedx',
  'application/json-patch+json',
  'application/vnd.api+json',
  'nonsense',
])('a body of %s', (type) => {
  test.each(programs)('%s: 415 JSON', async (path) => expectOAuthError(await post(path, type, 'a=b'), 415));
  test.each(browsers)('%s: 415 page', async (path) => expectErrorPage(await post(path, type, 'a=b'), 415));
});

test('pages take no JSON, which another site could send as text', async () => {
  for (const path of browsers) expectErrorPage(await post(path, json, '{"decision":"allow"}'), 415);
});

test('a body without a type is not guessed at', async () => {
  for (const path of programs) expectOAuthError(await post(path, undefined, 'grant_type=refresh_token'), 415);
  for (const path of browsers) expectErrorPage(await post(path, undefined, 'a=b'), 415);
});

test('no body at all is a request without parameters', async () => {
  for (const path of programs) expect([400, 401], path).toContain((await post(path, undefined, '')).status);
  expectErrorPage(await post('/oauth/authorize', undefined, ''), 400);
  expectErrorPage(await post('/sign-in', undefined, ''), 400);
});

test('64 KiB are read, one byte more is 413', async () => {
  const fits = `a=${'b'.repeat(65_534)}`;
  for (const path of programs) {
    expect([400, 401], path).toContain((await post(path, form, fits)).status);
    expectOAuthError(await post(path, form, `${fits}b`), 413);
    expectOAuthError(await post(path, json, `${fits}b`), 413);
  }
  for (const path of browsers) expectErrorPage(await post(path, form, `${fits}b`), 413);
});

test('names that mean something to JavaScript are names like any other', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a[b]', 'a.b', 'then']) {
    const answer = await post('/oauth/token', form, `${encodeURIComponent(name)}=refresh_token&client_id=spa`);
    expectOAuthError(answer, 400);
    expectErrorPage(await post('/oauth/authorize', form, `${encodeURIComponent(name)}=x`), 400);
  }
  expect(({} as Record<string, unknown>)['refresh_token']).toBeUndefined();
});
