// Use case 10, sessions without a store: each request brings its token, any server and any service checks it, and it can be ended.
// Other than in the seed: stateless for whoever checks. Signet itself knows who is signed in, because else nobody could be signed out.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, bob, claimsOf, world } from '../support/flow.ts';
import { bearer } from '../support/second-factors.ts';
import { callService } from '../support/services.ts';
import { startSignet } from '../support/signet.ts';
import { startStory, type Story, type StoryService } from '../support/story.ts';

const audience = 'https://app.example/api';
const path = '/api/me';

let story: Story;
let instances: StoryService[];
const start = () =>
  story.startService({ audience, serves: { [path]: { answer: ({ subject }) => ({ id: subject }) } } });
beforeAll(async () => {
  story = await startStory({
    provision: {
      ...world,
      settings: { default_resource: audience },
      resources: [{ identifier: audience, scopes: [] }],
    },
    audience,
    serves: { [path]: { answer: ({ subject }) => ({ id: subject }) } },
  });
  instances = await Promise.all([start(), start(), start()]);
});
afterAll(() => story.stop());

let turn = 0;
/** One request, at the instance whose turn it is: nothing brings anybody back to the same one. */
const ask = (token: string) => callService(`${instances[turn++ % instances.length]!.origin}${path}`, token);
const revoked = { status: 401, challenge: expect.stringContaining('"The access token was revoked."') as unknown };

/** POST /login. */
const signIn = async (user = alice) => (await logIn(story, user)).body;
const signOut = async (refreshToken: string) =>
  expect((await postJson(`${story.issuer}/auth/logout`, { refresh_token: refreshToken })).status).toBe(204);
let token: string;
let refreshToken: string;
beforeEach(async () => {
  ({ token, refresh_token: refreshToken } = await signIn());
  // Every instance has the list of this hour.
  for (const _ of instances) expect((await ask(token)).status).toBe(200);
});

test('in at one server, refreshed at the other, a request at each instance of the application: it is the same person', () =>
  story.byTurns(async () => {
    const signedIn = await signIn();
    const id = claimsOf(signedIn.token)['sub'];
    for (let n = 0; n < 6; n += 1) expect(await ask(signedIn.token)).toMatchObject({ status: 200, body: { id } });
    const next = await refreshAt(story, signedIn.refresh_token);
    expect(next.status).toBe(200);
    for (let n = 0; n < 3; n += 1) expect(await ask(next.body.token)).toMatchObject({ status: 200, body: { id } });
  }));

test('a thousand requests: no call to Signet, and so none to its database; no cookie', async () => {
  const asked = instances.map((one) => one.asked());
  for (let n = 0; n < 1000; n += 100)
    expect(
      new Set((await Promise.all(Array.from({ length: 100 }, () => ask(token)))).map(({ status }) => status)),
    ).toEqual(new Set([200]));
  expect(instances.map((one) => one.asked())).toEqual(asked);
  const answer = await fetch(`${instances[0]!.origin}${path}`, { headers: bearer(token) });
  expect(answer.headers.getSetCookie()).toEqual([]);
});

test('an instance that is started later takes the token, and knows what was revoked before it was there', async () => {
  const { token: ended, refresh_token: his } = await signIn(bob);
  await signOut(his);
  const late = await start();
  expect((await callService(late.origin + path, token)).status).toBe(200);
  expect(await callService(late.origin + path, ended)).toMatchObject(revoked);
});

test('signed out: every instance refuses it a moment later, and hears of it without a call for each request', async () => {
  const { token: kept } = await signIn(bob);
  await signOut(refreshToken);
  const asked = instances.map((one) => one.asked());
  story.clock.advance(3);
  for (const _ of instances) expect(await ask(token)).toMatchObject(revoked);
  for (const _ of instances) expect((await ask(kept)).status).toBe(200);
  for (let n = 0; n < 60; n += 1) await ask(n % 2 === 0 ? token : kept);
  // One look at the list each.
  expect(instances.map((one, n) => one.asked() - asked[n]!)).toEqual([1, 1, 1]);
  // It comes back with no restart of anything, and with no clock.
  story.clock.advance(600);
  for (const _ of instances) expect(await ask(token)).toMatchObject(revoked);
});

test('one server of Signet goes, another comes: nobody has to sign in again', async () => {
  const another = await startSignet({ beside: story.signet });
  const signedIn = await signIn();
  await another.stop();
  expect((await ask(signedIn.token)).status).toBe(200);
  expect((await refreshAt(story, signedIn.refresh_token)).status).toBe(200);
});

test('an application whose lists come from one server and from the other by turns misses none of their revocations', async () => {
  let turns = 0;
  const lists: string[] = [];
  const both = await story.startService({
    audience,
    serves: { [path]: { answer: ({ subject }) => ({ id: subject }) } },
    fetch: (input, init) => {
      const { url } = new Request(input);
      const isList = url.includes('/oauth/status/');
      if (isList) lists.push(url);
      return fetch(isList && turns++ % 2 === 1 ? url.replace(story.signet.server.url, story.other) : url, init);
    },
  });
  for (let n = 0; n < 12; n += 1) {
    const { token: ended, refresh_token: his } = await signIn(bob);
    expect((await callService(both.origin + path, ended)).status).toBe(200);
    story.clock.advance(45);
    expect((await callService(both.origin + path, ended)).status).toBe(200);
    await signOut(his);
    story.clock.advance(3);
    expect(await callService(both.origin + path, ended)).toMatchObject(revoked);
  }
  expect(lists.length).toBeGreaterThan(20);
});

test('nobody but Signet can make one: what an application signs itself, or changes, is refused by all', async () => {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const somebodyElse = Buffer.from(JSON.stringify({ ...claimsOf(token), sub: 'somebody else' })).toString('base64url');
  for (const forged of [
    `${header}.${somebodyElse}.${signature}`,
    `${header}.${payload}.`,
    `${payload}.${payload}.${signature}`,
  ])
    for (const _ of instances) expect((await ask(forged)).status).toBe(401);
});

test('while Signet is away its applications go on with what they hold, and say 503 rather than guess', async () => {
  let away = false;
  const lone = await story.startService({
    audience,
    serves: { [path]: { answer: ({ subject }) => ({ id: subject }) } },
    fetch: (input, init) => (away ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init)),
  });
  expect((await callService(lone.origin + path, token)).status).toBe(200);
  away = true;
  story.clock.advance(60);
  expect((await callService(lone.origin + path, token)).status).toBe(200);
  story.clock.advance(300);
  expect((await callService(lone.origin + path, token)).status).toBe(503);
  away = false;
  story.clock.advance(5);
  expect((await callService(lone.origin + path, token)).status).toBe(200);
});
