// /auth/login, /auth/mfa/verify and /auth/mfa/challenge with a second factor: a partial token, and what it is good for.
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { backend, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { createAgent } from '../support/agent.ts';
import { claimsOf, getUserinfo, tokenRequest, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import {
  bearer,
  codeOf,
  enrol,
  type Enrolled,
  logInWithBoth,
  verifyAt,
  wrongCodeOf,
} from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const two = 'urn:signet:acr:2fa';

let signet: TestSignet;
let other: TestSignet;
let person: Enrolled;
let people = 0;
const sent: string[] = [];
beforeAll(async () => {
  signet = await startSignet({
    observe: ({ text }) => void sent.push(text),
    provision: { ...world, clients: [...world.clients, backend] },
  });
  other = await startSignet({ beside: signet });
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});
beforeEach(async () => {
  people += 1;
  const user = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [user] });
  person = await enrol(signet, user);
});

const now = () => codeOf(person.secret, signet.clock.now);
const partial = async (more: object = {}) => (await logIn(signet, person.user, { ...more })).body.token;
const change = (token: string, wanted: string) =>
  postJson(
    `${signet.issuer}/auth/password`,
    { current_password: person.user.password, new_password: wanted },
    bearer(token),
  );

describe('use case 7', () => {
  test('the password gives a partial token, the code the whole answer, and the tokens say what was proven', async () => {
    const half = await logIn(signet, person.user, { scope: 'openid profile' });
    expect([half.status, half.body]).toEqual([
      200,
      { token: expect.any(String), mfa_required: true, mfa_methods: ['totp', 'recovery_code'], expires_in: 600 },
    ]);
    expect(decodeProtectedHeader(half.body.token)).toMatchObject({ alg: 'HS256', typ: 'signet-mfa+jwt' });
    expect(claimsOf(half.body.token)).toMatchObject({
      iss: signet.issuer,
      aud: `${signet.issuer}/auth/mfa`,
      sub: claimsOf(person.tokens.access_token)['sub'],
      client_id: 'first-party',
      mfa_verified: false,
      mfa_method: null,
    });
    const { status, body } = await verifyAt(signet, { token: half.body.token, code: now() });
    expect([status, body]).toEqual([
      200,
      {
        access_token: body.token,
        token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^sgr_/),
        scope: 'openid profile',
        id_token: expect.any(String),
        device: expect.stringMatching(/~/),
        mfa_verified: true,
      },
    ]);
    const said = {
      mfa_verified: true,
      mfa_method: 'totp',
      mfa_verified_at: signet.clock.now / 1000,
      auth_time: signet.clock.now / 1000,
      amr: ['pwd', 'otp', 'mfa'],
      acr: two,
    };
    expect(claimsOf(body.access_token)).toMatchObject(said);
    expect(claimsOf(body.id_token)).toMatchObject(said);
    const next = await refreshAt(signet, body.refresh_token);
    expect(claimsOf(next.body.access_token)).toMatchObject(said);
  });

  test('a recovery code in its place, however it is typed, and once', async () => {
    const code = person.recoveryCodes[0]!.replaceAll('-', ' ').toUpperCase();
    const { status, body } = await verifyAt(signet, { token: await partial(), code, method: 'recovery_code' });
    expect([status, claimsOf(body.access_token)['mfa_method']]).toEqual([200, 'recovery_code']);
    const again = await verifyAt(signet, { token: await partial(), code: person.recoveryCodes[0]! });
    expect([again.status, again.body.code]).toEqual([401, 'wrong_code']);
  });

  test('at most six statements to prove the second factor, and four plus one for the first', async () => {
    const counts: [number, number][] = [];
    for (let nth = 0; nth < 3; nth += 1) {
      sent.length = 0;
      const token = await partial();
      const first = sent.splice(0).length;
      await verifyAt(signet, { token, code: now() });
      counts.push([first, sent.length]);
      signet.clock.advance(30);
    }
    // What the server does in the background falls into one of them at times.
    expect(Math.min(...counts.map(([first]) => first))).toBeLessThanOrEqual(5);
    expect(Math.min(...counts.map(([, second]) => second))).toBeLessThanOrEqual(6);
  });

  test('challenge says what can be proven, and for how long', async () => {
    const token = await partial();
    signet.clock.advance(100);
    const { status, body } = await postJson(`${signet.issuer}/auth/mfa/challenge`, { token });
    expect([status, body]).toEqual([200, { mfa_methods: ['totp', 'recovery_code'], expires_in: 500 }]);
  });

  test('the audit log has the half, the failure and the whole', async () => {
    const token = await partial();
    await verifyAt(signet, { token, code: wrongCodeOf(person.secret, signet.clock.now) });
    await verifyAt(signet, { token, code: now() });
    const events = await query(
      signet.database.url,
      `SELECT type, data FROM audit_events
       WHERE user_id = $1 AND at = $2 AND type LIKE 'user.%' ORDER BY type`,
      [claimsOf(person.tokens.access_token)['sub'], new Date(signet.clock.now)],
    );
    expect(events).toEqual([
      { type: 'user.second_factor_asked', data: {} },
      { type: 'user.sign_in_failed', data: { factor: 'code', attempts: 1 } },
      { type: 'user.signed_in', data: { amr: ['pwd', 'otp', 'mfa'], mfa_method: 'totp' } },
    ]);
  });
});

