// Nobody is signed out by a link, an image or another client's token (M87).
import { cookieName } from '../support/cookies.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  basic,
  bob,
  codeFlow,
  getUserinfo,
  refresh,
  spaClient,
  type Tokens,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const postClient = { ...webClient, client_id: 'post', token_endpoint_auth_method: 'client_secret_post' as const };

let signet: TestSignet;
let agent: Agent;
let tokens: Tokens;
let bobs: Tokens;
let earlier: Tokens;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, postClient] } });
  earlier = (await codeFlow(signet, webClient)).tokens;
  bobs = (await codeFlow(signet, webClient, { user: bob })).tokens;
  ({ agent, tokens } = await codeFlow(signet, webClient));
});
afterAll(() => signet.stop());

async function expectSignedIn() {
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
}

const fromImage = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' };

describe('M87 a request from elsewhere does not end the session', () => {
  const asks = (): { name: string; params: Record<string, string> }[] => [
    { name: 'nothing', params: {} },
    { name: 'a client id', params: { client_id: 'web' } },
    { name: 'an ID token of another person', params: { id_token_hint: bobs.id_token } },
    { name: 'an ID token of another session of the same person', params: { id_token_hint: earlier.id_token } },
    {
      name: 'a place to go to afterwards',
      params: { client_id: 'web', post_logout_redirect_uri: 'https://web.example/bye', state: 'x' },
    },
    { name: 'what the confirmation would send', params: { decision: 'confirm' } },
    { name: 'the session id alone', params: { sid: 'anything', iss: signet.issuer } },
  ];

  test('M87 whatever comes with it: the confirmation page, and everything is alive', async () => {
    for (const { name, params } of asks()) {
      const query = new URLSearchParams(params).toString();
      const got = await agent.get(`${signet.issuer}/oauth/logout?${query}`, fromImage);
      expect(got.body, name).toContain('id="logout-confirm"');
      const posted = await agent.post(`${signet.issuer}/oauth/logout`, params, { 'sec-fetch-site': 'cross-site' });
      expect((await agent.follow(posted, signet.issuer)).body, name).toContain('id="logout-confirm"');
      await expectSignedIn();
    }
  });

  const broken = (): { name: string; params: Record<string, string> }[] => [
    { name: 'another client beside the ID token', params: { id_token_hint: tokens.id_token, client_id: 'spa' } },
    { name: 'a foreign place', params: { client_id: 'web', post_logout_redirect_uri: 'https://evil.example/' } },
    { name: 'a redirect URI', params: { client_id: 'web', post_logout_redirect_uri: webClient.redirect_uris[0]! } },
    {
      name: 'a foreign place with a right ID token',
      params: { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://evil.example/' },
    },
    { name: 'a place without a client', params: { post_logout_redirect_uri: 'https://web.example/bye' } },
    { name: 'an unknown client', params: { client_id: 'nobody' } },
  ];
  test('M87 a hint that proves nothing: the person is asked, and nothing ends', async () => {
    const hints = [
      'nonsense',
      tokens.access_token,
      `${tokens.id_token.slice(0, -8)}AAAAAAAA`,
      `${tokens.id_token.split('.').slice(0, 2).join('.')}.`,
    ];
    for (const id_token_hint of hints) {
      const query = new URLSearchParams({
        id_token_hint,
        post_logout_redirect_uri: 'https://web.example/bye',
      }).toString();
      const page = await agent.get(`${signet.issuer}/oauth/logout?${query}`);
      expect(page.body, id_token_hint).toContain('id="logout-confirm"');
      await expectSignedIn();
      expect((await createAgent().get(`${signet.issuer}/oauth/logout?${query}`)).location).toBeUndefined();
    }
  });

  test('M87 what is wrong gets an error page, goes nowhere and ends nothing', async () => {
    for (const { params } of broken()) {
      const query = new URLSearchParams(params).toString();
      expectRefused(await agent.get(`${signet.issuer}/oauth/logout?${query}`), 400);
      expectRefused(await createAgent().get(`${signet.issuer}/oauth/logout?${query}`), 400);
      await expectSignedIn();
    }
  });

  test('M87 the confirmation needs a form of this very session', async () => {
    const other = (await codeFlow(signet, webClient)).agent;
    const foreign = field(await other.get(`${signet.issuer}/account`), 'csrf');
    for (const csrf of ['', 'nonsense', foreign])
      expectRefused(await agent.post(`${signet.issuer}/sign-out`, { csrf, decision: 'confirm' }), 403);
    expectRefused(await agent.post(`${signet.issuer}/sign-out`, { decision: 'confirm' }), 403);
    await expectSignedIn();
  });

  test("M87 the person's own confirmation ends it, with the tokens that live only as long", async () => {
    const single = await codeFlow(signet, spaClient);
    const page = await single.agent.get(`${signet.issuer}/oauth/logout`);
    const done = await single.agent.post(`${signet.issuer}/sign-out`, {
      csrf: field(page, 'csrf'),
      decision: 'confirm',
    });
    expect(done.body).toContain('id="logout-done"');
    expectRefused(await getUserinfo(signet, single.tokens.access_token), 401);
    expectRefused(await refresh(signet, spaClient, single.tokens.refresh_token), 400);
    await expectSignedIn();
  });

  test('M87 the sign-out button of the account page ends the session', async () => {
    const single = await codeFlow(signet, spaClient);
    const page = await single.agent.get(`${signet.issuer}/account`);
    const button = /<button[^>]*id="account-sign-out"[^>]*>/.exec(page.body)![0];
    const [, name = ''] = /name="([^"]*)"/.exec(button) ?? [];
    const [, value = ''] = /value="([^"]*)"/.exec(button) ?? [];
    const form = { csrf: field(page, 'csrf'), ...(name === '' ? {} : { [name]: value }) };
    await single.agent.post(`${signet.issuer}/sign-out`, form);
    expect((await single.agent.get(`${signet.issuer}/account`)).status).toBe(303);
  });

  test('M87 an ID token of this very session, from its client, ends it at once', async () => {
    const query = new URLSearchParams({
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: 'https://web.example/bye',
      state: 'a b&c',
    });
    const answer = await agent.get(`${signet.issuer}/oauth/logout?${query.toString()}`);
    expect(answer.location).toBe('https://web.example/bye?state=a+b%26c');
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(303);
    expectRefused(await getUserinfo(signet, tokens.access_token), 401);
  });
});

