// The best practices of the use cases: each has a test that names it, with a Signet, a service that checks tokens, and what comes in.
import { Writable } from 'node:stream';
import { cookieName } from '../support/cookies.ts';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read.ts';
import { signJwt } from '../../src/crypto/jwt.ts';
import { opaqueBytes, opaqueToken } from '../../src/crypto/opaque-tokens.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { revokeKey } from '../../src/flows/keys/revoke.ts';
import { signingKey } from '../../src/flows/keys/ring.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { createVerifier, type Verifier } from '../../src/verifier/verifier.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, claimsOf, codeFlow, refresh, revokeToken, tokenRequest, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const audience = 'https://orders.example/api';
const person = {
  ...world.users[0]!,
  phone_number: '+15550001',
  address: { street_address: 'Somewhere 1' },
  birthdate: '1990-01-01',
};
const worker = {
  client_id: 'worker',
  client_secret: 'a-secret-of-the-worker-with-32-characters',
  grant_types: ['client_credentials' as const],
  response_types: [],
  redirect_uris: [],
  scope: 'orders:read',
};

let signet: TestSignet;
let verifier: Verifier;
let log = '';
beforeAll(async () => {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  signet = await startSignet({
    provision: {
      ...world,
      users: [person, world.users[1]!],
      settings: { default_resource: audience },
      resources: [{ identifier: audience, scopes: ['orders:read'] }],
      clients: [...world.clients, worker],
    },
    log: pino({ level: 'trace' }, stream),
  });
  verifier = createVerifier({ issuer: signet.issuer, audience, now: () => signet.clock.now });
});
afterAll(() => signet.stop());

const signIn = async () => (await logIn(signet, alice)).body;
const outcome = (token: string, by = verifier) =>
  by.verify(token).then(
    () => 'taken',
    (error: Error & { description?: string }) => error.description ?? error.message,
  );
const tenant = async () => (await tenantBySlug(signet.server.deps, 'default'))!;

describe('Always use HTTPS to protect tokens in transit', () => {
  const config = (PUBLIC_URL: string) => readConfig({ PUBLIC_URL, DATA_DIR: '/tmp/none' });

  test('an issuer of http is refused wherever it could be reached by others', () => {
    expect(() => config('http://id.example')).toThrow(/PUBLIC_URL/);
    expect(() => createVerifier({ issuer: 'http://id.example', audience })).toThrow(/must be of https/);
    expect(() => createVerifier({ issuer: 'https://id.example', audience })).not.toThrow();
  });

  test('an application that would be sent its code by http is not registered', async () => {
    const client = { ...webClient, client_id: 'plain', redirect_uris: ['http://app.example/callback'] };
    await expect(signet.provision({ clients: [client] })).rejects.toThrow(/https/);
  });

  test('no token travels in an address, where it would be logged and passed on', async () => {
    const { token } = await signIn();
    const answer = await fetch(`${signet.issuer}/oauth/userinfo?access_token=${token}`);
    expect(answer.status).toBe(400);
    const { location } = await createAgent().get(
      `${signet.issuer}/oauth/authorize?response_type=token&client_id=web&redirect_uri=${encodeURIComponent(webClient.redirect_uris[0]!)}`,
    );
    expect(location).toContain('error=unsupported_response_type');
  });
});

describe('Set appropriate expiration times for tokens', () => {
  test('an access token for a quarter of an hour, a family for a week, and refused everywhere when they are over', async () => {
    const { token, expires_in, refresh_token } = await signIn();
    const { exp, iat } = claimsOf(token) as { exp: number; iat: number };
    expect([expires_in, exp - iat]).toEqual([900, 900]);
    expect(await outcome(token)).toBe('taken');
    signet.clock.advance(906);
    expect(await outcome(token)).toBe('The access token has expired.');
    signet.clock.advance(7 * 24 * 3600);
    expect((await refreshAt(signet, refresh_token)).status).toBe(401);
  });

  test('no client can have access tokens for longer than a day', async () => {
    const client = { ...worker, client_id: 'forever', access_token_lifetime: 7 * 24 * 3600 };
    await expect(signet.provision({ clients: [client] })).rejects.toThrow(/access_token_lifetime/);
  });
});