describe('who asks for a second factor', () => {
  test('whoever has none: the tenant, the client, the request; it can be added on the way', async () => {
    const user = { username: 'nobody-has-a-factor', password: 'the one she has had so far' };
    await signet.provision({
      users: [user],
      clients: [{ ...backend, required_acr: two }],
    });
    const asks = {
      mfa_required: true,
      mfa_methods: [],
      mfa_enrolment: ['totp'],
      expires_in: 600,
      token: expect.any(String),
    };
    expect((await logIn(signet, user)).body.mfa_required).toBeUndefined();
    expect((await logIn(signet, user, { acr_values: two })).body).toEqual(asks);
    expect((await logIn(signet, user, { acr_values: `${two} urn:signet:acr:1fa` })).body.mfa_required).toBeUndefined();
    const { client_id, client_secret } = backend;
    expect((await logIn(signet, user, { client_id, client_secret })).body).toEqual(asks);
    await signet.provision({ tenant: 'strict', settings: { mfa: 'required' }, users: [user] });
    expect((await logIn({ issuer: `${signet.issuer}/t/strict` }, user)).body).toEqual(asks);
  });

  test('a tenant that lets nobody add one: 403, and who has one is still asked for it', async () => {
    await signet.provision({ settings: { mfa: 'off' } });
    const { access_token: token } = (await logInWithBoth(signet, person)).body;
    const added = await postJson(`${signet.issuer}/auth/mfa/totp`, {}, bearer(token));
    expect([added.status, added.body.code]).toEqual([403, 'second_factors_off']);
    await signet.provision({ users: [{ username: 'has-none', password: 'the one he has had so far' }] });
    const none = await logIn(
      signet,
      { username: 'has-none', password: 'the one he has had so far' },
      { acr_values: two },
    );
    expect([none.status, none.body.code]).toEqual([403, 'unmet_authentication_requirements']);
    await signet.provision({ settings: { mfa: 'optional' } });
  });
});

describe('a partial token is good for nothing else', () => {
  test.each<[string, (token: string) => Promise<{ status: number }>]>([
    ['UserInfo', (token) => getUserinfo(signet, token)],
    ['/auth/password', (token) => change(token, 'a new one, made up by herself')],
    ['/auth/logout', (token) => postJson(`${signet.issuer}/auth/logout`, {}, bearer(token))],
    ['/auth/refresh', (token) => refreshAt(signet, token)],
    ['/auth/mfa/verify as Bearer', (token) => verifyAt(signet, { code: now() }, bearer(token))],
    ['/auth/mfa', (token) => postJson(`${signet.issuer}/auth/mfa`, undefined, bearer(token), 'GET')],
    ['adding a factor', (token) => postJson(`${signet.issuer}/auth/mfa/totp`, {}, bearer(token))],
    ['adding a factor, in the body', (token) => postJson(`${signet.issuer}/auth/mfa/totp`, { token })],
    ['confirming one', (token) => postJson(`${signet.issuer}/auth/mfa/totp/confirm`, { token, code: now() })],
    ['recovery codes', (token) => postJson(`${signet.issuer}/auth/mfa/recovery-codes`, { code: now() }, bearer(token))],
    [
      'removing a factor',
      (token) => postJson(`${signet.issuer}/auth/mfa/${person.id}`, { code: now() }, bearer(token), 'DELETE'),
    ],
  ])('%s', async (_where, ask) => {
    const token = await partial({ scope: 'openid' });
    expect((await ask(token)).status).toBe(401);
    expect((await verifyAt(signet, { token, code: now() })).status).toBe(200);
  });
});