describe('M87 a call without browser and cookie ends only what its client may end', () => {
  /** What is alive of one sign-in at two clients: the session, and what each client has from it. */
  async function signedInTwice() {
    const web = await codeFlow(signet, webClient);
    const spa = await codeFlow(signet, spaClient, { agent: web.agent });
    const alive = async () => ({
      session: (await web.agent.get(`${signet.issuer}/account`)).status === 200,
      web: (await getUserinfo(signet, web.tokens.access_token)).status === 200,
      spa: (await getUserinfo(signet, spa.tokens.access_token)).status === 200,
    });
    return { web: web.tokens, spa: spa.tokens, alive, agent: web.agent };
  }
  const everything = { session: true, web: true, spa: true };
  const nothing = { session: false, web: false, spa: false };
  const proof = { authorization: basic(webClient.client_id, webClient.client_secret) };
  const call = (params: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${signet.issuer}/oauth/logout?${new URLSearchParams(params).toString()}`, { headers, redirect: 'manual' });
  const post = (params: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${signet.issuer}/oauth/logout`, {
      method: 'POST',
      body: new URLSearchParams(params),
      headers,
      redirect: 'manual',
    });

  test('M87 the client proves who it is, in the header or in a body: the session ends, with all that lives as long', async () => {
    for (const how of ['header', 'body'] as const) {
      const { web, alive, agent } = await signedInTwice();
      const asked = authorizationRequest(signet, postClient);
      const code = (await authorizeInteractively(agent, asked)).get('code')!;
      const own = await fetch(`${signet.issuer}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code,
          redirect_uri: asked.redirectUri,
          code_verifier: asked.verifier,
          client_id: 'post',
          client_secret: postClient.client_secret,
        }),
      });
      const { id_token } = (await own.json()) as Tokens;
      const hint = { id_token_hint: how === 'header' ? web.id_token : id_token };
      const answer =
        how === 'header'
          ? await call({ ...hint, post_logout_redirect_uri: 'https://web.example/bye', state: 's' }, proof)
          : await post({ ...hint, client_id: 'post', client_secret: postClient.client_secret });
      expect([answer.status, answer.headers.get('location')]).toEqual(
        how === 'header' ? [303, 'https://web.example/bye?state=s'] : [200, null],
      );
      expect(await alive()).toEqual(nothing);
    }
  });

  test('M87 without a proof it ends what that client has from the session, and nothing else', async () => {
    for (const send of [call, post]) {
      const { web, spa, alive } = await signedInTwice();
      await send({ id_token_hint: web.id_token });
      expect(await alive()).toEqual({ ...everything, web: false });
      await send({ id_token_hint: spa.id_token, client_id: 'spa' });
      expect(await alive()).toEqual({ session: true, web: false, spa: false });
    }
  });

  test('M87 a public client with an empty secret in the header has proven nothing', async () => {
    for (const send of [call, post]) {
      const { spa, alive } = await signedInTwice();
      await send({ id_token_hint: spa.id_token }, { authorization: basic('spa', '') });
      expect(await alive()).toMatchObject({ session: true, web: true });
    }
  });

  test.each<[string, (web: Tokens, spa: Tokens) => Promise<Response>, number]>([
    ['a wrong secret', (web) => call({ id_token_hint: web.id_token }, { authorization: basic('web', 'wrong') }), 401],
    [
      'a wrong secret in the body',
      (web) => post({ id_token_hint: web.id_token, client_id: 'web', client_secret: 'wrong' }),
      400,
    ],
    ["another client's ID token", (_web, spa) => call({ id_token_hint: spa.id_token }, proof), 400],
    [
      'an ID token that proves nothing',
      (web) => call({ id_token_hint: `${web.id_token.slice(0, -8)}AAAAAAAA` }, proof),
      400,
    ],
    ['no ID token', () => call({ client_id: 'web' }, proof), 400],
    ['no ID token, and a wrong secret', () => call({}, { authorization: basic('web', 'wrong') }), 401],
    ['an image on a foreign page', (web) => call({ id_token_hint: web.id_token }, fromImage), 200],
    [
      'an image, with the proof of a proxy',
      (web) => call({ id_token_hint: web.id_token }, { ...fromImage, ...proof }),
      200,
    ],
    [
      'a form of a foreign page',
      (web) => post({ id_token_hint: web.id_token }, { 'sec-fetch-site': 'cross-site' }),
      303,
    ],
    ['a navigation', (web) => call({ id_token_hint: web.id_token }, { 'sec-fetch-dest': 'document' }), 200],
    [
      'a cookie, although of a session that is none',
      (web) => call({ id_token_hint: web.id_token }, { ...proof, cookie: `${cookieName(signet, 'session')}=x` }),
      200,
    ],
  ])('M87 %s: nothing ends', async (_what, send, status) => {
    const { web, spa, alive } = await signedInTwice();
    expect((await send(web, spa)).status).toBe(status);
    expect(await alive()).toEqual(everything);
  });

  test('M87 a secret in an address proves nothing: the client is one without a proof', async () => {
    const { web, alive } = await signedInTwice();
    await call({ id_token_hint: web.id_token, client_id: 'web', client_secret: webClient.client_secret });
    expect(await alive()).toEqual({ ...everything, web: false });
  });

  test("M87 with a session's cookie only that session counts, whatever the client proves", async () => {
    const { web, alive } = await signedInTwice();
    const other = await codeFlow(signet, webClient, { user: bob });
    const cookie = [...other.agent.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await call({ id_token_hint: web.id_token }, { ...proof, cookie });
    expect(await answer.text()).toContain('id="logout-confirm"');
    expect(await alive()).toEqual(everything);
  });

  test('M87 what outlives the session outlives this, and doing it twice does no more', async () => {
    const offline = await codeFlow(signet, webClient, {
      change: { scope: 'openid offline_access', prompt: 'consent' },
    });
    for (let turn = 0; turn < 2; turn += 1) await call({ id_token_hint: offline.tokens.id_token });
    expect((await getUserinfo(signet, offline.tokens.access_token)).status).toBe(200);
    for (let turn = 0; turn < 2; turn += 1) await call({ id_token_hint: offline.tokens.id_token }, proof);
    expect((await offline.agent.get(`${signet.issuer}/account`)).status).not.toBe(200);
    expect((await refresh(signet, webClient, offline.tokens.refresh_token)).status).toBe(200);
  });
});
