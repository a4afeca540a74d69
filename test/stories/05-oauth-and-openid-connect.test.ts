// Use case 5, OAuth 2.0 and OpenID Connect: the authorization code flow, from the browser to the application, Signet and an API.
// Other than in the seed: PKCE is demanded, tokens are asked for with a form and not JSON (RFC 6749 4.1.3), and are for 15 minutes.
import { createHash } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { postForm } from '../support/assertions.ts';
import {
  alice,
  type Asked,
  authorizationRequest,
  authorizeInteractively,
  bob,
  claimsOf,
  submitConsent,
  submitPassword,
  type Tokens,
  world,
} from '../support/flow.ts';
import { type LocalServer, serve } from '../support/local-server.ts';
import { callService } from '../support/services.ts';
import { startStory, type Story } from '../support/story.ts';

const audience = 'https://orders.example/api';
const scope = 'openid profile email orders:read';
const secret = 'a-secret-of-the-app-that-has-32-characters';

let story: Story;
/** The application: it does nothing but show what was sent to its callback. */
let application: LocalServer;
let app: { client_id: string; client_secret: string; redirect_uris: string[] };
let orders: string;
beforeAll(async () => {
  application = await serve('127.0.0.1', ({ url }) => ({
    status: url.pathname === '/callback' ? 200 : 404,
    body: url.search,
  }));
  app = { client_id: 'app', client_secret: secret, redirect_uris: [`${application.origin}/callback`] };
  const registered = { ...app, scope, token_endpoint_auth_method: 'client_secret_post' as const };
  story = await startStory({
    provision: {
      ...world,
      resources: [{ identifier: audience, name: 'Orders', scopes: ['orders:read', 'orders:write'] }],
      clients: [registered, { ...registered, client_id: 'another', scope: `${scope} orders:write` }],
    },
    audience,
    serves: {
      '/orders': { needs: { scopes: ['orders:read'] }, answer: ({ subject }) => ({ ordersOf: subject }) },
      '/orders/new': { needs: { scopes: ['orders:write'] }, answer: () => ({}) },
    },
  });
  orders = `${story.service}/orders`;
});
afterAll(async () => {
  await story.stop();
  await application.close();
});

const ask = (change: Record<string, string | undefined> = {}) => authorizationRequest(story, app, { scope, ...change });
/** Signs in and consents, and goes where the browser is sent: what came to the callback. */
const authorize = async (asked: Asked, agent: Agent = createAgent(), user = alice): Promise<URLSearchParams> => {
  const sent = await authorizeInteractively(agent, asked, user);
  const came = await agent.get(`${app.redirect_uris[0]}?${sent.toString()}`);
  expect(came.status).toBe(200);
  return new URLSearchParams(came.body);
};
/** POST /oauth/token, with what the seed sends and the proof key. A field that is undefined is left out. */
const exchange = (asked: Asked, code: string, change: Record<string, string | undefined> = {}) => {
  const form = {
    grant_type: 'authorization_code',
    code,
    client_id: app.client_id,
    client_secret: secret,
    redirect_uri: asked.redirectUri,
    code_verifier: asked.verifier,
    ...change,
  };
  const given = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return postForm(`${story.issuer}/oauth/token`, Object.fromEntries(given));
};
const tokensOf = async (change: Record<string, string | undefined> = {}, user = alice) => {
  const asked = ask(change);
  const code = (await authorize(asked, createAgent(), user)).get('code')!;
  const { status, body } = await exchange(asked, code);
  expect(status).toBe(200);
  return { asked, code, tokens: body as Tokens };
};
/** GET /api/userinfo. */
const userinfo = (token: string) => callService(`${story.issuer}/api/userinfo`, token);

