// Use case 6, without a password: a link or a code by mail, each good once, for ten minutes, for whoever asked.
// Other than in the seed: a link needs the proof that its asker got, and in a browser a page on which it is confirmed by POST.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { type ApiAnswer, postJson, refreshAt } from '../support/first-party.ts';
import { claimsOf, getUserinfo } from '../support/flow.ts';
import { callService } from '../support/services.ts';
import { codeIn, linkIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { startStory, type Story } from '../support/story.ts';

const day = 24 * 3600;

let smtp: TestSmtp;
let story: Story;
let data: string;
let email: string;
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  const path = '/api/data';
  story = await startStory({
    provision: {},
    config: { mail: mailBy(smtp.port) },
    serves: { [path]: { answer: ({ subject }) => ({ readBy: subject }) } },
  });
  data = story.service + path;
});
afterAll(async () => {
  await story.stop();
  await smtp.close();
});
beforeEach(async () => {
  people += 1;
  email = `person-${people}@example.com`;
  await story.signet.provision({ users: [{ username: `person-${people}`, email, email_verified: true }] });
  // What strangers and others did in the last hour is forgotten.
  story.clock.advance(2 * 3600);
});

const at = (path: string, body: object) => postJson(`${story.issuer}/auth/passwordless/${path}`, body);
/** POST /auth/passwordless/request, and what the mail brings. */
const askLink = async (more: object = {}) => {
  const asked = await at('request', { email, ...more });
  expect([asked.status, asked.body]).toEqual([202, { proof: expect.any(String), expires_in: 600 }]);
  return { proof: asked.body.proof, link: await linkIn(await mailTo(smtp, email, 1, 'magic-link')) };
};
/** GET /auth/verify?token=... by the application that asked, with its proof. */
const follow = (link: string, proof?: string): Promise<ApiAnswer> =>
  postJson(link, undefined, proof === undefined ? {} : { 'signet-proof': proof }, 'GET');
/** POST /auth/passwordless/code, and what the mail brings. */
const askCode = async () => {
  const asked = await at('code', { email });
  expect([asked.status, asked.body]).toEqual([202, { proof: expect.any(String), expires_in: 600 }]);
  return { proof: asked.body.proof, code: await codeIn(await mailTo(smtp, email, 1, 'sign-in-code')) };
};
/** POST /auth/passwordless/verify. */
const verify = (code: string, more: object = {}) => at('verify', { email, code, ...more });
const other = (code: string) => (code === '123456' ? '654321' : '123456');
const noToken = ({ text }: ApiAnswer) => expect(text).not.toContain('token"');

