// Client assertions that are forged, repeated or of another kind (M19, M36, M37, M38, M42, M44).
import { createServer } from 'node:http';
import { deflateRawSync } from 'node:zlib';
import { CompactEncrypt, exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeFlow, refresh, webClient, world } from '../support/flow.ts';
import { assertionOf, assertionType, type ClientKey, makeClientKey, postForm } from '../support/assertions.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const api = 'https://api.example';
const machine = { grant_types: ['client_credentials' as const], response_types: [], scope: 'api:read' };
const secret = 'a-secret-that-is-a-key-of-32-or-more';

let signet: TestSignet;
let second: TestSignet;
let key: ClientKey;
let rsa: ClientKey;
let attackers: ClientKey;
const evil = createServer((_request, response) => {
  visits += 1;
  response.end(JSON.stringify({ keys: [attackers.jwk] }));
});
let visits = 0;
let evilUrl: string;

beforeAll(async () => {
  [key, rsa, attackers] = await Promise.all([
    makeClientKey('ES256', 'one'),
    makeClientKey('RS256', 'two'),
    makeClientKey('ES256', 'one'),
  ]);
  const port = await new Promise<number>((resolve) =>
    evil.listen(0, '127.0.0.1', () => resolve((evil.address() as { port: number }).port)),
  );
  evilUrl = `http://127.0.0.1:${port}/jwks`;
  const own = { ...machine, token_endpoint_auth_method: 'private_key_jwt' as const };
  signet = await startSignet({
    // Were the server to follow what a header says, nothing else would keep it from getting there.
    config: { outboundAllow: [{ host: '127.0.0.1', port }] },
    provision: {
      ...world,
      clients: [
        ...world.clients,
        { ...own, client_id: 'signer', jwks: { keys: [key.jwk, rsa.jwk] } },
        { ...own, client_id: 'other', jwks: { keys: [(await makeClientKey('ES256')).jwk] } },
        { ...machine, client_id: 'shared', token_endpoint_auth_method: 'client_secret_jwt', client_secret: secret },
      ],
      resources: [{ identifier: api, scopes: ['api:read'] }],
    },
  });
  second = await startSignet({ beside: signet });
});
afterAll(async () => {
  evil.close();
  await second.stop();
  await signet.stop();
});

const ask = (assertion: string, at = signet.server.url) =>
  postForm(`${at}/oauth/token`, {
    grant_type: 'client_credentials',
    client_assertion: assertion,
    client_assertion_type: assertionType,
  });
const refused = { status: 400, body: { error: 'invalid_client' } };

describe('M19: an assertion is good once', () => {
  test('sent again here, and to another process: refused; another one of the same client passes', async () => {
    const assertion = await assertionOf(signet, 'signer', key);
    expect((await ask(assertion)).status).toBe(200);
    expect(await ask(assertion)).toMatchObject(refused);
    expect(await ask(assertion, second.server.url)).toMatchObject(refused);
    expect((await ask(await assertionOf(signet, 'signer', key), second.server.url)).status).toBe(200);
  });

  test.each([
    ['private_key_jwt', () => assertionOf(signet, 'signer', key)],
    ['client_secret_jwt', () => assertionOf(signet, 'shared', { secret })],
  ])('ten at once at two processes, %s: one token', async (_what, make) => {
    const assertion = await make();
    const places = [signet.server.url, second.server.url];
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(assertion, places[i % 2])));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200,
      ...Array<number>(9).fill(400),
    ]);
  });

  test('one signature, another jti: the same client with one jti in two assertions is refused the second time', async () => {
    const claims = { jti: 'the same' };
    expect((await ask(await assertionOf(signet, 'signer', key, { claims }))).status).toBe(200);
    expect(await ask(await assertionOf(signet, 'signer', rsa, { claims }))).toMatchObject(refused);
    // Of another client it is another one.
    expect((await ask(await assertionOf(signet, 'shared', { secret }, { claims }))).status).toBe(200);
  });

  test('what is refused spends nothing: the right one with its jti passes afterwards', async () => {
    const claims = { jti: 'kept' };
    expect(await ask(await assertionOf(signet, 'signer', attackers, { claims }))).toMatchObject(refused);
    expect((await ask(await assertionOf(signet, 'signer', key, { claims }))).status).toBe(200);
  });
});

