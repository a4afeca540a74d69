// Whole flows judged by oauth4webapi, which refuses whatever a standard does not allow: every kind of client, at two issuers.
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import { alice, authorizeInteractively, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask } from '../support/visits.ts';

const secret = 'a-secret:that/needs encoding+and-is-long-enough';
const redirectUri = 'https://client.example/cb';
const api = 'https://api.example/v1';
const base = { redirect_uris: [redirectUri], scope: 'openid profile email offline_access api:read' };
const kinds = {
  basic: { ...base, client_id: 'basic', client_secret: secret },
  posted: {
    ...base,
    client_id: 'posted',
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_post' as const,
    id_token_signed_response_alg: 'ES256' as const,
    access_token_signed_response_alg: 'RS256' as const,
  },
  open: { ...base, client_id: 'open', token_endpoint_auth_method: 'none' as const },
  timed: { ...base, client_id: 'timed', client_secret: secret, require_auth_time: true, default_max_age: 60 },
};
type Kind = keyof typeof kinds;
const authentications: Record<Kind, oauth.ClientAuth> = {
  basic: oauth.ClientSecretBasic(secret),
  posted: oauth.ClientSecretPost(secret),
  open: oauth.None(),
  timed: oauth.ClientSecretBasic(secret),
};
const machine = {
  client_id: 'machine',
  client_secret: secret,
  grant_types: ['client_credentials' as const],
  response_types: [],
  scope: 'api:read',
};
const loopback = { [oauth.allowInsecureRequests]: true };

let signet: TestSignet;
beforeAll(async () => {
  const provision = {
    users: world.users,
    clients: [...Object.values(kinds), machine],
    resources: [{ identifier: api, scopes: ['api:read'] }],
  };
  signet = await startSignet({ provision });
  await signet.provision({ ...provision, tenant: { slug: 'acme', name: 'Acme' } });
});
afterAll(() => signet.stop());

function clientOf(kind: Kind): oauth.Client {
  const registered = kinds[kind];
  return {
    client_id: kind,
    id_token_signed_response_alg: 'id_token_signed_response_alg' in registered ? 'ES256' : 'RS256',
    ...('require_auth_time' in registered ? { require_auth_time: true, default_max_age: 60 } : {}),
    // The server's clock stands still while these tests run.
    [oauth.clockTolerance]: 60,
  };
}

async function discover(issuer: string, algorithm: 'oidc' | 'oauth2' = 'oidc'): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...loopback }));
}

/** From the authorization request to the validated token response. */
async function signInWith(as: oauth.AuthorizationServer, kind: Kind, more: Record<string, string> = {}) {
  const client = clientOf(kind);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(as.authorization_endpoint!);
  url.search = new URLSearchParams({
    client_id: kind,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  }).toString();
  const response = await authorizeInteractively(createAgent(), { url: url.href }, alice);
  const callback = oauth.validateAuthResponse(as, client, response, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    authentications[kind],
    callback,
    redirectUri,
    verifier,
    loopback,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(as, answer, loopback);
  return { client, tokens, claims: oauth.getValidatedIdTokenClaims(tokens)!, authentication: authentications[kind] };
}

describe.each(['', '/t/acme'])('at the issuer %s', (path) => {
  test('discovery in both forms is one document', async () => {
    expect(await discover(`${signet.issuer}${path}`, 'oauth2')).toEqual(await discover(`${signet.issuer}${path}`));
  });

  test('client credentials: an answer and a token that hold', async () => {
    const as = await discover(`${signet.issuer}${path}`);
    const client = { client_id: 'machine', [oauth.clockTolerance]: 60 };
    const parameters = new URLSearchParams({ scope: 'api:read', resource: api });
    const answer = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.ClientSecretBasic(secret),
      parameters,
      loopback,
    );
    const tokens = await oauth.processClientCredentialsResponse(as, client, answer);
    const request = new Request(api, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, request, api, { ...loopback, [oauth.clockTolerance]: 60 });
    expect(claims).toMatchObject({ sub: 'machine', client_id: 'machine', scope: 'api:read' });
  });

  test.each(Object.keys(kinds) as Kind[])(
    '%s: authorization response, tokens, signature, UserInfo, refresh and revocation hold',
    async (kind) => {
      const as = await discover(`${signet.issuer}${path}`);
      const { client, tokens, claims, authentication } = await signInWith(as, kind);
      expect(claims).toMatchObject({ iss: as.issuer, aud: kind, acr: 'urn:signet:acr:1fa', amr: ['pwd'] });
      const userinfo = await oauth.userInfoRequest(as, client, tokens.access_token, loopback);
      expect(await oauth.processUserInfoResponse(as, client, claims.sub, userinfo)).toMatchObject({
        name: 'Alice Adams',
        email: 'alice@example.com',
        email_verified: true,
      });
      const refreshing = await oauth.refreshTokenGrantRequest(
        as,
        client,
        authentication,
        tokens.refresh_token!,
        loopback,
      );
      const refreshed = await oauth.processRefreshTokenResponse(as, client, refreshing);
      await oauth.validateApplicationLevelSignature(as, refreshing, loopback);
      expect(oauth.getValidatedIdTokenClaims(refreshed)).toMatchObject({ sub: claims.sub, sid: claims['sid'] });
      const token = refreshed.refresh_token!;
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, token, loopback));
      const dead = await oauth.refreshTokenGrantRequest(as, client, authentication, token, loopback);
      await expect(oauth.processRefreshTokenResponse(as, client, dead)).rejects.toMatchObject({
        error: 'invalid_grant',
        status: 400,
      });
    },
  );

  test.each(['basic', 'posted'] as const)('%s: a resource server accepts the access token (RFC 9068)', async (kind) => {
    const as = await discover(`${signet.issuer}${path}`);
    const { tokens, claims } = await signInWith(as, kind, { resource: api, scope: 'openid api:read' });
    const request = new Request(api, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const options = { ...loopback, [oauth.clockTolerance]: 60 };
    expect(await oauth.validateJwtAccessToken(as, request, api, options)).toMatchObject({
      sub: claims.sub,
      client_id: kind,
      scope: 'api:read',
      aud: api,
    });
    await expect(oauth.validateJwtAccessToken(as, request, 'https://other.example', options)).rejects.toThrow();
  });
});

