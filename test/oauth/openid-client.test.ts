// Whole flows with openid-client as it is published, switched to plain http only in the way that it documents.
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { alice, authorizeInteractively, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const secret = 'a-secret-that-has-at-least-32-characters';
const redirectUri = 'https://client.example/cb';
const bye = 'https://client.example/bye';
const registered = { redirect_uris: [redirectUri], post_logout_redirect_uris: [bye] };

let signet: TestSignet;
beforeAll(async () => {
  const provision = {
    users: world.users,
    clients: [
      {
        ...registered,
        client_id: 'server',
        client_secret: secret,
        token_endpoint_auth_method: 'client_secret_post' as const,
      },
      { ...registered, client_id: 'basic', client_secret: secret },
      { ...registered, client_id: 'open', token_endpoint_auth_method: 'none' as const },
      {
        client_id: 'machine',
        client_secret: secret,
        grant_types: ['client_credentials' as const],
        response_types: [],
        scope: 'api:read api:write',
      },
    ],
    resources: [{ identifier: 'https://api.example/v1', scopes: ['api:read', 'api:write'] }],
  };
  signet = await startSignet({ provision });
  await signet.provision({ ...provision, tenant: { slug: 'acme', name: 'Acme' } });
});
afterAll(() => signet.stop());

const authentications: Record<string, client.ClientAuth | undefined> = {
  // Its default with a secret is client_secret_post.
  server: undefined,
  basic: client.ClientSecretBasic(secret),
  open: client.None(),
};

function discover(issuer: string, id: string): Promise<client.Configuration> {
  return client.discovery(
    new URL(issuer),
    id,
    // The server's clock stands still while these tests run.
    { ...(id === 'open' ? {} : { client_secret: secret }), [client.clockTolerance]: 60 },
    authentications[id],
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
}

async function signInWith(config: client.Configuration, more: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  });
  const agent = createAgent();
  const response = await authorizeInteractively(agent, { url: url.href }, alice);
  const tokens = await client.authorizationCodeGrant(config, new URL(`${redirectUri}?${response.toString()}`), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
    ...(more['max_age'] === undefined ? {} : { maxAge: Number(more['max_age']) }),
  });
  return { tokens, agent };
}

describe.each(['', '/t/acme'])('at the issuer %s', (path) => {
  test.each(['server', 'basic', 'open'])('%s: signs in, reads UserInfo, refreshes, signs out', async (id) => {
    const config = await discover(`${signet.issuer}${path}`, id);
    const { tokens, agent } = await signInWith(config);
    const { sub } = tokens.claims()!;
    expect(tokens.expiresIn()).toBeGreaterThan(0);
    expect(await client.fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ name: 'Alice Adams' });
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!);
    expect(refreshed.claims()!.sub).toBe(sub);
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: refreshed.id_token!,
      post_logout_redirect_uri: bye,
      state: 'over',
    });
    expect((await agent.get(url.href)).location).toBe(`${bye}?state=over`);
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token!)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    await expect(client.fetchUserInfo(config, refreshed.access_token, sub)).rejects.toThrow();
  });
});

test('client credentials: a token for the API that the scopes belong to', async () => {
  const config = await discover(signet.issuer, 'machine');
  const tokens = await client.clientCredentialsGrant(config, { scope: 'api:read' });
  expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'api:read', expires_in: 900 });
  expect([tokens.refresh_token, tokens.id_token]).toEqual([undefined, undefined]);
  await expect(client.clientCredentialsGrant(config, { scope: 'openid' })).rejects.toMatchObject({
    error: 'invalid_scope',
  });
});

test('a revoked refresh token is over', async () => {
  const config = await discover(signet.issuer, 'server');
  const { tokens } = await signInWith(config);
  await client.tokenRevocation(config, tokens.refresh_token!);
  await expect(client.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({
    error: 'invalid_grant',
  });
});

test('max_age is kept: auth_time is there and fresh enough', async () => {
  const { tokens } = await signInWith(await discover(signet.issuer, 'server'), { max_age: '60' });
  expect(tokens.claims()!.auth_time).toBeTypeOf('number');
});

test('a code of one issuer is not taken for one of the other', async () => {
  const ours = await discover(signet.issuer, 'server');
  const acme = await discover(`${signet.issuer}/t/acme`, 'server');
  const url = client.buildAuthorizationUrl(ours, {
    redirect_uri: redirectUri,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge('v'.repeat(43)),
    code_challenge_method: 'S256',
    state: 's',
  });
  const response = await authorizeInteractively(createAgent(), { url: url.href }, alice);
  const callback = new URL(`${redirectUri}?${response.toString()}`);
  const checks = { pkceCodeVerifier: 'v'.repeat(43), expectedState: 's' };
  await expect(client.authorizationCodeGrant(acme, callback, checks)).rejects.toThrow();
  expect((await client.authorizationCodeGrant(ours, callback, checks)).token_type).toBe('bearer');
});

test('a wrong secret, sent as it does by default: its error says why', async () => {
  const config = await client.discovery(new URL(signet.issuer), 'machine', 'wrong', undefined, {
    execute: [client.allowInsecureRequests],
  });
  await expect(client.clientCredentialsGrant(config)).rejects.toMatchObject({
    error: 'invalid_client',
    error_description: 'The client secret is wrong.',
  });
});