test('authorize, sign in, consent, callback, token, userinfo and the API: each step at another server than the one before', () =>
  story.byTurns(async () => {
    const agent = createAgent();
    const asked = ask();
    const signInPage = await agent.follow(await agent.get(asked.url), story.issuer);
    expect([signInPage.status, signInPage.body.includes('id="login-password"')]).toEqual([200, true]);
    const consentPage = await agent.follow(await submitPassword(agent, signInPage, alice), story.issuer);
    expect(consentPage.body).toContain('id="consent-allow"');
    const { location } = await agent.follow(await submitConsent(agent, consentPage), story.issuer);
    const callback = await createAgent().get(location!);
    const came = new URLSearchParams(callback.body);
    expect([new URL(location!).origin, callback.status]).toEqual([application.origin, 200]);
    expect([came.get('state'), came.get('iss'), came.get('error')]).toEqual([asked.state, story.issuer, null]);

    const { status, body } = await exchange(asked, came.get('code')!);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      id_token: expect.any(String),
      scope,
    });
    const { access_token: accessToken, id_token: idToken } = body as Tokens;

    // OpenID Connect Core 1.0 3.1.3.7 and 3.1.3.8, with the published keys.
    const published = (await (await fetch(`${story.issuer}/oauth/jwks`)).json()) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(idToken, createLocalJWKSet(published), {
      issuer: story.issuer,
      audience: app.client_id,
      currentDate: new Date(story.clock.now),
    });
    const half = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
    expect(payload).toMatchObject({ nonce: asked.nonce, amr: ['pwd'], at_hash: half, auth_time: expect.any(Number) });
    expect(protectedHeader.alg).toMatch(/^(?:ES|RS)256$/);
    expect(claimsOf(accessToken)).toMatchObject({ sub: payload.sub, client_id: 'app', scope });

    expect(await userinfo(accessToken)).toEqual({
      status: 200,
      challenge: null,
      body: expect.objectContaining({
        sub: payload.sub,
        name: 'Alice Adams',
        email: 'alice@example.com',
        email_verified: true,
      }) as unknown,
    });
    expect(await callService(orders, accessToken)).toMatchObject({ status: 200, body: { ordersOf: payload.sub } });
  }));

test('who is signed in and has consented is sent back at once; without either, prompt=none says which is missing', async () => {
  const agent = createAgent();
  const silently = async (change = {}) => {
    const { location } = await agent.get(ask({ prompt: 'none', ...change }).url);
    return new URL(location!).searchParams;
  };
  expect((await silently()).get('error')).toBe('login_required');
  await authorize(ask({ scope: 'openid' }), agent, bob);
  expect((await silently()).get('error')).toBe('consent_required');
  await authorize(ask(), agent, bob);
  const back = await silently();
  expect([back.get('error'), back.get('code')]).toEqual([null, expect.stringMatching(/^sgc_/)]);
});

describe('refused at the authorization endpoint', () => {
  test.each<[string, Record<string, string | undefined>]>([
    ['a redirect_uri that is not registered', { redirect_uri: 'https://evil.example/callback' }],
    ['one that only begins like it', { redirect_uri: 'APPEND' }],
    ['a client that nobody knows', { client_id: 'nobody' }],
  ])('%s: a page, and the browser is sent nowhere', async (_what, change) => {
    const [registered] = app.redirect_uris;
    const answer = await createAgent().get(
      ask(change['redirect_uri'] === 'APPEND' ? { redirect_uri: `${registered}/more` } : change).url,
    );
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['a token in the address', { response_type: 'token' }, 'unsupported_response_type'],
    ['a scope of another client', { scope: 'orders:write' }, 'invalid_scope'],
  ])('%s: an error for the application, with its state and no code', async (_what, change, error) => {
    const asked = ask(change);
    const { location } = await createAgent().get(asked.url);
    // What asks for a token looks behind the #.
    const { search, hash } = new URL(location!);
    const answer = new URLSearchParams(change['response_type'] === 'token' ? hash.slice(1) : search);
    expect([answer.get('error'), answer.get('state'), answer.get('code')]).toEqual([error, asked.state, null]);
  });

  test('a person who says no: access_denied, and no code', async () => {
    const agent = createAgent();
    const asked = ask();
    const page = await agent.follow(await agent.get(asked.url), story.issuer);
    // Somebody who has not consented yet.
    const user = { username: 'carol', password: 'a pass phrase of carol' };
    await story.signet.provision({ users: [user] });
    const consentPage = await agent.follow(await submitPassword(agent, page, user), story.issuer);
    const { location } = await agent.follow(await submitConsent(agent, consentPage, 'deny'), story.issuer);
    const { searchParams } = new URL(location!);
    expect([searchParams.get('error'), searchParams.get('code')]).toEqual(['access_denied', null]);
  });
});