describe('Implement token refresh mechanisms for long-lived sessions', () => {
  test('each refresh brings the next refresh token; one that is used after its child ends the family, and its access tokens', async () => {
    const first = await signIn();
    const second = (await refreshAt(signet, first.refresh_token)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const third = (await refreshAt(signet, second.refresh_token)).body;
    expect(await outcome(third.token)).toBe('taken');
    signet.clock.advance(60);
    expect((await refreshAt(signet, first.refresh_token)).status).toBe(401);
    expect((await refreshAt(signet, third.refresh_token)).status).toBe(401);
    signet.clock.advance(3);
    expect(await outcome(third.token)).toBe('The access token was revoked.');
  });
});

describe('Validate all claims and use allowlists for claim values', () => {
  /** A token by Signet's own key, of which one thing is other than it should be. */
  const made = async (change: object, type = 'at+jwt') => {
    const key = await signingKey(signet.server.deps, await tenant(), 'ES256');
    return signJwt(key, type, { ...claimsOf((await signIn()).token), ...change });
  };
  const seconds = () => Math.floor(signet.clock.now / 1000);

  test.each<[what: string, change: () => object, type?: string]>([
    ['another issuer', () => ({ iss: 'https://other.example' })],
    ['another audience', () => ({ aud: 'https://elsewhere.example' })],
    ['an end that has passed', () => ({ exp: seconds() - 10 })],
    ['no end', () => ({ exp: undefined })],
    ['an end that is no number', () => ({ exp: 'never' })],
    ['a beginning that is to come', () => ({ nbf: seconds() + 60 })],
    ['a making that is to come', () => ({ iat: seconds() + 60 })],
    ['no client', () => ({ client_id: undefined })],
    ['no person', () => ({ sub: undefined })],
    [
      'a status list of somebody else',
      () => ({ status: { status_list: { idx: 1, uri: 'https://evil.example/list' } } }),
    ],
    ['the type of an ID token', () => ({}), 'JWT'],
    ['the type of a status list', () => ({}), 'statuslist+jwt'],
  ])('signed by the right key, with %s: refused', async (_what, change, type) => {
    expect(await outcome(await made({}))).toBe('taken');
    expect(await outcome(await made(change(), type))).not.toBe('taken');
  });

  test('only algorithms that are on the list, and never one that the token chooses', async () => {
    const [, payload, signature] = (await signIn()).token.split('.') as [string, string, string];
    for (const alg of ['none', 'HS256', 'HS512', 'ES512', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
      for (const one of [`${header}.${payload}.${signature}`, `${header}.${payload}.`])
        expect(await outcome(one)).not.toBe('taken');
    }
    expect(() => createVerifier({ issuer: signet.issuer, audience, algorithms: ['HS256'] })).toThrow(/no algorithm/);
  });

  test('values of requests are on a list as well: scopes, resources, redirect URIs, response types', async () => {
    const ask = async (form: Record<string, string>) =>
      (await tokenRequest(signet, worker, { grant_type: 'client_credentials', ...form })).body.error;
    expect([
      await ask({ scope: 'orders:write' }),
      await ask({ resource: 'https://elsewhere.example' }),
      await ask({ grant_type: 'password' }),
    ]).toEqual(['invalid_scope', 'invalid_target', 'unsupported_grant_type']);
  });
});

describe('Never store sensitive data in JWT payloads', () => {
  test('whatever Signet knows of a person: an access token says who by a number, and nothing that only concerns them', async () => {
    const { tokens } = await codeFlow(signet, webClient, {
      change: { scope: 'openid profile email', resource: audience },
    });
    const names = Object.keys(claimsOf((await signIn()).token)).toSorted();
    expect(names).toEqual(
      [
        'acr',
        'amr',
        'aud',
        'auth_time',
        'client_id',
        'exp',
        'grant_id',
        'iat',
        'iss',
        'jti',
        'mfa_method',
        'mfa_verified',
        'scope',
        'sid',
        'status',
        'sub',
      ].toSorted(),
    );
    for (const token of [tokens.access_token, tokens.id_token]) {
      const text = JSON.stringify(claimsOf(token));
      for (const secret of ['alice', 'Adams', '@example.com', '+1555', 'Somewhere', '1990', 'argon2'])
        expect(text, secret).not.toContain(secret);
    }
  });

  test('what is for nobody’s eyes is no JWT: refresh tokens, codes and session cookies say nothing', async () => {
    const { tokens, code, agent } = await codeFlow(signet, webClient);
    for (const value of [tokens.refresh_token, code, agent.cookies.get(cookieName(signet, 'session'))!]) {
      expect(value).toMatch(/^sg[a-z]_[\w-]{43}$/);
      const [row] = await query(
        signet.database.url,
        `SELECT count(*)::int AS n FROM refresh_tokens WHERE encode(hash, 'escape') LIKE $1`,
        [value],
      );
      expect(row).toEqual({ n: 0 });
    }
  });
});

describe('Use strong secrets or proper key management for signing', () => {
  test('keys of two parts, of which only one is published; none that is weak', async () => {
    const { keys } = (await (await fetch(`${signet.issuer}/oauth/jwks`)).json()) as { keys: Record<string, string>[] };
    expect(new Set(keys.map(({ alg }) => alg))).toEqual(new Set(['ES256', 'RS256']));
    for (const key of keys) {
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret);
      if (key['kty'] === 'RSA') expect(Buffer.from(key['n']!, 'base64url').length * 8).toBeGreaterThanOrEqual(3072);
    }
  });

  test('a key that got into other hands is taken back, and services refuse what it signs', async () => {
    const { token } = await signIn();
    const careful = createVerifier({ issuer: signet.issuer, audience, now: () => signet.clock.now, keysMaxAge: 30 });
    expect(await outcome(token, careful)).toBe('taken');
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string };
    const { deps } = signet.server;
    await revokeKey(deps, contextWithoutRequest({ actor: 'operator' }, await tenant(), signet.clock.now), kid);
    signet.clock.advance(31);
    expect(await outcome(token, careful)).toBe('The access token is not valid here.');
    expect(await outcome((await signIn()).token, careful)).toBe('taken');
  });

  test('a secret that signs has as many bytes as its hash; what Signet makes has 256 bits', async () => {
    const signs = { ...worker, token_endpoint_auth_method: 'client_secret_jwt' as const };
    const weak = { ...signs, client_id: 'weak', client_secret: 'x'.repeat(31) };
    await expect(signet.provision({ clients: [weak] })).rejects.toThrow(/at least 32 characters/);
    expect(opaqueToken('clientSecret', signet.server.deps.random(opaqueBytes)).token).toMatch(/^sgx_[\w-]{43}$/);
  });
});

