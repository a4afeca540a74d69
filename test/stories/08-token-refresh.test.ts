// Use case 8, refreshing: a short-lived access token, and a refresh token that is used once and renewed with it.
// Other than in the seed: the refresh token is no JWT, and each answer brings the next one, because what is used twice was stolen.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiAnswer, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, claimsOf } from '../support/flow.ts';
import { callService } from '../support/services.ts';
import { startStory, type Story } from '../support/story.ts';

const audience = 'https://data.example/api';
const [hour, day] = [3600, 24 * 3600];

let story: Story;
let data: string;
beforeAll(async () => {
  const path = '/api/data';
  story = await startStory({
    provision: {
      // What people get whose application names no resource.
      settings: { default_resource: audience },
      resources: [{ identifier: audience, scopes: [] }],
      users: [alice],
    },
    audience,
    serves: { [path]: { answer: ({ subject }) => ({ readBy: subject }) } },
  });
  data = story.service + path;
});
afterAll(() => story.stop());

const begin = async () => (await logIn(story, alice)).body;
const renew = (token: string) => refreshAt(story, token);
/** `invalid_grant`, and nothing that one could go on with. */
const expectRefused = ({ status, body, text }: ApiAnswer) => {
  expect([status, body.code]).toEqual([401, 'invalid_grant']);
  expect(text).not.toContain('_token"');
};
const expired = {
  status: 401,
  challenge: `Bearer realm="${audience}", error="invalid_token", error_description="The access token has expired."`,
};

test('tokens, data, the access token expires: 401, the refresh token brings another: data again; each from another server', () =>
  story.byTurns(async () => {
    const { status, headers, body: first } = await logIn(story, alice);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(first).toMatchObject({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expires_in: 900,
    });
    expect(first.refresh_token).not.toContain('.');
    const before = claimsOf(first.access_token);
    expect([before['aud'], (before['exp'] as number) - (before['iat'] as number)]).toEqual([audience, 900]);
    const read = { status: 200, challenge: null, body: { readBy: before['sub'] } };
    expect(await callService(data, first.access_token)).toEqual(read);

    story.clock.advance(906);
    expect(await callService(data, first.access_token)).toMatchObject(expired);
    const answer = await renew(first.refresh_token);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const second = answer.body;
    expect(second).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const after = claimsOf(second.access_token);
    // The same session of the same person, and nothing more than before.
    for (const same of ['sub', 'sid', 'scope', 'aud', 'client_id', 'auth_time', 'acr'])
      expect(after[same], same).toEqual(before[same]);
    expect((after['exp'] as number) - (before['exp'] as number)).toBe(906);
    expect(await callService(data, second.access_token)).toEqual(read);
  }));

test('who comes back every few hours stays signed in for seven days, and not for longer', async () => {
  let { refresh_token: token } = await begin();
  for (let hours = 12; hours < 7 * 24; hours += 12) {
    story.clock.advance(12 * hour);
    const { status, body } = await renew(token);
    expect(status, `after ${hours} hours`).toBe(200);
    expect((await callService(data, body.access_token)).status).toBe(200);
    token = body.refresh_token;
  }
  story.clock.advance(12 * hour);
  expectRefused(await renew(token));
});

describe('a refresh token that is used again', () => {
  test('at once, because the answer was lost: the other server repeats the same one, and both go on as one', () =>
    story.byTurns(async () => {
      const first = await begin();
      const answers = [await renew(first.refresh_token), await renew(first.refresh_token)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers[0]!.body.refresh_token).toBe(answers[1]!.body.refresh_token);
      expect((await renew(answers[1]!.body.refresh_token)).status).toBe(200);
    }));

  test('after its child was used: refused, and the whole family ends, with what the thief has and what the owner has', async () => {
    const stolen = await begin();
    const { body: second } = await renew(stolen.refresh_token);
    const { body: third } = await renew(second.refresh_token);
    expectRefused(await renew(stolen.refresh_token));
    for (const { refresh_token: token } of [third, third, second, stolen]) expectRefused(await renew(token));
    // Whatever the service knows of it: a quarter of an hour later it is over there as well.
    story.clock.advance(906);
    expect(await callService(data, third.access_token)).toMatchObject(expired);
  });

  test('half a minute late, though nobody used its child: refused, and the family ends', async () => {
    const first = await begin();
    const { body: second } = await renew(first.refresh_token);
    story.clock.advance(31);
    expectRefused(await renew(first.refresh_token));
    await story.atBoth(async () => expectRefused(await renew(second.refresh_token)));
  });

  test('the end of a family is the end of no other: who signs in again goes on', async () => {
    const [here, there] = [await begin(), await begin()];
    const { body: child } = await renew(here.refresh_token);
    await renew(child.refresh_token);
    expectRefused(await renew(here.refresh_token));
    expect((await renew(there.refresh_token)).status).toBe(200);
    expect((await renew((await begin()).refresh_token)).status).toBe(200);
  });

  test('by twenty at once over both servers: one child', () =>
    story.byTurns(async () => {
      const { refresh_token: token } = await begin();
      const answers = await Promise.all(Array.from({ length: 20 }, () => renew(token)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    }));
});

describe('refused', () => {
  test('signed out, at one server: refused at both', async () => {
    const tokens = await begin();
    const { body: next } = await renew(tokens.refresh_token);
    expect((await postJson(`${story.issuer}/auth/logout`, { refresh_token: next.refresh_token })).status).toBe(204);
    await story.atBoth(async () => expectRefused(await renew(next.refresh_token)));
  });

  test('left alone for a day: the session is over, and its refresh token with it', async () => {
    const { refresh_token: token } = await begin();
    story.clock.advance(day + 1);
    expectRefused(await renew(token));
  });

  test('after another password was set: what came from the old one', async () => {
    const user = { username: 'carol', password: 'a pass phrase of carol' };
    await story.signet.provision({ users: [user] });
    const { refresh_token: token } = (await logIn(story, user)).body;
    await story.signet.provision({ users: [{ ...user, password: 'another one from now on', password_reset: true }] });
    await story.atBoth(async () => expectRefused(await renew(token)));
  });

  test.each([
    ['an access token', ({ access_token: token }: { access_token: string }) => token],
    [
      'a refresh token with another end',
      ({ refresh_token: token }: { refresh_token: string }) => `${token.slice(0, -4)}AAAA`,
    ],
    ['nonsense', () => 'expired_token'],
  ])('%s, and the family lives', async (_what, change) => {
    const tokens = await begin();
    expectRefused(await renew(change(tokens)));
    expect((await renew(tokens.refresh_token)).status).toBe(200);
  });

  test('no refresh token at all: 422', async () => {
    const { status, body } = await postJson(`${story.issuer}/auth/refresh`, {});
    expect([status, body.code]).toEqual([422, 'invalid_input']);
  });

  test('the refresh token at the service, and `expired_token` of the seed: 401', async () => {
    const { refresh_token: token } = await begin();
    for (const given of [token, 'expired_token'])
      expect(await callService(data, given)).toMatchObject({
        status: 401,
        challenge: story.challenge('The access token is not valid here.'),
      });
  });

  test('more than was granted: invalid_scope, and the token is as good as before', async () => {
    const { refresh_token: token } = (await logIn(story, alice, { scope: 'openid profile' })).body;
    const wider = await refreshAt(story, token, { scope: 'openid profile email' });
    expect([wider.status, wider.body.code]).toEqual([400, 'invalid_scope']);
    const narrower = await refreshAt(story, token, { scope: 'openid' });
    expect([narrower.status, narrower.body.scope]).toEqual([200, 'openid']);
  });
});
