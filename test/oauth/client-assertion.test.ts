// Clients that prove who they are by an assertion (RFC 7523): signed with a key of their own, or with their secret.
import * as openid from 'openid-client';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertionOf, assertionType, type ClientKey, makeClientKey, postForm } from '../support/assertions.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { addClientSecret } from '../../src/flows/clients/secrets.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { query } from '../support/database.ts';
import { claimsOf } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const api = 'https://api.example';
const secret = 'a-secret-that-is-a-key-of-32-or-more';
const machine = { grant_types: ['client_credentials' as const], response_types: [], scope: 'api:read' };
const algs = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;

let signet: TestSignet;
let keys: Record<(typeof algs)[number], ClientKey>;
let unnamed: ClientKey;
beforeAll(async () => {
  const made = await Promise.all(algs.map(async (alg) => [alg, await makeClientKey(alg)] as const));
  keys = Object.fromEntries(made) as typeof keys;
  unnamed = await makeClientKey('ES256');
  const { kid: _kid, ...bare } = unnamed.jwk;
  const own = { ...machine, token_endpoint_auth_method: 'private_key_jwt' as const };
  signet = await startSignet({
    provision: {
      resources: [{ identifier: api, scopes: ['api:read'] }],
      clients: [
        { ...own, client_id: 'signer', jwks: { keys: made.map(([, { jwk }]) => jwk) }, serves: [api] },
        { ...own, client_id: 'unnamed', jwks: { keys: [bare] } },
        {
          ...own,
          client_id: 'ps256',
          jwks: { keys: [keys.PS256.jwk, keys.ES256.jwk] },
          token_endpoint_auth_signing_alg: 'PS256',
        },
        { ...machine, client_id: 'shared', token_endpoint_auth_method: 'client_secret_jwt', client_secret: secret },
        { ...machine, client_id: 'basic', client_secret: secret },
      ],
    },
  });
});
afterAll(() => signet.stop());

const ask = (assertion: string, form: Record<string, string> = {}) =>
  postForm(`${signet.issuer}/oauth/token`, {
    grant_type: 'client_credentials',
    client_assertion: assertion,
    client_assertion_type: assertionType,
    ...form,
  });

describe('private_key_jwt', () => {
  test.each(algs)('%s: a token for the client that signed', async (alg) => {
    const { status, body } = await ask(await assertionOf(signet, 'signer', keys[alg]));
    expect([status, body['error_description']]).toEqual([200, undefined]);
    expect(claimsOf(String(body['access_token']))).toMatchObject({ sub: 'signer', client_id: 'signer', aud: api });
  });

  test('client_id may stand beside it, and must be the same', async () => {
    expect((await ask(await assertionOf(signet, 'signer', keys.ES256), { client_id: 'signer' })).status).toBe(200);
    const other = await ask(await assertionOf(signet, 'signer', keys.ES256), { client_id: 'basic' });
    expect([other.status, other.body['error']]).toEqual([400, 'invalid_request']);
  });

  test('a key without a kid is found by its kind', async () => {
    expect((await ask(await assertionOf(signet, 'unnamed', unnamed))).status).toBe(200);
    const header = { kid: undefined };
    expect((await ask(await assertionOf(signet, 'signer', keys.ES256, { header }))).status).toBe(200);
  });

  test.each(['JWT', 'client-authentication+jwt', 'application/client-authentication+jwt'])('typ %s', async (typ) => {
    expect((await ask(await assertionOf(signet, 'signer', keys.ES256, { header: { typ } }))).status).toBe(200);
  });

  test('the audience may stand in a list of one', async () => {
    const claims = { aud: [signet.issuer] };
    expect((await ask(await assertionOf(signet, 'signer', keys.ES256, { claims }))).status).toBe(200);
  });

  test('introspection and revocation take it as well', async () => {
    const token = String((await ask(await assertionOf(signet, 'signer', keys.ES256))).body['access_token']);
    const at = async (endpoint: string) =>
      postForm(`${signet.issuer}/oauth/${endpoint}`, {
        token,
        client_assertion: await assertionOf(signet, 'signer', keys.ES256),
        client_assertion_type: assertionType,
      });
    expect((await at('introspect')).body).toMatchObject({ active: true, client_id: 'signer' });
    expect((await at('revoke')).status).toBe(200);
    expect((await at('introspect')).body).toEqual({ active: false });
  });

  test('openid-client signs in with a key', async () => {
    const { privateKey: key, kid } = keys.ES256;
    const options = { execute: [openid.allowInsecureRequests] };
    const config = await openid.discovery(
      new URL(signet.issuer),
      'signer',
      undefined,
      openid.PrivateKeyJwt({ key, kid }),
      options,
    );
    const tokens = await openid.clientCredentialsGrant(config);
    expect(tokens.scope).toBe('api:read');
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true });
    await openid.tokenRevocation(config, tokens.access_token);
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: false });
  });

  test('oauth4webapi signs in with a key: token, introspection and revocation', async () => {
    const url = new URL(signet.issuer);
    const loopback = { [oauth.allowInsecureRequests]: true };
    const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, loopback));
    const client = { client_id: 'signer' };
    const { privateKey: key, kid } = keys.PS256;
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.PrivateKeyJwt({ key, kid }),
      {},
      loopback,
    );
    const tokens = await oauth.processClientCredentialsResponse(as, client, response);
    expect(tokens.scope).toBe('api:read');
    const introspected = async () => {
      const proof = oauth.PrivateKeyJwt({ key, kid });
      const asked = await oauth.introspectionRequest(as, client, proof, tokens.access_token, loopback);
      return oauth.processIntrospectionResponse(as, client, asked);
    };
    expect(await introspected()).toMatchObject({ active: true, client_id: 'signer', scope: 'api:read' });
    const proof = oauth.PrivateKeyJwt({ key, kid });
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, proof, tokens.access_token, loopback),
    );
    expect(await introspected()).toEqual({ active: false });
  });
});