describe('refused, and the answer is the same for every reason', () => {
  const refused = async (token: string, more: object = {}) => {
    const { status, body } = await verifyAt(signet, { token, code: now(), ...more });
    expect([status, body.code]).toEqual([401, 'invalid_token']);
  };
  test.each<[string, () => Promise<string>]>([
    ['an access token', async () => person.tokens.access_token],
    ['an ID token', async () => person.tokens.id_token],
    ['a refresh token', async () => person.tokens.refresh_token],
    [
      'a partial token of another tenant',
      async () => {
        await signet.provision({ tenant: 'elsewhere', users: [person.user], settings: { mfa: 'required' } });
        return (await logIn({ issuer: `${signet.issuer}/t/elsewhere` }, person.user)).body.token;
      },
    ],
    [
      'one that was used',
      async () => {
        const token = await partial();
        expect((await verifyAt(signet, { token, code: now() })).status).toBe(200);
        signet.clock.advance(30);
        return token;
      },
    ],
    [
      'one that has expired',
      async () => {
        const token = await partial();
        signet.clock.advance(601);
        return token;
      },
    ],
    [
      'one from before the password was changed',
      async () => {
        const token = await partial();
        expect(
          (await change((await logInWithBoth(signet, person)).body.access_token, 'a new one, made up')).status,
        ).toBe(204);
        return token;
      },
    ],
    [
      'M72 one of a user who was disabled meanwhile',
      async () => {
        const token = await partial();
        await signet.provision({ users: [{ ...person.user, disabled: true }] });
        return token;
      },
    ],
    [
      'one whose signature another key made',
      async () => {
        const [header, payload] = (await partial()).split('.');
        return `${header}.${payload}.${'A'.repeat(43)}`;
      },
    ],
    [
      'one without a signature',
      async () => {
        const [, payload] = (await partial()).split('.');
        return `${Buffer.from('{"alg":"none","typ":"signet-mfa+jwt"}').toString('base64url')}.${payload}.`;
      },
    ],
  ])('%s', async (_what, tokenOf) => refused(await tokenOf()));

  test('one that another client got, also when that client names itself', async () => {
    const { client_id, client_secret } = backend;
    const token = await partial({ client_id, client_secret });
    const without = await verifyAt(signet, { token, code: now() });
    expect([without.status, without.body.code]).toEqual([401, 'invalid_client']);
    await refused(token, { client_id: 'first-party' });
    await refused(await partial(), { client_id, client_secret });
    expect((await verifyAt(signet, { token, code: now(), client_id, client_secret })).status).toBe(200);
  });

  test('M72 one of a client that was disabled meanwhile', async () => {
    const clients = [{ ...backend, client_id: 'gone' }];
    await signet.provision({ clients });
    const named = { client_id: 'gone', client_secret: backend.client_secret };
    const token = await partial(named);
    await signet.provision({ clients: clients.map((client) => ({ ...client, disabled: true })) });
    const { status, body } = await verifyAt(signet, { token, code: now(), ...named });
    expect([status, body.code]).toEqual([401, 'invalid_client']);
  });

  test('a user disabled between the check of the code and the session: no session', async () => {
    const token = await partial();
    const gate = gateStatements(signet);
    const held = gate.hold('before', /INSERT INTO sessions/);
    const verifying = verifyAt(signet, { token, code: now() });
    await held.arrived;
    await query(signet.database.url, `UPDATE users SET disabled_at = now() WHERE username = $1`, [
      person.user.username,
    ]);
    held.open();
    const { status, body } = await verifying;
    expect([status, body.code]).toEqual([401, 'invalid_token']);
    gate.open();
  });
});