/** A JWT with any header and any signature. */
function handmade(header: Record<string, unknown>, signature: string): string {
  const now = Math.floor(signet.clock.now / 1000);
  const claims = { iss: 'signer', sub: 'signer', aud: signet.issuer, jti: 'handmade', iat: now, exp: now + 60 };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

describe('M36: no signature', () => {
  test.each(['none', 'None', 'nOnE', 'NONE', ''])('alg "%s"', async (alg) => {
    for (const signature of ['', 'AAAA'])
      expect(await ask(handmade({ alg, kid: 'one' }, signature))).toMatchObject(refused);
  });

  test('an empty signature under a good algorithm; no algorithm; a list of them', async () => {
    for (const header of [{ alg: 'ES256', kid: 'one' }, { kid: 'one' }, { alg: ['ES256'], kid: 'one' }])
      expect(await ask(handmade(header, ''))).toMatchObject(refused);
  });

  test('discovery offers no such algorithm', async () => {
    const metadata = await (await fetch(`${signet.issuer}/.well-known/openid-configuration`)).json();
    for (const [name, algs] of Object.entries(metadata as Record<string, unknown>))
      if (name.includes('_alg_values_')) expect(algs, name).not.toContain('none');
  });
});

describe('M37: the public key as a secret', () => {
  const forms: readonly [string, (from: ClientKey) => Promise<string> | string][] = [
    ['PEM', ({ spki }) => spki],
    ['PEM with a line in front', ({ spki }) => `\n${spki}`],
    ['PEM trimmed', ({ spki }) => spki.trim()],
    ['JWK', ({ jwk }) => JSON.stringify(jwk)],
    ['DER', ({ spki }) => Buffer.from(spki.replaceAll(/-----.*-----|\s/g, ''), 'base64').toString('latin1')],
    ['modulus', async ({ publicKey }) => (await exportJWK(publicKey)).n ?? 'x'],
  ];
  test.each(forms)('%s', async (_what, form) => {
    for (const from of [rsa, key])
      for (const header of [{ kid: from.kid }, {}]) {
        const assertion = await assertionOf(signet, 'signer', { secret: await form(from) }, { header });
        expect(await ask(assertion)).toMatchObject(refused);
      }
  });

  test('the secret of another client', async () => {
    expect(await ask(await assertionOf(signet, 'shared', { secret: webClient.client_secret }))).toMatchObject(refused);
    expect(await ask(await assertionOf(signet, 'web', { secret: webClient.client_secret }))).toMatchObject(refused);
  });
});

test('M38: a key that the assertion brings along counts for nothing, and nobody is asked for one', async () => {
  for (const header of [
    { jwk: attackers.jwk },
    { jku: evilUrl },
    { x5u: evilUrl },
    { x5c: ['AAAA'] },
    { jwk: attackers.jwk, kid: undefined },
    { kid: evilUrl, jku: evilUrl },
  ])
    expect(await ask(await assertionOf(signet, 'signer', attackers, { header }))).toMatchObject(refused);
  expect(visits).toBe(0);
});

test('a key of another client, under its kid or none', async () => {
  expect(await ask(await assertionOf(signet, 'other', key))).toMatchObject(refused);
  expect(await ask(await assertionOf(signet, 'other', key, { header: { kid: undefined } }))).toMatchObject(refused);
});

test('a kid that every object has', async () => {
  for (const kid of ['__proto__', 'constructor', 'toString'])
    expect(await ask(await assertionOf(signet, 'signer', attackers, { header: { kid } }))).toMatchObject(refused);
});

describe('M42: tokens of another kind', () => {
  test('access token, ID token and refresh token are no assertions, of whichever client', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    for (const token of [tokens.access_token, tokens.id_token, tokens.refresh_token])
      expect(await ask(token)).toMatchObject(refused);
  });

  test.each(['at+jwt', 'dpop+jwt', 'logout+jwt', 'oauth-authz-req+jwt', 'secevent+jwt', 'statuslist+jwt'])(
    'a JWT of the type %s, signed by the right key',
    async (typ) => {
      expect(await ask(await assertionOf(signet, 'signer', key, { header: { typ } }))).toMatchObject(refused);
    },
  );

  test('an assertion is no access token, no hint and no refresh token', async () => {
    const assertion = await assertionOf(signet, 'signer', key);
    const userinfo = await fetch(`${signet.issuer}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${assertion}` },
    });
    expect(userinfo.status).toBe(401);
    expect((await refresh(signet, webClient, assertion)).body).toMatchObject({ error: 'invalid_grant' });
    const asked = await postForm(`${signet.issuer}/oauth/introspect`, {
      token: await assertionOf(signet, 'signer', key),
      client_assertion: assertion,
      client_assertion_type: assertionType,
    });
    expect(asked).toEqual({ status: 200, body: { active: false } });
  });

  test('crit with what is not understood', async () => {
    const header = { crit: ['exp'], exp: 1 };
    const made = await assertionOf(signet, 'signer', key, { header }).catch(() => undefined);
    expect(await ask(made ?? handmade({ alg: 'ES256', kid: 'one', ...header }, 'AAAA'))).toMatchObject(refused);
  });
});

describe('M44: what is expensive to open is not opened', () => {
  test('an encrypted one with ten million rounds of PBES2, one that unpacks to much, one that is long', async () => {
    const text = new TextEncoder().encode('{}');
    const encrypted = await new CompactEncrypt(text)
      .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2048 })
      .encrypt(new TextEncoder().encode(secret));
    const [head, ...rest] = encrypted.split('.');
    const costly = JSON.parse(Buffer.from(head!, 'base64url').toString()) as Record<string, unknown>;
    const bomb = Buffer.from(JSON.stringify({ ...costly, p2c: 10_000_000 })).toString('base64url');
    const packed = deflateRawSync(Buffer.alloc(50_000)).toString('base64url');
    const zipped = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' })).toString('base64url');
    const before = process.cpuUsage();
    for (const assertion of [[bomb, ...rest].join('.'), `${zipped}..AAAA.${packed}.AAAA`, `${'A'.repeat(60_000)}.A.A`])
      expect(await ask(assertion)).toMatchObject(refused);
    // A single derivation would take seconds of processor time.
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