describe('client_secret_jwt', () => {
  test('a token for the client whose secret it is', async () => {
    const { status, body } = await ask(await assertionOf(signet, 'shared', { secret }));
    expect([status, body['error_description']]).toEqual([200, undefined]);
  });

  test('openid-client and oauth4webapi speak it', async () => {
    const options = { execute: [openid.allowInsecureRequests] };
    const config = await openid.discovery(
      new URL(signet.issuer),
      'shared',
      undefined,
      openid.ClientSecretJwt(secret),
      options,
    );
    expect((await openid.clientCredentialsGrant(config)).scope).toBe('api:read');
  });

  test('the secret is no Basic secret any more', async () => {
    const answer = await postForm(`${signet.issuer}/oauth/token`, {
      grant_type: 'client_credentials',
      client_id: 'shared',
      client_secret: secret,
    });
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_client']);
  });
});

describe('a process of an earlier version that rotates the secret alone', () => {
  test('ends what was sealed, and what was added beside it', async () => {
    const id = 'upgraded';
    const client = { ...machine, client_id: id, token_endpoint_auth_method: 'client_secret_jwt' as const };
    await signet.provision({ clients: [{ ...client, client_secret: secret }] });
    const context = contextWithoutRequest(
      { actor: 'server' },
      (await tenantBySlug(signet.server.deps, 'default'))!,
      signet.clock.now,
    );
    const added = await addClientSecret(signet.server.deps, context, id, undefined);
    for (const by of [secret, added.secret])
      expect((await ask(await assertionOf(signet, id, { secret: by }))).status).toBe(200);
    await query(
      signet.database.url,
      `UPDATE clients SET secret_mac = (SELECT secret_mac FROM clients WHERE id = 'basic') WHERE id = $1`,
      [id],
    );
    signet.server.deps.memory.drop({ kind: 'client', tenantId: context.tenant.id, entity: id });
    for (const by of [secret, added.secret])
      expect((await ask(await assertionOf(signet, id, { secret: by }))).status).toBe(400);
  });
});

describe('what is refused, and how the client is told', () => {
  const second = 1000;
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['expired', { exp: -30 }, /expired \(exp\)/],
    ['good for an hour', { exp: 3600 }, /longer than 10 minutes/],
    ['without an end', { exp: undefined }, /has no exp/],
    ['from the future', { iat: 60, exp: 120 }, /future \(iat\)/],
    ['not good yet', { nbf: 600 }, /not good yet/],
    ['without a jti', { jti: undefined }, /has no jti/],
    ['with a jti that is a number', { jti: 7 }, /The jti/],
    ['with an endless jti', { jti: 'x'.repeat(501) }, /The jti/],
    ['for the token endpoint', { aud: 'token endpoint' }, /must be the issuer/],
    ['for the issuer and somebody else', { aud: 'two' }, /must be the issuer/],
    ['for nobody', { aud: undefined }, /must be the issuer/],
    ['of somebody else', { iss: 'basic' }, /must both be the client_id/],
  ])('%s', async (_what, given, problem) => {
    const now = Math.floor(signet.clock.now / second);
    const times = ['exp', 'iat', 'nbf'];
    const claims = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        times.includes(name) && typeof value === 'number'
          ? now + value
          : value === 'token endpoint'
            ? `${signet.issuer}/oauth/token`
            : value === 'two'
              ? [signet.issuer, 'https://elsewhere.example']
              : value,
      ]),
    );
    const { status, body } = await ask(await assertionOf(signet, 'signer', keys.ES256, { claims }));
    expect([status, body['error'], body['error_description']]).toEqual([
      400,
      'invalid_client',
      expect.stringMatching(problem),
    ]);
  });

  test.each<[string, string, string]>([
    ['another algorithm than the registered one', 'ps256', 'ES256'],
    ['a client with a secret', 'basic', 'ES256'],
    ['a client that is not there', 'nobody', 'ES256'],
  ])('%s', async (_what, client, alg) => {
    const { status, body } = await ask(await assertionOf(signet, client, keys[alg as 'ES256']));
    expect([status, body['error']]).toEqual([400, 'invalid_client']);
  });

  test('the registered algorithm is taken', async () => {
    expect((await ask(await assertionOf(signet, 'ps256', keys.PS256))).status).toBe(200);
  });

  test.each([
    ['no type', { client_assertion_type: '' }],
    ['another type', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }],
    ['a secret beside it', { client_secret: secret }],
  ])('%s: invalid_request', async (_what, form) => {
    const { status, body } = await ask(await assertionOf(signet, 'signer', keys.ES256), form);
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  test('clocks may differ by ten seconds, and the jti is spent for as long', async () => {
    const late = await assertionOf(signet, 'signer', keys.ES256, {
      claims: { exp: Math.floor(signet.clock.now / second) - 9 },
    });
    expect((await ask(late)).status).toBe(200);
    expect((await ask(late)).body['error_description']).toMatch(/used before/);
  });
});