describe('a link', () => {
  test('asked for, mailed, followed at the other server: a session token for 24 hours that the service takes, and then no more', () =>
    story.byTurns(async () => {
      const { proof, link } = await askLink();
      expect(link.startsWith(`${story.issuer}/auth/verify?token=eyJ`)).toBe(true);
      const { status, headers, body } = await follow(link, proof);
      expect([status, headers.get('cache-control'), headers.getSetCookie()]).toEqual([200, 'no-store', []]);
      expect(body).toEqual({ session_token: expect.any(String), expires_in: 86_400 });
      const { sub, exp, iat, amr, mfa_verified } = claimsOf(body.session_token);
      expect([(exp as number) - (iat as number), amr, mfa_verified]).toEqual([day, ['otp'], false]);
      const read = { status: 200, challenge: null, body: { readBy: sub } };
      expect(await callService(data, body.session_token)).toEqual(read);
      story.clock.advance(day - 1);
      expect(await callService(data, body.session_token)).toEqual(read);
      story.clock.advance(7);
      const challenge = story.challenge('The access token has expired.');
      expect(await callService(data, body.session_token)).toMatchObject({ status: 401, challenge });
    }));

  test('followed twice: the second time nothing, at either server, and the session of the first time lives', async () => {
    const { proof, link } = await askLink();
    const { body } = await follow(link, proof);
    await story.atBoth(async () => {
      const again = await follow(link, proof);
      expect([again.status, again.body.code]).toEqual([401, 'invalid_grant']);
      noToken(again);
    });
    expect((await callService(data, body.session_token)).status).toBe(200);
  });

  test('without the proof, with the proof of somebody else, or as a token at the service: nothing, and nothing is spent', async () => {
    const { proof, link } = await askLink();
    for (const token of [new URL(link).searchParams.get('token')!, proof])
      expect(await callService(data, token)).toMatchObject({
        status: 401,
        challenge: story.challenge('The access token is not valid here.'),
      });
    const { proof: others } = (await at('request', { email: 'nobody@example.com' })).body;
    expect((await follow(link)).status).toBe(400);
    for (const wrong of [others, 'nonsense']) {
      const refused = await follow(link, wrong);
      expect([refused.status, refused.body.code]).toEqual([401, 'invalid_grant']);
      noToken(refused);
    }
    expect((await follow(link, proof)).status).toBe(200);
  });

  test('in a browser that did not ask, or a scanner of mails: a page, no cookie, and nothing is spent', async () => {
    const { proof, link } = await askLink();
    for (let looks = 0; looks < 3; looks += 1) {
      const page = await createAgent().get(link);
      expect([page.status, page.headers.get('content-type'), page.headers.getSetCookie()]).toEqual([
        200,
        'text/html; charset=utf-8',
        [],
      ]);
      expect(page.body).not.toContain(email);
    }
    expect((await follow(link, proof)).status).toBe(200);
  });

  test('after ten minutes, and one whose token was changed: nothing', async () => {
    const { proof, link } = await askLink();
    const changed = link.replace(/token=([^.]+)\.[^.]+/, `token=$1.${Buffer.from('{}').toString('base64url')}`);
    expect((await follow(changed, proof)).status).toBe(401);
    story.clock.advance(601);
    await story.atBoth(async () => expect((await follow(link, proof)).status).toBe(401));
  });

  test('the session token, once signed out: Signet refuses it at both servers, and it is no refresh token', async () => {
    const { proof, link } = await askLink({ scope: 'openid email' });
    const { session_token: token } = (await follow(link, proof)).body;
    expect((await refreshAt(story, token)).status).toBe(401);
    const authorization = `Bearer ${token}`;
    expect((await getUserinfo(story, token)).status).toBe(200);
    expect((await postJson(`${story.issuer}/auth/logout`, {}, { authorization })).status).toBe(204);
    await story.atBoth(async () => expect((await getUserinfo(story, token)).status).toBe(401));
  });
});

describe('a code', () => {
  test('asked for, mailed, typed at the other server: tokens, and the service takes them', () =>
    story.byTurns(async () => {
      const { code } = await askCode();
      expect(code).toMatch(/^\d{6}$/);
      const { status, headers, body } = await verify(code);
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body).toMatchObject({ token: body.access_token, refresh_token: expect.any(String), expires_in: 900 });
      const { sub, amr } = claimsOf(body.token);
      expect(amr).toEqual(['otp']);
      expect(await callService(data, body.token)).toMatchObject({ status: 200, body: { readBy: sub } });
      story.clock.advance(906);
      expect((await callService(data, body.token)).status).toBe(401);
      expect((await refreshAt(story, body.refresh_token)).status).toBe(200);
    }));

  test('typed twice: the second time nothing, with the proof and without', async () => {
    const { code, proof } = await askCode();
    expect((await verify(code)).status).toBe(200);
    for (const more of [{}, { proof }]) {
      const again = await verify(code, more);
      expect([again.status, again.body.code]).toEqual([401, 'wrong_code']);
      noToken(again);
    }
  });

  test('wrong, late, or for somebody else: nothing', async () => {
    const { code } = await askCode();
    expect((await verify(other(code))).body.code).toBe('wrong_code');
    expect(await verify(code, { email: 'nobody@example.com' })).toMatchObject({
      status: 401,
      body: { code: 'wrong_code' },
    });
    story.clock.advance(601);
    await story.atBoth(async () => expect((await verify(code)).body.code).toBe('wrong_code'));
  });

  test('guessed at five times, over both servers: it is worth nothing any more; who asked still has it', async () => {
    const { code, proof } = await askCode();
    for (let guess = 0; guess < 5; guess += 1) expect((await verify(other(code))).status).toBe(401);
    const spent = await verify(code);
    expect([401, 429]).toContain(spent.status);
    noToken(spent);
    expect((await verify(code, { proof })).status).toBe(200);
  });
});

test('an address that nobody has: the same answers, no mail, and no code that is right', async () => {
  const known = email;
  email = 'nobody-at-all@example.com';
  for (const path of ['request', 'code']) {
    const [one, two] = [await at(path, { email }), await at(path, { email: known })];
    expect([one.status, Object.keys(one.body)]).toEqual([two.status, Object.keys(two.body)]);
  }
  expect((await verify('123456')).body.code).toBe('wrong_code');
  await mailTo(smtp, known, 2);
  expect(smtp.mails.filter(({ to }) => to.includes(email))).toEqual([]);
});
