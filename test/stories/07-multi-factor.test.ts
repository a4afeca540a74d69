// Use case 7, two factors: the password gives a partial token, the code makes it whole, and what is sensitive asks for both.
// Other than in the seed: the partial token is of another type under a key that nobody has, so no service takes it by mistake.
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { acrValues } from '../../src/domain/factors.ts';
import { type ApiAnswer, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { claimsOf, getUserinfo } from '../support/flow.ts';
import {
  bearer,
  codeOf,
  enrol,
  type Enrolled,
  logInWithBoth,
  verifyAt,
  wrongCodeOf,
} from '../support/second-factors.ts';
import { callService } from '../support/services.ts';
import { smsBy, smsCodeTo, type SmsReceiver, startSmsReceiver } from '../support/sms.ts';
import { startStory, type Story } from '../support/story.ts';

const [, two] = acrValues;

let receiver: SmsReceiver;
let story: Story;
let data: string;
let transfers: string;
let person: Enrolled;
let phone: string;
let people = 0;
beforeAll(async () => {
  receiver = await startSmsReceiver();
  const answer = ({ subject }: { subject: string }) => ({ readBy: subject });
  story = await startStory({
    provision: { settings: { mfa: 'optional', sms_factor: 'on' } },
    config: smsBy(receiver),
    serves: {
      '/api/data': { answer },
      '/api/transfers': { needs: { acr: [two] }, answer },
      '/api/deletions': { needs: { acr: [two], maxAge: 300 }, answer },
    },
  });
  data = `${story.service}/api/data`;
  transfers = `${story.service}/api/transfers`;
});
afterAll(async () => {
  await story.stop();
  await receiver.close();
});
beforeEach(async () => {
  people += 1;
  const user = { username: `person-${people}`, password: 'the one she has had so far' };
  phone = `+4915112${String(100_000 + people)}`;
  await story.signet.provision({ users: [user] });
  person = await enrol(story.signet, user);
});

/** POST /auth/login: the partial token. */
const begin = async () => (await logIn(story, person.user)).body;
/** POST /auth/mfa/verify. */
const verify = (token: string, code: string) => verifyAt(story, { token, code });
const now = () => codeOf(person.secret, story.clock.now);
/** A step passes: an authenticator shows the next code. */
const nextStep = () => story.clock.advance(30);
const subject = () => claimsOf(person.tokens.access_token)['sub'];
const refused = (answer: ApiAnswer, status: number, code: string) => {
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.text).not.toContain('token":');
};
const notHere = () => ({ status: 401, challenge: story.challenge('The access token is not valid here.') });