describe('Implement proper token revocation mechanisms', () => {
  test('a token that was given back, a session that was left, a person who was disabled: refused seconds later', async () => {
    const program = (await tokenRequest(signet, worker, { grant_type: 'client_credentials' })).body.access_token;
    const signedIn = await signIn();
    const user = { username: 'leaver', password: 'the long password of a leaver' };
    await signet.provision({ users: [user] });
    const leaver = (await logIn(signet, user)).body.token;
    const all = [program, signedIn.token, leaver];
    expect(await Promise.all(all.map((token) => outcome(token)))).toEqual(['taken', 'taken', 'taken']);
    await revokeToken(signet, worker, { token: program });
    await postJson(`${signet.issuer}/auth/logout`, { refresh_token: signedIn.refresh_token });
    await signet.provision({ users: [{ ...user, disabled: true }] });
    signet.clock.advance(3);
    const said = 'The access token was revoked.';
    expect(await Promise.all(all.map((token) => outcome(token)))).toEqual([said, said, said]);
  });

  test('and what cannot be looked up is not guessed: closed unless one chooses otherwise', async () => {
    const { token } = await signIn();
    const away = (revocation: 'closed' | 'open') =>
      createVerifier({
        issuer: signet.issuer,
        audience,
        now: () => signet.clock.now,
        revocation,
        fetch: (input, init) =>
          new Request(input).url.includes('/oauth/status/')
            ? Promise.reject(new TypeError('fetch failed'))
            : fetch(input, init),
      });
    expect(await outcome(token, away('closed'))).toMatch(/status list of the token cannot be had/);
    expect(await outcome(token, away('open'))).toBe('taken');
  });
});

describe('Monitor and log authentication events', () => {
  test('each stands in the audit log with who, when and from where, and no secret stands in any log', async () => {
    const password = 'a wrong password, once more';
    await logIn(signet, { ...alice, password });
    const signedIn = await signIn();
    const next = (await refreshAt(signet, signedIn.refresh_token)).body;
    const { tokens } = await codeFlow(signet, webClient);
    await refresh(signet, webClient, tokens.refresh_token);
    await postJson(`${signet.issuer}/auth/logout`, { refresh_token: next.refresh_token });
    const rows = await query<{ type: string; ip: string | null; user_id: string | null; data: object }>(
      signet.database.url,
      'SELECT type, ip::text, user_id, data FROM audit_events',
    );
    const types = new Set(rows.map(({ type }) => type));
    for (const type of [
      'user.signed_in',
      'user.sign_in_failed',
      'token.issued',
      'token.refreshed',
      'session.ended',
      'grant.revoked',
      'key.revoked',
      'token.reuse_detected',
    ])
      expect(types, type).toContain(type);
    const own = rows.filter(({ type }) => type === 'user.signed_in' || type === 'user.sign_in_failed');
    for (const { ip } of own) expect(ip).toMatch(/127\.0\.0\.1|::1/);
    const everything = log + JSON.stringify(rows);
    for (const secret of [
      alice.password,
      password,
      worker.client_secret,
      signedIn.token,
      signedIn.refresh_token,
      tokens.id_token,
    ])
      expect(everything).not.toContain(secret);
  });
});