describe('a code is refused', () => {
  const refused = (error: string) => ({ body: expect.objectContaining({ error }) as unknown });

  test('used twice, at the other server: and what came of the first time ends', async () => {
    const { asked, code, tokens } = await tokensOf();
    expect((await userinfo(tokens.access_token)).status).toBe(200);
    await story.atBoth(async () =>
      expect(await exchange(asked, code)).toMatchObject({ status: 400, ...refused('invalid_grant') }),
    );
    await story.atBoth(async () => expect((await userinfo(tokens.access_token)).status).toBe(401));
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'app' };
    const answer = await postForm(`${story.issuer}/oauth/token`, { ...form, client_secret: secret });
    expect(answer).toMatchObject({ status: 400, ...refused('invalid_grant') });
  });

  test.each<[string, Record<string, string | undefined>, number, string]>([
    ['with a wrong secret', { client_secret: 'x'.repeat(32) }, 400, 'invalid_client'],
    ['without the secret', { client_secret: undefined }, 401, 'invalid_client'],
    ['by another client, with its own secret', { client_id: 'another' }, 400, 'invalid_grant'],
    ['with another code_verifier', { code_verifier: 'x'.repeat(43) }, 400, 'invalid_grant'],
    ['without one', { code_verifier: undefined }, 400, 'invalid_grant'],
    ['with another redirect_uri', { redirect_uri: 'https://evil.example/callback' }, 400, 'invalid_grant'],
  ])('%s: no token', async (_what, change, status, error) => {
    const asked = ask();
    const code = (await authorize(asked)).get('code')!;
    const answer = await exchange(asked, code, change);
    expect(answer).toMatchObject({ status, ...refused(error) });
    expect(answer.body).not.toHaveProperty('access_token');
  });

  test('a minute later; and one that nobody was given, such as the abc123 of the seed', async () => {
    const asked = ask();
    const code = (await authorize(asked)).get('code')!;
    story.clock.advance(61);
    for (const given of [code, 'abc123'])
      expect(await exchange(asked, given)).toMatchObject({ status: 400, ...refused('invalid_grant') });
  });
});

describe('an access token is refused', () => {
  test('at the API without the scope of it: 403, and the challenge names it; for UserInfo alone: 401', async () => {
    const { tokens } = await tokensOf();
    expect(await callService(`${orders}/new`, tokens.access_token)).toMatchObject({
      status: 403,
      challenge: `${story.challenge('This needs the scope orders:write.', 'insufficient_scope')}, scope="orders:write"`,
    });
    const { tokens: own } = await tokensOf({ scope: 'openid profile' });
    expect((await userinfo(own.access_token)).status).toBe(200);
    expect(await callService(orders, own.access_token)).toMatchObject({
      status: 401,
      challenge: story.challenge('The access token is for another audience.'),
    });
  });

  test('when it is for the API alone: UserInfo says 401, and the API takes it', async () => {
    const { tokens } = await tokensOf({ scope: 'orders:read' });
    expect(tokens.id_token).toBeUndefined();
    expect((await userinfo(tokens.access_token)).status).toBe(401);
    expect((await callService(orders, tokens.access_token)).status).toBe(200);
  });

  test('when it is none: the ID token, the code, and none at all', async () => {
    const { tokens, code } = await tokensOf();
    for (const token of [tokens.id_token, code])
      for (const { status, challenge } of [await callService(orders, token), await userinfo(token)])
        expect([status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    expect(await callService(orders)).toMatchObject({ status: 401, challenge: `Bearer realm="${audience}"` });
  });

  test('when it has expired: at both', async () => {
    const { tokens } = await tokensOf();
    story.clock.advance(906);
    expect(await callService(orders, tokens.access_token)).toMatchObject({
      status: 401,
      challenge: story.challenge('The access token has expired.'),
    });
    expect(await userinfo(tokens.access_token)).toMatchObject({
      status: 401,
      challenge: expect.stringContaining('error="invalid_token"') as unknown,
    });
  });
});