test('password, partial token, code at the other server, whole token: the service refuses the one and takes the other', () =>
  story.byTurns(async () => {
    const half = await logIn(story, person.user);
    expect([half.status, half.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(half.body).toEqual({
      token: expect.any(String),
      mfa_required: true,
      mfa_methods: ['totp', 'recovery_code'],
      expires_in: 600,
    });
    const partial = claimsOf(half.body.token);
    expect(partial).toMatchObject({ sub: subject(), mfa_verified: false, mfa_method: null });
    expect(decodeProtectedHeader(half.body.token)).toMatchObject({ alg: 'HS256', typ: 'signet-mfa+jwt' });
    for (const url of [data, transfers]) expect(await callService(url, half.body.token)).toMatchObject(notHere());

    const answer = await verify(half.body.token, now());
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.body).toMatchObject({
      token: answer.body.access_token,
      mfa_verified: true,
      refresh_token: expect.any(String),
      expires_in: 900,
    });
    expect(claimsOf(answer.body.token)).toMatchObject({
      sub: partial['sub'],
      mfa_verified: true,
      mfa_method: 'totp',
      mfa_verified_at: story.clock.now / 1000,
      amr: ['pwd', 'otp', 'mfa'],
      acr: two,
    });
    const read = { status: 200, challenge: null, body: { readBy: subject() } };
    for (const url of [data, transfers]) expect(await callService(url, answer.body.token)).toEqual(read);

    // What was proven once stays said in the tokens of the session.
    const verifiedAt = story.clock.now / 1000;
    story.clock.advance(906);
    const expired = { status: 401, challenge: story.challenge('The access token has expired.') };
    expect(await callService(transfers, answer.body.token)).toMatchObject(expired);
    const { body: next } = await refreshAt(story, answer.body.refresh_token);
    expect(claimsOf(next.token)).toMatchObject({ mfa_verified: true, mfa_method: 'totp', mfa_verified_at: verifiedAt });
    expect(await callService(transfers, next.token)).toEqual(read);
  }));

test('a code by text message, which is sent when it is asked for: mfa_method says sms; used twice it is refused', async () => {
  const added = bearer((await logInWithBoth(story.signet, person)).body.token);
  expect((await postJson(`${story.issuer}/auth/mfa/sms`, { phone }, added)).status).toBe(202);
  const first = { code: await smsCodeTo(receiver, phone) };
  expect((await postJson(`${story.issuer}/auth/mfa/sms/confirm`, first, added)).status).toBe(200);
  nextStep();

  await story.byTurns(async () => {
    const half = await begin();
    expect(half.mfa_methods).toEqual(['totp', 'sms', 'recovery_code']);
    const asked = { token: half.token, method: 'sms' };
    const sent = await postJson(`${story.issuer}/auth/mfa/challenge`, asked);
    expect([sent.status, sent.body]).toMatchObject([200, { sent: { method: 'sms', to: phone.slice(-2) } }]);
    const code = await smsCodeTo(receiver, phone, 2);
    const { status, body } = await verify(half.token, code);
    expect([status, body.mfa_verified]).toEqual([200, true]);
    expect(claimsOf(body.token)).toMatchObject({
      mfa_verified: true,
      mfa_method: 'sms',
      mfa_verified_at: story.clock.now / 1000,
    });
    expect((await callService(transfers, body.token)).status).toBe(200);
    refused(await verify((await begin()).token, code), 401, 'wrong_code');
  });
});

describe('step-up', () => {
  test('one factor reads data; a transfer is 401 with what it needs; the code raises the session, and the transfer goes through', async () => {
    const user = { username: `later-${people}`, password: 'the one he has had so far' };
    await story.signet.provision({ users: [user] });
    // Before there is a second factor: this session has one, and keeps it.
    const { body: early } = await logIn(story, user);
    const { secret } = await enrol(story.signet, user);
    expect(claimsOf(early.token)).toMatchObject({ mfa_verified: false });
    expect((await callService(data, early.token)).status).toBe(200);
    const tooWeak = {
      status: 401,
      challenge: `${story.challenge('This needs a stronger sign-in.', 'insufficient_user_authentication')}, acr_values="${two}"`,
    };
    expect(await callService(transfers, early.token)).toMatchObject(tooWeak);

    const wrong = { code: wrongCodeOf(secret, story.clock.now) };
    refused(await verifyAt(story, wrong, bearer(early.token)), 401, 'wrong_code');
    expect((await refreshAt(story, early.refresh_token)).status).toBe(200);
    const right = { code: codeOf(secret, story.clock.now) };
    const raised = await verifyAt(story, right, bearer(early.token));
    expect([raised.status, raised.body.mfa_verified]).toEqual([200, true]);
    expect(claimsOf(raised.body.token)).toMatchObject({
      sub: claimsOf(early.token)['sub'],
      sid: claimsOf(early.token)['sid'],
      mfa_verified: true,
      mfa_method: 'totp',
      mfa_verified_at: story.clock.now / 1000,
    });
    expect((await callService(transfers, raised.body.token)).status).toBe(200);
    // The token from before says what it said.
    expect(await callService(transfers, early.token)).toMatchObject(tooWeak);
  });

  test('what asks for a sign-in of the last five minutes: 401 after six, though the token is good', async () => {
    const { body } = await logInWithBoth(story.signet, person);
    const deletions = `${story.service}/api/deletions`;
    expect((await callService(deletions, body.token)).status).toBe(200);
    story.clock.advance(360);
    const tooOld = story.challenge('This needs a more recent sign-in.', 'insufficient_user_authentication');
    expect(await callService(deletions, body.token)).toMatchObject({
      status: 401,
      challenge: `${tooOld}, acr_values="${two}", max_age="300"`,
    });
    expect((await callService(transfers, body.token)).status).toBe(200);
  });
});

describe('the partial token', () => {
  test('opens nothing at Signet either, and refreshes nothing', async () => {
    const { token } = await begin();
    expect((await getUserinfo(story, token)).status).toBe(401);
    refused(await refreshAt(story, token), 401, 'invalid_grant');
    expect((await postJson(`${story.issuer}/auth/mfa`, undefined, bearer(token), 'GET')).status).toBe(401);
    refused(await verifyAt(story, { code: now() }, bearer(token)), 401, 'invalid_token');
  });

  test('used twice, the second time with the next code: nothing, at either server', async () => {
    const { token } = await begin();
    expect((await verify(token, now())).status).toBe(200);
    nextStep();
    await story.atBoth(async () => refused(await verify(token, now()), 401, 'invalid_token'));
  });

  test('after ten minutes, with another signature, or with claims that say it is whole: nothing', async () => {
    const { token } = await begin();
    const [head, , signature] = token.split('.');
    const whole = Buffer.from(JSON.stringify({ ...claimsOf(token), mfa_verified: true })).toString('base64url');
    for (const forged of [`${head}.${whole}.${signature}`, `${token.slice(0, -4)}AAAA`]) {
      refused(await verify(forged, now()), 401, 'invalid_token');
      expect(await callService(transfers, forged)).toMatchObject(notHere());
    }
    story.clock.advance(601);
    refused(await verify(token, now()), 401, 'invalid_token');
  });

  test('a whole token in its place: nothing', async () => {
    const { body } = await logInWithBoth(story.signet, person);
    refused(await verify(body.token, now()), 401, 'invalid_token');
  });

  test('by twenty at once over both servers, with one code: one session', () =>
    story.byTurns(async () => {
      const { token } = await begin();
      const code = now();
      const answers = await Promise.all(Array.from({ length: 20 }, () => verify(token, code)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    }));
});

describe('a code', () => {
  test('wrong: no token, and the right one is still taken', async () => {
    const { token } = await begin();
    refused(await verify(token, wrongCodeOf(person.secret, story.clock.now)), 401, 'wrong_code');
    for (const none of ['', '000', 'abcdef']) expect((await verify(token, none)).body.mfa_verified).toBeUndefined();
    expect((await verify(token, now())).status).toBe(200);
  });

  test('used twice, with two sign-ins: the second has to wait for the next one', async () => {
    const [one, other] = [await begin(), await begin()];
    const code = now();
    expect((await verify(one.token, code)).status).toBe(200);
    refused(await verify(other.token, code), 401, 'wrong_code');
    nextStep();
    expect((await verify(other.token, now())).status).toBe(200);
  });

  test('of somebody else: wrong', async () => {
    const user = { username: `else-${people}`, password: 'the one he has had so far' };
    await story.signet.provision({ users: [user] });
    const { secret } = await enrol(story.signet, user);
    refused(await verify((await begin()).token, codeOf(secret, story.clock.now)), 401, 'wrong_code');
  });

  test('of the list for emergencies: once', async () => {
    const [code] = person.recoveryCodes;
    const { body } = await verify((await begin()).token, code!);
    expect(claimsOf(body.token)).toMatchObject({ mfa_verified: true, mfa_method: 'recovery_code' });
    refused(await verify((await begin()).token, code!), 401, 'wrong_code');
  });

  test('guessed at over both servers, and with a new partial token each time: 429, also for the right one, until time has passed', async () => {
    let last: ApiAnswer | undefined;
    for (let guess = 0; guess < 7; guess += 1)
      last = await verify((await begin()).token, wrongCodeOf(person.secret, story.clock.now, guess));
    expect([last!.status, Number(last!.headers.get('retry-after')) > 0]).toEqual([429, true]);
    const { token } = await begin();
    refused(await verify(token, now()), 429, 'too_many_attempts');
  });
});
