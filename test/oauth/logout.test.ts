// Signing out (OpenID Connect RP-Initiated Logout 1.0): at once with an ID token of this session, else only after a confirmation.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { bob, codeFlow, ownClient, refresh, spaClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

const bye = webClient.post_logout_redirect_uris[0]!;
const queried = { ...webClient, client_id: 'queried', post_logout_redirect_uris: ['https://web.example/bye?x=1'] };
const native = { ...spaClient, client_id: 'native', post_logout_redirect_uris: ['http://127.0.0.1/bye'] };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, queried, native] } });
});
afterAll(() => signet.stop());

const visit = (agent: Agent, params: Record<string, string> = {}) =>
  agent.get(`${signet.issuer}/oauth/logout?${new URLSearchParams(params).toString()}`);
const isSignedIn = async (agent: Agent) =>
  outcomeOf(await ask(signet, agent, ownClient, { prompt: 'none' })) === 'code';

describe('an ID token of this very session', () => {
  test('signs out at once and leads back with state; tokens of the session are dead', async () => {
    const { agent, tokens } = await codeFlow(signet, webClient);
    const answer = await visit(agent, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: bye,
      state: 'a&b c',
    });
    expect(answer.status).toBe(303);
    expect(new URL(answer.location!).searchParams.get('state')).toBe('a&b c');
    expect(answer.location).toMatch(/^https:\/\/web\.example\/bye\?state=/);
    expect(agent.cookies.has(cookieName(signet, 'session'))).toBe(false);
    expect(await isSignedIn(agent)).toBe(false);
    expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('that has expired works as well', async () => {
    const { agent, tokens } = await codeFlow(signet, webClient);
    signet.clock.advance(5 * 3600);
    expect((await visit(agent, { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye })).location).toBe(bye);
    expect(await isSignedIn(agent)).toBe(false);
  });

  test('without an address to go to ends on a page that says so', async () => {
    const { agent, tokens } = await codeFlow(signet, webClient);
    const page = await visit(agent, { id_token_hint: tokens.id_token });
    expect([page.status, page.location]).toEqual([200, undefined]);
    expect(page.body).toContain('id="logout-done"');
  });

  test('by POST from another site, without cookies: 303 to the GET, which signs out', async () => {
    const { agent, tokens } = await codeFlow(signet, webClient);
    const posted = await agent.post(
      `${signet.issuer}/oauth/logout`,
      { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 's' },
      { 'sec-fetch-site': 'cross-site', cookie: '' },
    );
    expect(posted.status).toBe(303);
    expect((await agent.get(posted.location!)).location).toBe(`${bye}?state=s`);
    expect(await isSignedIn(agent)).toBe(false);
  });

  test('a query that the registered address has is kept beside the state', async () => {
    const { agent, tokens } = await codeFlow(signet, queried);
    const post_logout_redirect_uri = queried.post_logout_redirect_uris[0]!;
    const answer = await visit(agent, { id_token_hint: tokens.id_token, post_logout_redirect_uri, state: 's' });
    expect(answer.location).toBe('https://web.example/bye?x=1&state=s');
  });

  test('a native program may be reached at any port of the loopback address', async () => {
    const { agent, tokens } = await codeFlow(signet, native);
    const post_logout_redirect_uri = 'http://127.0.0.1:51234/bye';
    const answer = await visit(agent, { id_token_hint: tokens.id_token, post_logout_redirect_uri });
    expect(answer.location).toBe(post_logout_redirect_uri);
  });
});

describe('anything less asks first', () => {
  test.each<[string, (tokens: { id_token: string }) => Record<string, string>]>([
    ['nothing', () => ({})],
    ['only a client', () => ({ client_id: 'web', post_logout_redirect_uri: bye, state: 's' })],
    ["an ID token of somebody else's session", ({ id_token }) => ({ id_token_hint: id_token })],
  ])('%s', async (_what, params) => {
    const { tokens } = await codeFlow(signet, webClient, { user: bob });
    const agent = await signIn(signet);
    const page = await visit(agent, params(tokens));
    expect(page.status).toBe(200);
    expect(page.body).toContain('id="logout-confirm"');
    expect(await isSignedIn(agent)).toBe(true);
  });

  test('confirmed: signed out, and led back with state', async () => {
    const agent = await signIn(signet);
    const asked = { client_id: 'web', post_logout_redirect_uri: bye, state: 's' };
    const page = await visit(agent, asked);
    const done = await agent.post(`${signet.issuer}/sign-out`, {
      ...asked,
      csrf: field(page, 'csrf'),
      decision: 'confirm',
    });
    expect(field(page, 'state')).toBe('s');
    expect(done.location).toBe(`${bye}?state=s`);
    expect(await isSignedIn(agent)).toBe(false);
  });

  test('cancelled: still signed in', async () => {
    const agent = await signIn(signet);
    const csrf = field(await visit(agent), 'csrf');
    const answer = await agent.post(`${signet.issuer}/sign-out`, { csrf, decision: 'cancel' });
    expect(answer.location).toBe(`${signet.issuer}/account`);
    expect(await isSignedIn(agent)).toBe(true);
  });

  test('the confirmation needs the form token of this session, and our own page', async () => {
    const agent = await signIn(signet);
    const url = `${signet.issuer}/sign-out`;
    const csrf = field(await visit(agent), 'csrf');
    const foreign = field(await visit(await signIn(signet, bob)), 'csrf');
    for (const token of ['', 'x', foreign])
      expect(outcomeOf(await agent.post(url, { csrf: token, decision: 'confirm' }))).toBe('page csrf');
    const crossSite = { 'sec-fetch-site': 'cross-site' };
    expect(outcomeOf(await agent.post(url, { csrf, decision: 'confirm' }, crossSite))).toBe('page cross_site');
    expect(await isSignedIn(agent)).toBe(true);
  });

  test('the confirmed form cannot lead to an address that is not registered', async () => {
    const agent = await signIn(signet);
    const csrf = field(await visit(agent), 'csrf');
    const form = { csrf, decision: 'confirm', client_id: 'web', post_logout_redirect_uri: 'https://evil.example/' };
    expect(outcomeOf(await agent.post(`${signet.issuer}/sign-out`, form))).toBe('page invalid_request');
    expect(await isSignedIn(agent)).toBe(true);
  });

  test('ui_locales is the language of the question', async () => {
    const page = await visit(await signIn(signet), { ui_locales: 'pt-BR' });
    expect(page.body).toContain('<html lang="pt"');
  });
});

describe('a wrong request is a page, never a redirect, and signs nobody out', () => {
  test.each<[string, Record<string, string>]>([
    ['invalid_request', { client_id: 'web', post_logout_redirect_uri: 'https://evil.example/' }],
    ['invalid_request', { client_id: 'web', post_logout_redirect_uri: `${bye}/` }],
    ['invalid_request', { client_id: 'web', post_logout_redirect_uri: webClient.redirect_uris[0]! }],
    ['invalid_request', { client_id: 'web', post_logout_redirect_uri: 'javascript:alert(1)' }],
    ['invalid_request', { post_logout_redirect_uri: bye }],
    ['invalid_client', { client_id: 'nobody' }],
  ])('%s: %o', async (code, params) => {
    const agent = await signIn(signet);
    const answer = await visit(agent, params);
    expect([answer.status, answer.location, outcomeOf(answer)]).toEqual([400, undefined, `page ${code}`]);
    expect(await isSignedIn(agent)).toBe(true);
  });

  test('with an ID token: of another client than client_id says, to an address not its own, twice', async () => {
    const { agent, tokens } = await codeFlow(signet, webClient);
    const hint = { id_token_hint: tokens.id_token };
    const evil = { post_logout_redirect_uri: 'https://evil.example/' };
    for (const params of [
      { ...hint, client_id: 'own' },
      { ...hint, ...evil },
    ])
      expect(outcomeOf(await visit(agent, params))).toBe('page invalid_request');
    const twice = `${signet.issuer}/oauth/logout?id_token_hint=${tokens.id_token}&state=1&state=2`;
    expect(outcomeOf(await agent.get(twice))).toBe('page invalid_request');
    expect(await isSignedIn(agent)).toBe(true);
  });
});

test('nobody is signed in: done at once, also back at the client', async () => {
  expect((await visit(createAgent())).body).toContain('id="logout-done"');
  const there = await visit(createAgent(), { client_id: 'web', post_logout_redirect_uri: bye });
  expect(there.location).toBe(bye);
});

test('GET /sign-out asks, and changes nothing', async () => {
  const agent = await signIn(signet);
  const page = await agent.get(`${signet.issuer}/sign-out`);
  expect([page.status, page.body.includes('id="logout-confirm"')]).toEqual([200, true]);
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  expect((await createAgent().get(`${signet.issuer}/sign-out`)).body).toContain('id="logout-done"');
});
