// /auth/mfa: a person adds, lists and removes second factors, with a fresh and whole proof of who they are.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { removeSecondFactor } from '../../src/storage/second-factors.ts';
import { query } from '../support/database.ts';
import { api, backend, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { basic, claimsOf, codeFlow, spaClient, world } from '../support/flow.ts';
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
let user: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, backend], resources: [api] },
  });
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  user = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [user] });
});

const begin = (token: string, body: object = {}) => postJson(`${signet.issuer}/auth/mfa/totp`, body, bearer(token));
const confirm = (token: string, body: object) =>
  postJson(`${signet.issuer}/auth/mfa/totp/confirm`, body, bearer(token));
const list = (token: string) => postJson(`${signet.issuer}/auth/mfa`, undefined, bearer(token), 'GET');
const renew = (token: string, body: object) =>
  postJson(`${signet.issuer}/auth/mfa/recovery-codes`, body, bearer(token));
const remove = (token: string, id: string, body: object) =>
  postJson(`${signet.issuer}/auth/mfa/${id}`, body, bearer(token), 'DELETE');
const accessToken = async () => (await logIn(signet, user)).body.access_token;

describe('adding', () => {
  test('a secret of 160 bits, the address that applications read, a QR code of it; after the first code, ten recovery codes', async () => {
    const token = await accessToken();
    const { status, body } = await begin(token, { name: 'her telephone' });
    expect([status, body]).toEqual([
      200,
      {
        id: expect.any(String),
        secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
        otpauth_uri: expect.stringContaining(`secret=${body.secret}`),
        qr_svg: expect.stringMatching(
          /^<svg xmlns="[^"]+" viewBox="0 0 \d+ \d+" [^>]*><path [^>]*\/><path [^>]*\/><\/svg>$/,
        ),
      },
    ]);
    const uri = new URL(body.otpauth_uri);
    expect([uri.protocol, uri.host, uri.searchParams.get('issuer')]).toEqual(['otpauth:', 'totp', 'Signet']);
    // Nothing is asked of the person before the first code was right.
    expect((await logIn(signet, user)).body.mfa_required).toBeUndefined();
    const confirmed = await confirm(token, { code: codeOf(body.secret, signet.clock.now), id: body.id });
    expect([confirmed.status, confirmed.body]).toEqual([
      200,
      { id: body.id, method: 'totp', recovery_codes: expect.any(Array) },
    ]);
    const codes = confirmed.body.recovery_codes;
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){5}$/);
    expect((await logIn(signet, user)).body.mfa_methods).toEqual(['totp', 'recovery_code']);
  });

  test('at rest the seed is sealed and recovery codes are hashes', async () => {
    const { secret, recoveryCodes } = await enrol(signet, user);
    const rows = await query(signet.database.url, `SELECT row_to_json(c)::text AS row FROM credentials c`);
    const events = await query(signet.database.url, `SELECT row_to_json(c)::text AS row FROM audit_events c`);
    const text = JSON.stringify([rows, events]);
    for (const canary of [secret, ...recoveryCodes, ...recoveryCodes.map((code) => code.replaceAll('-', ''))])
      expect(text).not.toContain(canary);
  });

  test('the session that added it has proven it, and goes on; the audit log says what was added', async () => {
    const { id, tokens } = await enrol(signet, user);
    const { status, body } = await list(tokens.access_token);
    expect([status, body]).toEqual([
      200,
      {
        factors: [
          { id, method: 'totp', created_at: signet.clock.now / 1000 - 30, last_used_at: signet.clock.now / 1000 - 30 },
        ],
        recovery_codes: { made: 10, left: 10 },
      },
    ]);
    expect(claimsOf((await refreshAt(signet, tokens.refresh_token)).body.access_token)).toMatchObject({ acr: two });
    const types = await query(
      signet.database.url,
      `SELECT type, data FROM audit_events WHERE user_id = $1 AND type LIKE 'user.%' AND type NOT IN ('user.created', 'user.signed_in') ORDER BY type`,
      [claimsOf(tokens.access_token)['sub']],
    );
    expect(types).toEqual([
      { type: 'user.recovery_codes_made', data: { with_factor: true } },
      { type: 'user.second_factor_added', data: { method: 'totp', id: expect.any(String) } },
    ]);
  });

  test('on the way, with a partial token where one is demanded; then the sign-in goes on with the next code', async () => {
    const { token } = (await logIn(signet, user, { acr_values: two })).body;
    const begun = await postJson(`${signet.issuer}/auth/mfa/totp`, { token });
    expect(begun.status).toBe(200);
    const code = codeOf(begun.body.secret, signet.clock.now);
    const confirmed = await postJson(`${signet.issuer}/auth/mfa/totp/confirm`, { token, code });
    expect([confirmed.status, confirmed.body.recovery_codes.length]).toEqual([200, 10]);
    expect((await verifyAt(signet, { token, code })).body.code).toBe('wrong_code');
    // From here on it proves, and adds nothing.
    const more = await postJson(`${signet.issuer}/auth/mfa/totp`, { token });
    expect([more.status, more.body.code]).toEqual([401, 'insufficient_user_authentication']);
    signet.clock.advance(30);
    const { status, body } = await verifyAt(signet, { token, code: codeOf(begun.body.secret, signet.clock.now) });
    expect([status, claimsOf(body.access_token)['acr']]).toEqual([200, two]);
  });

  test('as Bearer, the partial token does the same', async () => {
    const { token } = (await logIn(signet, user, { acr_values: two })).body;
    const { body } = await begin(token);
    expect((await confirm(token, { code: codeOf(body.secret, signet.clock.now) })).status).toBe(200);
  });

  test('with end_other_sessions, all but this one end', async () => {
    const elsewhere = (await logIn(signet, user)).body;
    const token = await accessToken();
    const { body } = await begin(token);
    await confirm(token, { code: codeOf(body.secret, signet.clock.now), end_other_sessions: true });
    expect((await refreshAt(signet, elsewhere.refresh_token)).status).toBe(401);
    expect((await list(token)).status).toBe(200);
  });

  test('two confirmations at once: one factor', async () => {
    const token = await accessToken();
    const { body } = await begin(token);
    const code = codeOf(body.secret, signet.clock.now);
    const gate = gateStatements(signet);
    const both = gate.hold('before', /DELETE FROM one_time_tokens/, 1);
    const answers = [confirm(token, { code }), confirm(token, { code })];
    await both.arrived;
    both.open();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toEqual([200]);
    expect((await list(token)).body).toMatchObject({ factors: [{ id: body.id }] });
    gate.open();
  });

  test.each<[string, (begun: { id: string; secret: string }) => object, number, string]>([
    ['a wrong code', ({ secret }) => ({ code: wrongCodeOf(secret, signet.clock.now) }), 401, 'wrong_code'],
    ['letters', () => ({ code: 'abcdef' }), 401, 'wrong_code'],
    [
      'the id of another enrolment',
      ({ secret }) => ({ code: codeOf(secret, signet.clock.now), id: '0192f0c1-0000-7000-8000-000000000000' }),
      404,
      'not_found',
    ],
    ['no code', () => ({}), 422, 'invalid_input'],
    [
      'a field that is none',
      ({ secret }) => ({ code: codeOf(secret, signet.clock.now), mfa: true }),
      422,
      'invalid_input',
    ],
  ])('not confirmed by %s', async (_what, bodyOf, status, code) => {
    const token = await accessToken();
    const { body } = await begin(token);
    const answer = await confirm(token, bodyOf(body));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await logIn(signet, user)).body.mfa_required).toBeUndefined();
  });

  test('too late, and by somebody else: not confirmed', async () => {
    const token = await accessToken();
    const { body } = await begin(token);
    const code = codeOf(body.secret, signet.clock.now);
    const other = { username: `other-${people}`, password: user.password };
    await signet.provision({ users: [other] });
    const others = (await logIn(signet, other)).body.access_token;
    expect((await confirm(others, { code, id: body.id })).status).toBe(404);
    signet.clock.advance(601);
    const later = await accessToken();
    expect((await confirm(later, { code: codeOf(body.secret, signet.clock.now) })).status).toBe(404);
  });

  test('wrong codes cost a budget here as well, of this session alone', async () => {
    const token = await accessToken();
    const { body } = await begin(token);
    const statuses: number[] = [];
    for (let nth = 0; nth < 7; nth += 1)
      statuses.push((await confirm(token, { code: wrongCodeOf(body.secret, signet.clock.now, nth) })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const other = await accessToken();
    const own = await begin(other);
    expect((await confirm(other, { code: codeOf(own.body.secret, signet.clock.now) })).status).toBe(200);
  });

  test('a secret is of the sign-in that began it: no other one sees or confirms it, and the first that adds one ends the others', async () => {
    const [token, other] = [await accessToken(), await accessToken()];
    const { body } = await begin(token);
    const theirs = await begin(other);
    expect(theirs.body.secret).not.toBe(body.secret);
    expect((await confirm(other, { code: codeOf(body.secret, signet.clock.now), id: body.id })).status).toBe(404);
    expect((await confirm(token, { code: codeOf(body.secret, signet.clock.now) })).status).toBe(200);
    signet.clock.advance(30);
    const late = await confirm(other, { code: codeOf(theirs.body.secret, signet.clock.now), id: theirs.body.id });
    expect(late.status, 'nobody adds theirs with what was begun before').not.toBe(200);
  });

  test('names of any length and script: a QR code that a telephone reads', async () => {
    await signet.provision({
      tenant: { slug: 'long', name: '長'.repeat(200) },
      users: [{ ...user, username: '名'.repeat(190) }],
    });
    const issuer = `${signet.issuer}/t/long`;
    const { body } = await logIn({ issuer }, { username: '名'.repeat(190), password: user.password });
    const begun = await postJson(`${issuer}/auth/mfa/totp`, { name: 'her telephone' }, bearer(body.access_token));
    expect([begun.status, new URL(begun.body.otpauth_uri).searchParams.get('issuer')]).toEqual([
      200,
      `${'長'.repeat(39)}…`,
    ]);
  });

  test('half of a character is refused before anything is stored', async () => {
    const token = await accessToken();
    const response = await fetch(`${signet.issuer}/auth/mfa/totp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(token) },
      body: '{"name":"\\ud800"}',
    });
    expect(response.status).toBe(400);
  });

  test('a confidential client that authenticates by HTTP Basic adds one on the way as well', async () => {
    const { client_id, client_secret } = backend;
    const half = (await logIn(signet, user, { acr_values: two, client_id, client_secret })).body.token;
    const authorization = basic(client_id, client_secret);
    expect((await postJson(`${signet.issuer}/auth/mfa/totp`, { token: half }, { authorization })).status).toBe(200);
  });

  test('a secret that cannot be opened any more: nothing waits for a code', async () => {
    const token = await accessToken();
    const { body } = await begin(token);
    await query(signet.database.url, `UPDATE one_time_tokens SET payload = jsonb_set(payload, '{sealed}', '"x.y"')`);
    expect((await confirm(token, { code: codeOf(body.secret, signet.clock.now) })).status).toBe(404);
  });

  test('five factors, and no sixth', async () => {
    const token = await accessToken();
    for (let nth = 0; nth < 5; nth += 1) {
      const { body } = await begin(token);
      expect((await confirm(token, { code: codeOf(body.secret, signet.clock.now) })).status).toBe(200);
    }
    const { status, body } = await begin(token);
    expect([status, body.code]).toEqual([409, 'conflict']);
  });
});

describe('what there is', () => {
  let person: Enrolled;
  let token: string;
  beforeEach(async () => {
    person = await enrol(signet, user);
    token = (await logInWithBoth(signet, person)).body.access_token;
  });
  const now = () => codeOf(person.secret, signet.clock.now);

  test('new recovery codes, for a password or a code: the old ones are void', async () => {
    const given = await renew(token, { password: user.password });
    expect([given.status, given.body.recovery_codes.length]).toEqual([200, 10]);
    const again = await renew(token, { code: given.body.recovery_codes[0] });
    expect(again.status).toBe(200);
    for (const code of [person.recoveryCodes[0], given.body.recovery_codes[1]])
      expect((await verifyAt(signet, { token: (await logIn(signet, user)).body.token, code })).status).toBe(401);
    const half = (await logIn(signet, user)).body.token;
    expect((await verifyAt(signet, { token: half, code: again.body.recovery_codes[0] })).status).toBe(200);
  });

  test('removed: no second factor is asked for any more, and the recovery codes are gone', async () => {
    const elsewhere = (await logInWithBoth(signet, person)).body;
    const { status, text } = await remove(token, person.id, { code: now(), end_other_sessions: true });
    expect([status, text]).toEqual([204, '']);
    expect((await logIn(signet, user)).body.mfa_required).toBeUndefined();
    expect((await refreshAt(signet, elsewhere.refresh_token)).status).toBe(401);
    expect((await list(token)).body).toEqual({ factors: [], recovery_codes: { made: 0, left: 0 } });
    for (const proof of [{ password: user.password }, { code: person.recoveryCodes[0] }]) {
      const again = await renew(token, proof);
      expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    }
  });

  test('one of two removed: the other, and the recovery codes, go on', async () => {
    const { body } = await begin(token);
    await confirm(token, { code: codeOf(body.secret, signet.clock.now) });
    expect((await remove(token, person.id, { password: user.password })).status).toBe(204);
    const half = (await logIn(signet, user)).body;
    expect(half.mfa_methods).toEqual(['totp', 'recovery_code']);
    expect((await verifyAt(signet, { token: half.token, code: person.recoveryCodes[0] })).status).toBe(200);
  });

  test.each<[string, () => object, number, string]>([
    ['no proof', () => ({}), 422, 'invalid_input'],
    ['both', () => ({ code: now(), password: user.password }), 422, 'invalid_input'],
    ['a wrong password', () => ({ password: 'not the one she has' }), 401, 'wrong_credentials'],
    ['a wrong code', () => ({ code: wrongCodeOf(person.secret, signet.clock.now) }), 401, 'wrong_code'],
  ])('neither removed nor made anew with %s', async (_what, bodyOf, status, code) => {
    for (const answer of [await remove(token, person.id, bodyOf()), await renew(token, bodyOf())])
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await list(token)).body).toMatchObject({ factors: [{ id: person.id }], recovery_codes: { left: 10 } });
  });

  test("somebody else's factor, a recovery code, what is none: not found", async () => {
    const other = { username: `other-${people}`, password: user.password };
    await signet.provision({ users: [other] });
    const theirs = await enrol(signet, other);
    const [code] = await query(signet.database.url, `SELECT id FROM credentials WHERE kind = 'recovery_code' LIMIT 1`);
    const [password] = await query(
      signet.database.url,
      `SELECT c.id FROM credentials c JOIN users u ON u.id = c.user_id WHERE c.kind = 'password' AND username = $1`,
      [user.username],
    );
    for (const id of [theirs.id, code!['id'], password!['id'], 'none', theirs.id, theirs.id]) {
      const answer = await remove(token, id as string, { password: user.password });
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
    expect((await logIn(signet, other)).body.mfa_required).toBe(true);
    // The statement by itself, for what changes between the look and the removal.
    const { deps } = signet.server;
    const tenantId = (await tenantBySlug(deps, 'default'))!.id;
    const userId = claimsOf(token)['sub'] as string;
    const [own] = await query(
      signet.database.url,
      `SELECT id FROM credentials WHERE kind = 'recovery_code' AND user_id = $1 LIMIT 1`,
      [userId],
    );
    for (const id of [theirs.id, own!['id'], password!['id']])
      expect(await removeSecondFactor(deps.db, tenantId, userId, id as string)).toBe(false);
  });
});

test('the only one stays where one is required, and no code is spent on asking', async () => {
  const person = await enrol(signet, user);
  const { body } = await logIn(signet, user);
  const code = codeOf(person.secret, signet.clock.now);
  const token = (await verifyAt(signet, { token: body.token, code })).body.access_token;
  signet.clock.advance(30);
  await signet.provision({ settings: { mfa: 'required' } });
  try {
    const kept = await remove(token, person.id, { code: codeOf(person.secret, signet.clock.now) });
    expect([kept.status, kept.body.code]).toEqual([409, 'conflict']);
  } finally {
    await signet.provision({ settings: { mfa: 'optional' } });
  }
  expect((await remove(token, person.id, { code: codeOf(person.secret, signet.clock.now) })).status).toBe(204);
});

describe('who may', () => {
  let person: Enrolled;
  beforeEach(async () => {
    person = await enrol(signet, user);
  });
  const places: [string, (token: string) => Promise<{ status: number; body: { code?: string }; headers: Headers }>][] =
    [
      ['POST /auth/mfa/totp', (token) => begin(token)],
      ['POST /auth/mfa/totp/confirm', (token) => confirm(token, { code: '123456' })],
      ['GET /auth/mfa', (token) => list(token)],
      ['POST /auth/mfa/recovery-codes', (token) => renew(token, { password: user.password })],
      ['DELETE /auth/mfa/{id}', (token) => remove(token, person.id, { password: user.password })],
      [
        'POST /auth/password',
        (token) =>
          postJson(
            `${signet.issuer}/auth/password`,
            { current_password: user.password, new_password: 'another one, made up by her' },
            bearer(token),
          ),
      ],
    ];

  test.each(places)(
    '%s: neither a sign-in of more than five minutes ago nor one without the second factor',
    async (_at, ask) => {
      const stale = (await logInWithBoth(signet, person)).body.access_token;
      signet.clock.advance(301);
      const old = await ask(stale);
      expect([old.status, old.body.code]).toEqual([401, 'insufficient_user_authentication']);
      expect(old.headers.get('www-authenticate')).toMatch(/error="insufficient_user_authentication".*max_age="300"/);
      const other = { username: `other-${people}`, password: user.password };
      await signet.provision({ users: [other] });
      const early = (await logIn(signet, other)).body.access_token;
      await enrol(signet, other);
      const weak = await ask(early);
      expect([weak.status, weak.body.code]).toEqual([401, 'insufficient_user_authentication']);
      expect(weak.headers.get('www-authenticate')).toContain(`acr_values="${two}"`);
    },
  );

  test.each(places)('%s: no token of a third party, of an API, of another tenant', async (_at, ask) => {
    const { client_id, client_secret } = backend;
    await signet.provision({ tenant: 'other', users: [user] });
    const half = (await logIn(signet, user, { client_id, client_secret, resource: api.identifier })).body.token;
    const code = codeOf(person.secret, signet.clock.now);
    const ofApi = await verifyAt(signet, { token: half, code, client_id, client_secret });
    expect(ofApi.status).toBe(200);
    await remove(person.tokens.access_token, person.id, { password: user.password });
    const tokens = [
      ofApi.body.access_token,
      (await logIn({ issuer: `${signet.issuer}/t/other` }, user)).body.access_token,
      (await codeFlow(signet, spaClient, { user })).tokens.access_token,
      person.tokens.id_token,
    ];
    for (const token of tokens) {
      const { status, body } = await ask(token);
      expect([status, body.code]).toEqual([401, 'invalid_token']);
    }
  });

  test('step-up takes none of these either', async () => {
    await signet.provision({ tenant: 'other', users: [user] });
    const code = codeOf(person.secret, signet.clock.now);
    const foreign = (await logIn({ issuer: `${signet.issuer}/t/other` }, user)).body.access_token;
    for (const token of [foreign, person.tokens.id_token])
      expect((await verifyAt(signet, { code }, bearer(token))).status).toBe(401);
  });
});
