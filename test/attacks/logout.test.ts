// Nobody is signed out by a link, an image or another client's token (M87).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { bob, codeFlow, getUserinfo, refresh, spaClient, type Tokens, webClient, world } from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let agent: Agent;
let tokens: Tokens;
let bobs: Tokens;
let earlier: Tokens;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
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
