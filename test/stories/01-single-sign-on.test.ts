// Use case 1, single sign-on: one password, then one token for both services; then a token for each, by exchange; then browsers.
// Other than in the seed: an access token is for 15 minutes and not an hour, and is signed with a key that services cannot sign with.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchangeAt } from '../../examples/services/exchange.ts';
import { createAgent } from '../support/agent.ts';
import { service } from '../support/exchange.ts';
import { logIn, postJson } from '../support/first-party.ts';
import {
  alice,
  authorizationRequest,
  bob,
  claimsOf,
  codeFlow,
  getUserinfo,
  webClient,
  world,
} from '../support/flow.ts';
import { callService } from '../support/services.ts';
import { startStory, type Story, type StoryService } from '../support/story.ts';

const shared = 'https://company.example/api';
const onlyB = 'https://b.company.example/api';
const portal = {
  client_id: 'portal',
  client_secret: 'a-secret-of-the-portal-of-32-characters',
  first_party: true,
  scope: 'openid data:read',
  redirect_uris: ['https://portal.example/callback'],
};
/** Service A, as a client: it may carry what it was called with over to B. */
const serviceA = service('service-a', { serves: [shared], exchange: [{ to: onlyB, scopes: ['data:read'] }] });
const wiki = { ...webClient, client_id: 'wiki', redirect_uris: ['https://wiki.example/callback'] };

let story: Story;
let b: StoryService;
let narrow: StoryService;
let urls: { a: string; b: string; through: string; narrow: string };
beforeAll(async () => {
  const needs = { scopes: ['data:read'] };
  story = await startStory({
    provision: {
      ...world,
      clients: [...world.clients, portal, serviceA, wiki],
      resources: [
        { identifier: shared, scopes: ['data:read', 'data:write'] },
        { identifier: onlyB, scopes: ['data:read', 'data:write'] },
      ],
    },
    audience: shared,
    serves: {
      '/api/service-a/data': { needs, answer: ({ subject }) => ({ of: 'a', readBy: subject }) },
      // What it needs of B it gets with a token of its own for B.
      '/api/service-a/all': {
        needs,
        answer: async (_token, sent) => (await callService(urls.narrow, await forB(sent))).body as object,
      },
    },
  });
  b = await story.startService({
    audience: shared,
    serves: { '/api/service-b/data': { needs, answer: ({ subject }) => ({ of: 'b', readBy: subject }) } },
  });
  narrow = await story.startService({
    audience: onlyB,
    serves: {
      '/api/service-b/data': {
        needs,
        answer: ({ subject, claims }) => ({ of: 'b', readBy: subject, through: claims['act'] }),
      },
    },
  });
  urls = {
    a: `${story.service}/api/service-a/data`,
    through: `${story.service}/api/service-a/all`,
    b: `${b.origin}/api/service-b/data`,
    narrow: `${narrow.origin}/api/service-b/data`,
  };
  const { client_id: clientId, client_secret: clientSecret } = serviceA;
  forB = exchangeAt({ issuer: story.issuer, clientId, clientSecret, resource: onlyB, scope: 'data:read' });
});
let forB: ReturnType<typeof exchangeAt>;
afterAll(() => story.stop());

/** POST /auth/login, at the portal. */
const signIn = async (user = alice, more: object = {}) => {
  const { client_id, client_secret } = portal;
  const answer = await logIn(story, user, { client_id, client_secret, resource: shared, scope: 'data:read', ...more });
  expect(answer.status).toBe(200);
  return answer.body;
};
const signOut = async ({ refresh_token }: { readonly refresh_token: string }) => {
  const { client_id, client_secret } = portal;
  const out = await postJson(`${story.issuer}/auth/logout`, { refresh_token, client_id, client_secret });
  expect(out.status).toBe(204);
};
const revoked = { status: 401, challenge: expect.stringContaining('"The access token was revoked."') as unknown };
/** The services hear of it within their next look at the list. */
const aMomentLater = () => story.clock.advance(3);