describe('M73 a code counts once', () => {
  test('the code that confirmed the factor does not sign in', async () => {
    const { body: tokens } = await logInWithBoth(signet, person);
    const begun = await postJson(`${signet.issuer}/auth/mfa/totp`, {}, bearer(tokens.access_token));
    const code = codeOf(begun.body.secret, signet.clock.now);
    const confirmed = await postJson(`${signet.issuer}/auth/mfa/totp/confirm`, { code }, bearer(tokens.access_token));
    expect([confirmed.status, confirmed.body.recovery_codes]).toEqual([200, undefined]);
    const { status, body } = await verifyAt(signet, { token: await partial(), code });
    expect([status, body.code]).toEqual([401, 'wrong_code']);
  });

  test('neither twice nor the one before it, also not for another half-done sign-in', async () => {
    signet.clock.advance(30);
    const [first, second] = [await partial(), await partial()];
    expect((await verifyAt(signet, { token: first, code: now() })).status).toBe(200);
    for (const steps of [0, -1]) {
      const { status, body } = await verifyAt(signet, {
        token: second,
        code: codeOf(person.secret, signet.clock.now, steps),
      });
      expect([status, body.code]).toEqual([401, 'wrong_code']);
    }
    const later = codeOf(person.secret, signet.clock.now, 1);
    expect((await verifyAt(signet, { token: second, code: later })).status).toBe(200);
  });

  test('one step early or late is taken, two are not', async () => {
    signet.clock.advance(90);
    const token = await partial();
    for (const steps of [-2, 2])
      expect((await verifyAt(signet, { token, code: codeOf(person.secret, signet.clock.now, steps) })).status).toBe(
        401,
      );
    expect((await verifyAt(signet, { token, code: codeOf(person.secret, signet.clock.now, -1) })).status).toBe(200);
  });

  test.each([
    ['one step', () => codeOf(person.secret, signet.clock.now)],
    ['one recovery code', () => person.recoveryCodes[3]!],
  ])('%s, twenty sign-ins of two processes at once: one of them', async (_what, code) => {
    const device = (await logInWithBoth(signet, person)).body.device;
    const tokens: string[] = [];
    while (tokens.length < 20) tokens.push(await partial({ device }));
    const addresses = [signet, other].map(({ server }) => ({ issuer: server.url }));
    const gates = [signet, other].map(gateStatements);
    // Four, as many as the budget lets through, have found the code right before the first spends it.
    const held = gates.map((gate) => gate.hold('before', /UPDATE credentials/, 2));
    const given = code();
    const ask = (token: string, i: number) => verifyAt(addresses[i % 2]!, { token, code: given });
    const answers = tokens.slice(0, 4).map(ask);
    await Promise.all(held.map(({ arrived }) => arrived));
    answers.push(...tokens.slice(4).map(ask));
    held.forEach((hold) => hold.open());
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toEqual([200]);
    gates.forEach((gate) => gate.open());
  });

  test('one partial token, two right codes at once: one session', async () => {
    const token = await partial();
    const gate = gateStatements(signet);
    const both = gate.hold('before', /UPDATE credentials/, 2);
    const answers = [now(), person.recoveryCodes[5]!].map((code) => verifyAt(signet, { token, code }));
    await both.arrived;
    both.open();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 401]);
    gate.open();
  });
});