test('an error response holds as well, with its state and iss', async () => {
  const as = await discover(signet.issuer);
  const { url } = new Request(`${as.authorization_endpoint}?client_id=basic&redirect_uri=${redirectUri}&state=s1`);
  const answer = await createAgent().get(`${url}&response_type=x`);
  expect(() => oauth.validateAuthResponse(as, clientOf('basic'), new URL(answer.location!), 's1')).toThrow(
    expect.objectContaining({ error: 'unsupported_response_type' }),
  );
});

test('a response of one issuer is refused by a client of the other (RFC 9207)', async () => {
  const [ours, acme] = [await discover(signet.issuer), await discover(`${signet.issuer}/t/acme`)];
  const url = `${ours.authorization_endpoint}?client_id=basic&redirect_uri=${redirectUri}&state=s1&response_type=x`;
  const response = new URL((await createAgent().get(url)).location!);
  expect(() => oauth.validateAuthResponse(acme, clientOf('basic'), response, 's1')).toThrow(/"iss"/);
});

test('a form_post response holds', async () => {
  const as = await discover(signet.issuer);
  const page = await ask(
    signet,
    createAgent(),
    { client_id: 'basic', redirect_uris: [redirectUri] },
    {
      response_mode: 'form_post',
      prompt: 'none',
      state: 's2',
    },
  );
  const names = ['error', 'error_description', 'state', 'iss'];
  const params = new URLSearchParams(names.map((name): [string, string] => [name, field(page, name)]));
  expect(() => oauth.validateAuthResponse(as, clientOf('basic'), params, 's2')).toThrow(
    expect.objectContaining({ error: 'login_required' }),
  );
});

test('challenges are understood: a wrong secret, a dead access token', async () => {
  const as = await discover(signet.issuer);
  const client = clientOf('basic');
  const wrong = await oauth.refreshTokenGrantRequest(as, client, oauth.ClientSecretBasic('wrong'), 'x', loopback);
  await expect(oauth.processRefreshTokenResponse(as, client, wrong)).rejects.toThrow(
    expect.objectContaining({ cause: [expect.objectContaining({ scheme: 'basic' })] }),
  );
  const dead = await oauth.userInfoRequest(as, client, 'dead', loopback);
  await expect(oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck, dead)).rejects.toThrow(
    expect.objectContaining({
      cause: [
        expect.objectContaining({
          scheme: 'bearer',
          parameters: expect.objectContaining({ error: 'invalid_token' }) as object,
        }),
      ],
    }),
  );
});
