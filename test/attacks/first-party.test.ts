// The first-party API under attacks that have worked on others: names in lists, forged hosts, fields that nobody may set, links that are fetched.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstPartyEndpoints, loginAliases } from '../../src/domain/endpoints.ts';
import { countHashes, type HashCount } from '../support/counted-hasher.ts';
import { query } from '../support/database.ts';
import { type ApiAnswer, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, bob, claimsOf, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { bearer, codeOf, enrol, type Enrolled, logInWithBoth, verifyAt } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let person: Enrolled;
let sent: string[] = [];
let hashes: HashCount;
const ofSignIn = /\b(?:users|limits|audit_events|sessions|credentials)\b/;
const ofWorkers = /horizon|ctid|split_part/;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      users: [
        ...world.users,
        { username: 'person', password: 'the one she has had so far', email: 'person@example.com' },
        { username: 'dora', password: alice.password, disabled: true },
        { username: 'paul' },
      ],
    },
    observe: ({ text }) => {
      if (ofSignIn.test(text) && !ofWorkers.test(text)) sent.push(text);
    },
  });
  hashes = countHashes(signet);
  person = await enrol(signet, { username: 'person', password: 'the one she has had so far' });
});
afterAll(() => signet.stop());

const at = (path: string, body?: object, headers: Record<string, string> = {}, method = 'POST') =>
  postJson(signet.issuer + path, body, headers, method);
const half = async () => (await logIn(signet, person.user)).body.token;
const now = () => codeOf(person.secret, signet.clock.now);
const forgetGuesses = () => query(signet.database.url, 'DELETE FROM limits');