describe('what happens meanwhile', () => {
  test('a sign-in that began before the first factor gets nothing; the one that added it on the way goes on', async () => {
    const user = { username: `under-way-${people}`, password: 'the one she has had so far' };
    await signet.provision({ users: [user] });
    const own = (await logIn(signet, user, { acr_values: two })).body.token;
    const { secret } = (await postJson(`${signet.issuer}/auth/mfa/totp`, { token: own })).body;
    const gate = gateStatements(signet);
    const held = gate.hold('before', /INSERT INTO sessions/);
    const thief = logIn(signet, user);
    await held.arrived;
    const code = codeOf(secret, signet.clock.now);
    expect((await postJson(`${signet.issuer}/auth/mfa/totp/confirm`, { token: own, code })).status).toBe(200);
    gate.open();
    held.open();
    expect((await thief).body.code).toBe('wrong_credentials');
    signet.clock.advance(30);
    expect((await verifyAt(signet, { token: own, code: codeOf(secret, signet.clock.now) })).status).toBe(200);
  });

  test('disabled and enabled again: what was half done stays ended', async () => {
    const token = await partial();
    await signet.provision({ users: [{ ...person.user, disabled: true }] });
    await signet.provision({ users: [{ ...person.user, disabled: false }] });
    expect((await verifyAt(signet, { token, code: now() })).body.code).toBe('invalid_token');
    expect((await verifyAt(signet, { token: await partial(), code: now() })).status).toBe(200);
  });

  test('the tenant lets nobody add factors any more: what was begun is not confirmed', async () => {
    const { access_token: token } = (await logInWithBoth(signet, person)).body;
    const { secret } = (await postJson(`${signet.issuer}/auth/mfa/totp`, {}, bearer(token))).body;
    await signet.provision({ settings: { mfa: 'off' } });
    const code = codeOf(secret, signet.clock.now);
    const { status, body } = await postJson(`${signet.issuer}/auth/mfa/totp/confirm`, { code }, bearer(token));
    expect([status, body.code]).toEqual([403, 'second_factors_off']);
    await signet.provision({ settings: { mfa: 'optional' } });
  });

  test('a clock set back: the code is refused until the clock is where it was, and nothing fails', async () => {
    expect((await logInWithBoth(signet, person)).status).toBe(200);
    signet.clock.advance(-300);
    const { status, body } = await verifyAt(signet, { token: await partial(), code: now() });
    expect([status, body.code]).toEqual([401, 'wrong_code']);
    signet.clock.advance(300);
    expect((await verifyAt(signet, { token: await partial(), code: now() })).status).toBe(200);
  });

  test('no browser takes a half-done sign-in of the API for its own', async () => {
    const id = claimsOf(await partial())['jti'] as string;
    const answer = await createAgent().get(`${signet.issuer}/oauth/authorize/${id}`);
    expect([answer.status, answer.body.includes('attempt_unknown')]).toEqual([400, true]);
  });
});

describe('guessing', () => {
  const guess = (token: string, nth: number) =>
    verifyAt(signet, { token, code: wrongCodeOf(person.secret, signet.clock.now, nth) });

  test('five wrong codes, then the right one waits: also for a new attempt, by another way, and for recovery codes', async () => {
    const tokens = [await partial(), await partial()];
    const statuses: number[] = [];
    for (let nth = 0; nth < 5; nth += 1) statuses.push((await guess(tokens[nth % 2]!, nth)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401]);
    const token = await partial();
    for (const code of [now(), person.recoveryCodes[0]!]) {
      const { status, body, headers } = await verifyAt(signet, { token, code });
      expect([status, body.code]).toEqual([429, 'too_many_attempts']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const raised = await verifyAt(signet, { code: now() }, bearer(person.tokens.access_token));
    expect(raised.status).toBe(429);
    const removed = await postJson(
      `${signet.issuer}/auth/mfa/${person.id}`,
      { code: now() },
      bearer(person.tokens.access_token),
      'DELETE',
    );
    expect(removed.status).toBe(429);
    signet.clock.advance(30);
    expect((await verifyAt(signet, { token, code: now() })).status).toBe(200);
  });

  test('a device that the account knows is not kept out by others', async () => {
    const { device } = (await logInWithBoth(signet, person)).body;
    const token = await partial();
    for (let nth = 0; nth < 6; nth += 1) await guess(token, nth);
    const own = await partial({ device });
    expect((await verifyAt(signet, { token: own, code: now() })).status).toBe(200);
  });

  test('M70 fifty at once: no more are looked at than the budget allows', async () => {
    const token = await partial();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, nth) => guess(token, nth)));
    const looked = answers.filter(({ status }) => status === 401);
    expect(looked.length).toBeLessThanOrEqual(5);
    expect(answers.filter(({ status }) => status === 429).length).toBe(50 - looked.length);
  });
});