describe('one token', () => {
  test('signs in once, and both services of other origins take it, each alone', async () => {
    const { token, expires_in } = await signIn();
    const { sub, aud } = claimsOf(token);
    expect([expires_in, aud]).toEqual([900, shared]);
    expect(new Set([urls.a, urls.b, story.issuer].map((url) => new URL(url).origin)).size).toBe(3);
    expect(await callService(urls.a, token)).toMatchObject({ status: 200, body: { of: 'a', readBy: sub } });
    expect(await callService(urls.b, token)).toMatchObject({ status: 200, body: { of: 'b', readBy: sub } });
    const asked = b.asked();
    for (let n = 0; n < 20; n += 1) expect((await callService(urls.b, token)).status).toBe(200);
    expect(b.asked()).toBe(asked);
  });

  test('no password, no token; a wrong one tells nobody which of the two was wrong', async () => {
    for (const user of [
      { ...alice, password: 'not the right one, no' },
      { username: 'nobody', password: alice.password },
    ]) {
      const { status, body, text } = await logIn(story, user);
      expect([status, body.code, text.includes('token"')]).toEqual([401, 'wrong_credentials', false]);
    }
    for (const url of [urls.a, urls.b]) expect((await callService(url)).status).toBe(401);
  });

  test('signing out ends it at both services, and at whichever server of Signet', async () => {
    const [hers, his] = [await signIn(), await signIn(bob)];
    await story.byTurns(async () => {
      await signOut(hers);
      aMomentLater();
      for (const url of [urls.a, urls.b]) expect(await callService(url, hers.token)).toMatchObject(revoked);
      expect((await getUserinfo(story, hers.token)).status).toBe(401);
    });
    for (const url of [urls.a, urls.b]) expect((await callService(url, his.token)).status).toBe(200);
  });

  test('somebody who is disabled is out of both', async () => {
    const user = { username: 'leaver', password: 'the long password of a leaver' };
    await story.signet.provision({ users: [user] });
    const { token } = await signIn(user);
    expect((await callService(urls.a, token)).status).toBe(200);
    await story.signet.provision({ users: [{ ...user, disabled: true }] });
    aMomentLater();
    for (const url of [urls.a, urls.b]) expect(await callService(url, token)).toMatchObject(revoked);
    expect((await logIn(story, user)).status).toBe(401);
  });
});

describe('a token for each', () => {
  test('service A asks B for the same person, with a token that is for B alone and says who asks', async () => {
    const { token } = await signIn();
    expect(await callService(urls.through, token)).toMatchObject({
      status: 200,
      body: { of: 'b', readBy: claimsOf(token)['sub'], through: { sub: 'service-a' } },
    });
    const carried = await forB(token);
    expect(claimsOf(carried)).toMatchObject({ aud: onlyB, scope: 'data:read', client_id: 'service-a' });
    // Once for all calls.
    expect(await forB(token)).toBe(carried);
  });

  test('the token of the one is nothing to the other', async () => {
    const { token } = await signIn();
    const refused = { status: 401, challenge: expect.stringContaining('is for another audience') as unknown };
    expect(await callService(urls.narrow, token)).toMatchObject(refused);
    for (const url of [urls.a, urls.b]) expect(await callService(url, await forB(token))).toMatchObject(refused);
  });

  test('when she signs out, B refuses what A got for her', async () => {
    const hers = await signIn();
    const { token } = hers;
    const carried = await forB(token);
    expect((await callService(urls.narrow, carried)).status).toBe(200);
    await signOut(hers);
    aMomentLater();
    expect(await callService(urls.narrow, carried)).toMatchObject(revoked);
    const { client_id: clientId, client_secret: clientSecret } = serviceA;
    const anew = exchangeAt({ issuer: story.issuer, clientId, clientSecret, resource: onlyB, scope: 'data:read' });
    await expect(anew(token)).rejects.toThrow();
  });
});

describe('in a browser', () => {
  test('signed in for one application, the next one asks for no password; each gets tokens of its own', async () => {
    const browser = createAgent();
    const { tokens: first } = await codeFlow(story, webClient, { agent: browser });
    // Consent, but nobody is asked who they are: a password is never sent.
    const { tokens: second } = await codeFlow(story, wiki, {
      agent: browser,
      user: { ...alice, password: 'never asked for' },
    });
    const [one, two] = [claimsOf(first.id_token), claimsOf(second.id_token)];
    expect([one['sub'], one['sid']]).toEqual([two['sub'], two['sid']]);
    expect([one['aud'], two['aud']]).toEqual(['web', 'wiki']);
    const { location } = await browser.get(authorizationRequest(story, wiki, { prompt: 'none' }).url);
    expect(location).toContain('code=sgc_');
  });

  test('who is signed in nowhere is asked, and prompt=none says so', async () => {
    const { location } = await createAgent().get(authorizationRequest(story, wiki, { prompt: 'none' }).url);
    expect(location).toContain('error=login_required');
  });
});