test('M58 from each step of a sign-in, the requests of every other step: tokens come only behind both factors', async () => {
  const partial = await half();
  const states: [string, { token?: string; headers: Record<string, string> }][] = [
    ['nothing', { headers: {} }],
    ['an empty token', { token: '', headers: {} }],
    ['a partial token in the body', { token: partial, headers: {} }],
    ['a partial token as Bearer', { headers: bearer(partial) }],
    ['a partial token as Basic', { headers: { authorization: `Basic ${btoa(`first-party:${partial}`)}` } }],
    ['a token of nobody', { token: 'a.b.c', headers: {} }],
  ];
  const codes = [undefined, '', '000000', 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa', person.user.password];
  for (const [state, { token, headers }] of states) {
    for (const path of Object.values(firstPartyEndpoints)) {
      for (const code of codes) {
        await forgetGuesses();
        const body = { ...(token !== undefined && { token }), ...(code !== undefined && { code }) };
        for (const method of ['POST', 'GET', 'DELETE']) {
          const answer = await at(path, method === 'GET' ? undefined : body, headers, method);
          const isChallenge = path === firstPartyEndpoints.mfaChallenge && token === partial;
          expect(
            isChallenge || answer.status >= 400,
            `${method} ${path} with ${state} and ${code}: ${answer.text}`,
          ).toBe(true);
          expect(answer.text).not.toMatch(/access_token|recovery_codes"|"secret"/);
        }
      }
    }
  }
  expect((await verifyAt(signet, { token: partial, code: now() })).status).toBe(200);
  signet.clock.advance(30);
});

describe('M61 one name is meant, and one person', () => {
  test.each<[string, unknown, number]>([
    ['a list', ['alice', 'bob'], 422],
    ['an object', { $ne: null }, 422],
    ['a comma list', 'alice,bob', 401],
    ['a line break and a header', 'alice\r\nX-User: bob', 401],
    ['a wildcard', '%', 401],
    ['nothing', '', 401],
  ])('M61 %s as username', async (_what, username, status) => {
    const answer = await at(firstPartyEndpoints.login, { username, password: alice.password });
    expect(answer.status).toBe(status);
    await forgetGuesses();
  });

  test('M61 a member that stands twice: the last counts, and nobody else is signed in', async () => {
    const { username, password } = alice;
    const response = await fetch(`${signet.issuer}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"username":"bob","username":"${username}","password":"${bob.password}","password":"${password}"}`,
    });
    const { token } = (await response.json()) as { token: string };
    expect(claimsOf(token)['sub']).toBe(claimsOf((await logIn(signet, alice)).body.token)['sub']);
  });
});

test('M62 whatever the headers say of the host, tokens, addresses and challenges name the issuer', async () => {
  const forged = {
    host: new URL(signet.issuer).host,
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example;proto=https',
    'x-original-host': 'evil.example',
    'content-type': 'application/json',
  };
  const ask = (path: string, body: object, more: Record<string, string> = {}) =>
    rawRequest(signet.issuer, {
      method: 'POST',
      path,
      headers: { ...forged, ...more },
      body: JSON.stringify(body),
    });
  const login = await ask('/auth/login', alice);
  const { token } = JSON.parse(login.body) as { token: string };
  expect(claimsOf(token)).toMatchObject({ iss: signet.issuer, aud: signet.issuer });
  const enrolment = await ask('/auth/mfa/totp', {}, bearer(token));
  const refused = await ask('/auth/mfa/verify', { code: '000000' });
  for (const { headers, body } of [login, enrolment, refused])
    expect(JSON.stringify(headers) + body).not.toContain('evil.example');
  expect(enrolment.status).toBe(200);
  expect(refused.headers['www-authenticate']).toContain(`realm="${signet.issuer}"`);
});

test('M63 an address signs in whoever has it now; changed, it is still the same person, and nobody else', async () => {
  const user = { username: 'moved', password: 'the one he has had so far', email: 'first@example.com' };
  await signet.provision({ users: [user] });
  const byAddress = (username: string) => logIn(signet, { username, password: user.password });
  const { sub } = claimsOf((await byAddress('first@example.com')).body.token);
  await signet.provision({ users: [{ ...user, email: 'second@example.com' }] });
  expect((await byAddress('first@example.com')).status).toBe(401);
  expect(claimsOf((await byAddress('second@example.com')).body.token)['sub']).toBe(sub);
  await expect(
    signet.provision({ users: [{ username: 'second@example.com', password: 'a password of another' }] }),
  ).rejects.toThrow();
  await forgetGuesses();
});

test('M66 nobody sets of themselves what is not theirs to say', async () => {
  const token = (await logInWithBoth(signet, person)).body.access_token;
  const state = () =>
    query(
      signet.database.url,
      `SELECT roles, admin_roles, groups, email, email_verified, claims, kind, password_version FROM users WHERE username = 'person'`,
    );
  const before = await state();
  const fields = {
    email: 'evil@example.com',
    email_verified: true,
    phone_number_verified: true,
    roles: ['admin'],
    admin_roles: ['owner'],
    mfa: 'off',
    mfa_verified: true,
    acr: 'urn:signet:acr:2fa',
    sub: claimsOf(token)['sub'],
    password_hash: 'x',
    kind: 'service',
  };
  const right: [string, object, Record<string, string>, string?][] = [
    [
      firstPartyEndpoints.password,
      { current_password: person.user.password, new_password: 'another one of hers' },
      bearer(token),
    ],
    [firstPartyEndpoints.login, { ...person.user }, {}],
    [firstPartyEndpoints.mfaTotp, {}, bearer(token)],
    [firstPartyEndpoints.mfaVerify, { token: await half(), code: now() }, {}],
    [firstPartyEndpoints.mfaRecoveryCodes, { password: person.user.password }, bearer(token)],
    [
      firstPartyEndpoints.mfaFactor.replace(':id', person.id),
      { password: person.user.password },
      bearer(token),
      'DELETE',
    ],
    [firstPartyEndpoints.logout, {}, bearer(token)],
  ];
  for (const [path, body, headers, method] of right)
    for (const [name, value] of Object.entries(fields)) {
      const answer = await at(path, { ...body, [name]: value }, headers, method);
      expect([answer.status, answer.body.code], `${path} with ${name}`).toEqual([422, 'invalid_input']);
    }
  expect(await state()).toEqual(before);
});

describe('M76 at /auth/login nothing tells who has an account', () => {
  type Trial = { answer: ApiAnswer; statements: string[]; hashes: HashCount };
  const tried = async (username: string): Promise<Trial> => {
    await forgetGuesses();
    sent = [];
    const before = { ...hashes };
    const answer = await logIn(signet, { username, password: 'not the right one, no' });
    const cost = Object.fromEntries(
      Object.entries(hashes).map(([name, count]) => [name, count - before[name as keyof HashCount]]),
    ) as HashCount;
    return { answer, statements: [...sent], hashes: cost };
  };

  test.each(['alice', 'person', 'dora', 'paul', 'BOB@example.com'])('M76 %s: as unknown names', async (username) => {
    const [known, unknown] = [await tried(username), await tried('nobody-at-all')];
    const shape = ({ answer, statements, hashes: cost }: Trial) => ({
      status: answer.status,
      text: answer.text.replace(answer.body.instance!, ''),
      headers: [...answer.headers.keys()],
      statements,
      cost,
    });
    expect(shape(known)).toEqual(shape(unknown));
    expect(known.answer.status).toBe(401);
  });
});

test('M78 who only fetches an address changes nothing, whatever stands in it', async () => {
  const token = await half();
  const asked = new URLSearchParams({ token, code: now(), username: alice.username, password: alice.password });
  const before = await query(signet.database.url, 'SELECT count(*) FROM sessions');
  for (const path of [...Object.values(firstPartyEndpoints), ...loginAliases])
    for (const method of ['GET', 'HEAD'])
      for (const headers of [{}, bearer(token)]) {
        const response = await fetch(`${signet.issuer}${path}?${asked.toString()}`, { method, headers });
        // Where links of mails lead there is a page, and nothing behind it without mail.
        const isPage = path === firstPartyEndpoints.verify && method === 'GET';
        expect(isPage ? [404] : [401, 405], `${method} ${path}`).toContain(response.status);
      }
  expect(await query(signet.database.url, 'SELECT count(*) FROM sessions')).toEqual(before);
  const { status, body } = await verifyAt(signet, { token, code: now() });
  expect(status).toBe(200);
  expect((await refreshAt(signet, body.refresh_token)).status).toBe(200);
});