describe('step-up', () => {
  test('a token of before the factor: its family is raised, the session of a browser is not, and the sign-in stays as old as it is', async () => {
    const user = { username: `early-${people}`, password: 'the one she has had so far' };
    await signet.provision({ users: [user] });
    const { body: early } = await logIn(signet, user, { scope: 'openid' });
    const later = await enrol(signet, user);
    const before = claimsOf(early.access_token);
    expect(before).toMatchObject({ mfa_verified: false, acr: 'urn:signet:acr:1fa' });
    signet.clock.advance(60);
    const code = codeOf(later.secret, signet.clock.now);
    const { status, body } = await verifyAt(signet, { code }, bearer(early.access_token));
    expect([status, body.mfa_verified, body.refresh_token]).toEqual([200, true, undefined]);
    const said = {
      mfa_verified: true,
      mfa_method: 'totp',
      acr: two,
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: before['auth_time'],
    };
    expect(claimsOf(body.access_token)).toMatchObject({ ...said, sid: before['sid'], grant_id: before['grant_id'] });
    expect(claimsOf((await refreshAt(signet, early.refresh_token)).body.access_token)).toMatchObject(said);
    const [session] = await query(signet.database.url, `SELECT acr, mfa_method FROM sessions WHERE id = $1`, [
      before['sid'],
    ]);
    // The cookie that a browser may have of it stays what it was.
    expect(session).toEqual({ acr: 'urn:signet:acr:1fa', mfa_method: null });
    signet.clock.advance(30);
    const again = await verifyAt(signet, { code }, bearer(early.access_token));
    expect([again.status, again.body.code]).toEqual([401, 'wrong_code']);
  });

  test('of somebody without any factor: a conflict that says what to do, and nothing is counted', async () => {
    const user = { username: `none-${people}`, password: 'the one she has had so far' };
    await signet.provision({ users: [user] });
    const { token } = (await logIn(signet, user)).body;
    for (let nth = 0; nth < 10; nth += 1) {
      const { status, body } = await verifyAt(signet, { code: '123456' }, bearer(token));
      expect([status, body]).toEqual([
        409,
        {
          title: 'Conflict',
          status: 409,
          code: 'conflict',
          detail: 'There is no second factor yet: add one first.',
          instance: expect.any(String),
        },
      ]);
    }
    const asked = await postJson(`${signet.issuer}/auth/mfa/challenge`, {}, bearer(token));
    expect([asked.status, asked.body]).toEqual([200, { mfa_methods: [] }]);
    const half = (await logIn(signet, user, { acr_values: two })).body.token;
    const { body } = await postJson(`${signet.issuer}/auth/mfa/challenge`, { token: half });
    expect(body).toEqual({ mfa_methods: [], mfa_enrolment: ['totp'], expires_in: 600 });
    expect((await verifyAt(signet, { token: half, code: '123456' })).body.code).toBe('conflict');
  });

  test('a token that was narrowed to one resource comes back for that one', async () => {
    const { client_id, client_secret } = backend;
    const resource = [signet.issuer, 'https://api.own.example'];
    await signet.provision({ resources: [{ identifier: 'https://api.own.example', scopes: ['orders:read'] }] });
    const whole = await logInWithBoth(
      signet,
      person,
      { client_id, client_secret, resource, scope: 'openid orders:read' },
      { client_id, client_secret },
    );
    const narrowed = await tokenRequest(signet, backend, {
      grant_type: 'refresh_token',
      refresh_token: whole.body.refresh_token,
      resource: signet.issuer,
    });
    const { body } = await verifyAt(signet, { code: now() }, bearer(narrowed.body.access_token));
    expect(claimsOf(body.access_token)['aud']).toBe(signet.issuer);
  });

  test('with a session that has ended: refused, and the code is not spent', async () => {
    const { access_token: token } = (await logInWithBoth(signet, person)).body;
    await postJson(`${signet.issuer}/auth/logout`, {}, bearer(token));
    expect((await verifyAt(signet, { code: now() }, bearer(token))).status).toBe(401);
    expect((await verifyAt(signet, { token: await partial(), code: now() })).status).toBe(200);
  });
});