describe('registration', () => {
  const rejected = async (entry: Record<string, unknown>) =>
    signet
      .provision({
        clients: [{ ...machine, client_id: 'new', token_endpoint_auth_method: 'private_key_jwt', ...entry } as never],
      })
      .then(
        () => 'taken',
        (error: unknown) => (error as Error).message,
      );

  test('no key, a private key, a symmetric one, a short one, one for encryption, twice one kid, both places', async () => {
    const { jwk } = keys.ES256;
    const short = { kty: 'RSA', n: 'A'.repeat(171), e: 'AQAB' };
    expect(await rejected({})).toMatch(/jwks.* is needed for private_key_jwt, or jwks_uri/);
    expect(await rejected({ jwks: { keys: [] } })).toMatch(/at least one key/);
    expect(await rejected({ jwks: { keys: [{ ...jwk, d: 'AAAA' }] } })).toMatch(/is a private key/);
    expect(await rejected({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } })).toMatch(/kty/);
    expect(await rejected({ jwks: { keys: [short] } })).toMatch(/at least 2048 bits/);
    expect(await rejected({ jwks: { keys: [{ ...jwk, use: 'enc' }] } })).toMatch(/use is not sig/);
    expect(await rejected({ jwks: { keys: [jwk, jwk] } })).toMatch(/two keys of one kid/);
    expect(await rejected({ jwks: { keys: [{ ...jwk, crv: 'P-384' }] } })).toMatch(/must be a public key for/);
    expect(await rejected({ jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA' }] } })).toMatch(/has no y/);
    expect(await rejected({ jwks: { keys: [{ kty: 'EC', crv: 'Ed25519', x: 'AA', y: 'AA' }] } })).toMatch(/must be a/);
    expect(await rejected({ jwks: { keys: [jwk] }, jwks_uri: 'https://a.example/keys' })).toMatch(/beside jwks/);
    expect(await rejected({ jwks_uri: 'javascript:alert(1)' })).toMatch(/jwks_uri/);
  });

  test('a secret beside a key, a short secret as a key, an algorithm of the other kind', async () => {
    const jwks = { keys: [keys.ES256.jwk] };
    expect(await rejected({ jwks, client_secret: secret })).toMatch(/no use with .* private_key_jwt/);
    const shared = { token_endpoint_auth_method: 'client_secret_jwt' };
    expect(await rejected({ ...shared, client_secret: 'short' })).toMatch(/at least 32 characters/);
    const alg = 'token_endpoint_auth_signing_alg';
    expect(await rejected({ jwks, [alg]: 'HS256' })).toMatch(/cannot be HS256 with private_key_jwt/);
    expect(await rejected({ ...shared, client_secret: secret, [alg]: 'ES256' })).toMatch(/cannot be ES256/);
    expect(await rejected({ token_endpoint_auth_method: 'none', [alg]: 'ES256' })).toMatch(/no use with none/);
  });

  test('a client whose secret was stored to be recognized must give it again to sign with it', async () => {
    const jwt = { token_endpoint_auth_method: 'client_secret_jwt' };
    expect(await rejected({ client_id: 'basic', ...jwt })).toMatch(/must be given again/);
    expect(await rejected({ client_id: 'basic', ...jwt, client_secret: secret })).toBe('taken');
    expect((await ask(await assertionOf(signet, 'basic', { secret }))).status).toBe(200);
  });
});
