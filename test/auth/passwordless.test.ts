// Use case 6, signing in by mail: a link or a code, for whoever asked, once, and never around the second factor.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { applyProvisioning } from '../../src/flows/provision/apply.ts';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { disableUser } from '../../src/flows/users/disable.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { gateStatements } from '../support/gate.ts';
import { api, backend, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { basic, bob, claimsOf, getUserinfo, webClient, world } from '../support/flow.ts';
import { bearer, codeOf, enrol, verifyAt } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { codeIn, linkIn, mailBy, mailTo, readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { signIn } from '../support/visits.ts';

let smtp: TestSmtp;
let signet: TestSignet;
let second: TestSignet;
let person: { username: string; password: string; email: string };
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
  await signet.provision({ resources: [api], clients: [backend] });
  second = await startSignet({ beside: signet, config: { mail: mailBy(smtp.port) } });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
  await smtp.close();
});
beforeEach(async () => {
  people += 1;
  const username = `person-${people}`;
  person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  await signet.provision({ users: [{ ...person, email_verified: true }] });
  await query(signet.database.url, 'DELETE FROM limits');
});

const askLink = (more: object = {}) =>
  postJson(`${signet.issuer}/auth/passwordless/request`, { email: person.email, ...more });
const askCode = (more: object = {}) =>
  postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email, ...more });
const verifyLink = (body: object, headers = {}) => postJson(`${signet.issuer}/auth/verify`, body, headers);
const verifyCode = (body: object, at = signet) => postJson(`${at.server.url}/auth/passwordless/verify`, body);
const tokenIn = (address: string) => new URL(address).searchParams.get('token')!;
/** Asks for a link, and gives the proof and what the mail brings. */
const link = async (more: object = {}, howMany = 1) => {
  const { body, status } = await askLink(more);
  expect(status).toBe(202);
  const address = await linkIn(await mailTo(smtp, person.email, howMany, 'magic-link'));
  return { proof: body.proof, address, token: tokenIn(address) };
};
const code = async (more: object = {}, howMany = 1) => {
  const { body, status } = await askCode(more);
  expect(status).toBe(202);
  return { proof: body.proof, code: await codeIn(await mailTo(smtp, person.email, howMany, 'sign-in-code')) };
};
const wrong = (right: string) => (right === '123456' ? '654321' : '123456');

describe('a link', () => {
  test('asked for, mailed, sent back with the proof: a session token for a day, which ends with its session', async () => {
    const asked = await askLink();
    expect([asked.status, Object.keys(asked.body).toSorted(), asked.body]).toMatchObject([
      202,
      ['expires_in', 'proof'],
      { expires_in: 600 },
    ]);
    const mail = await mailTo(smtp, person.email);
    const { headers, subject, text } = await readMail(mail.raw);
    expect([headers.get('x-signet-purpose'), subject]).toEqual(['magic-link', 'Sign in to Signet']);
    expect(text).toContain('10 minutes');
    const address = await linkIn(mail);
    expect(address.startsWith(`${signet.issuer}/auth/verify?token=eyJ`)).toBe(true);
    // RFC 7515: the token is a JWT under a key that nobody else has, and says nothing of the person.
    const header = JSON.parse(Buffer.from(tokenIn(address).split('.')[0]!, 'base64url').toString()) as object;
    expect(header).toMatchObject({ alg: 'HS256', typ: 'signet-link+jwt' });
    expect(Object.keys(claimsOf(tokenIn(address))).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti']);

    const answer = await verifyLink({ token: tokenIn(address), proof: asked.body.proof });
    expect([answer.status, Object.keys(answer.body).toSorted(), answer.body.expires_in]).toEqual([
      200,
      ['expires_in', 'session_token'],
      86_400,
    ]);
    const claims = claimsOf(answer.body.session_token);
    const [user] = await query<{ id: string }>(signet.database.url, 'SELECT id FROM users WHERE username = $1', [
      person.username,
    ]);
    expect(claims).toMatchObject({
      aud: signet.issuer,
      sub: user!.id,
      amr: ['otp'],
      acr: 'urn:signet:acr:1fa',
      mfa_verified: false,
      client_id: 'first-party',
    });
    expect((claims['exp'] as number) - (claims['iat'] as number)).toBe(86_400);
    const sessions = await query(signet.database.url, 'SELECT id FROM sessions WHERE id = $1', [claims['sid']]);
    expect(sessions).toHaveLength(1);
    const out = await postJson(`${signet.issuer}/auth/logout`, {}, bearer(answer.body.session_token));
    expect(out.status).toBe(204);
    expect(
      (await postJson(`${signet.issuer}/auth/mfa`, undefined, bearer(answer.body.session_token), 'GET')).status,
    ).toBe(401);
  });

  test('as the seed writes it, a GET: with the proof as a header, or in the query for programs alone, and no cookie', async () => {
    const byHeader = await link();
    const answer = await fetch(byHeader.address, { headers: { 'signet-proof': byHeader.proof } });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []]);
    expect(await answer.json()).toEqual({ session_token: expect.stringMatching(/^eyJ/) as string, expires_in: 86_400 });
    const byQuery = await link({}, 2);
    const address = `${byQuery.address}&proof=${byQuery.proof}`;
    // A browser that is sent there gets a page, whatever the address says.
    for (let looks = 0; looks < 3; looks += 1) {
      const page = await createAgent().get(address, { accept: 'text/html,application/json;q=0.9,*/*;q=0.8' });
      expect([page.status, page.headers.getSetCookie(), page.body.includes('asked for it')]).toEqual([200, [], true]);
    }
    const json = await fetch(address, { headers: { accept: 'application/json' } });
    expect([json.status, json.headers.getSetCookie(), json.headers.get('cache-control')]).toEqual([
      200,
      [],
      'no-store',
    ]);
    expect((await fetch(address, { headers: { accept: 'application/json' } })).status).toBe(401);
  });

  test('M78 a scanner that follows it, GET and HEAD, from anywhere, spends nothing and signs nobody in', async () => {
    const { address, token, proof } = await link();
    for (let looks = 0; looks < 3; looks += 1) {
      const page = await createAgent().get(address);
      expect([page.status, page.headers.getSetCookie()]).toEqual([200, []]);
      expect(page.body).not.toContain(person.username);
      expect((await fetch(address, { method: 'HEAD' })).status).toBe(405);
    }
    // What a browser without its cookie sends is kindly refused, and spends nothing either.
    const posted = await createAgent().post(`${signet.issuer}/auth/verify`, { token, proof });
    expect([posted.status, posted.headers.getSetCookie()]).toEqual([403, []]);
    expect((await verifyLink({ token, proof })).status).toBe(200);
  });

  test('M24 twenty at once, on two processes: one session', async () => {
    const { token, proof } = await link();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        postJson(`${[signet, second][i % 2]!.server.url}/auth/verify`, { token, proof }),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other);
    expect(statuses).toEqual([200, ...Array<number>(19).fill(401)]);
    expect(answers.find(({ status }) => status === 401)!.body.code).toBe('invalid_grant');
    const made = await query(
      signet.database.url,
      'SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.username = $1',
      [person.username],
    );
    expect(made).toHaveLength(1);
  });

  test('without the proof, with another one, late, after a change of the password, the address or the person: nothing', async () => {
    const { token, proof } = await link();
    const other = (await askLink({ email: 'alice@example.com' })).body.proof;
    expect((await verifyLink({ token })).status).toBe(422);
    for (const given of [other, 'nonsense', `${proof}x`])
      expect((await verifyLink({ token, proof: given })).body.code, given).toBe('invalid_grant');
    expect((await verifyLink({ token: proof, proof })).body.code).toBe('invalid_grant');
    await signet.provision({ users: [{ ...person, email: 'elsewhere@example.com', email_verified: true }] });
    expect((await verifyLink({ token, proof })).status).toBe(401);
    await signet.provision({ users: [{ ...person, email_verified: true }] });
    // In the database alone: whoever is disabled by Signet has another version of the password as well.
    const setDisabled = (to: string) =>
      query(signet.database.url, `UPDATE users SET disabled_at = ${to} WHERE username = $1`, [person.username]);
    await setDisabled('created_at');
    expect((await verifyLink({ token, proof })).body.code).toBe('invalid_grant');
    await setDisabled('NULL');
    await signet.provision({
      users: [{ ...person, email_verified: true, password: 'quite another pass phrase', password_reset: true }],
    });
    expect((await verifyLink({ token, proof })).body.code).toBe('invalid_grant');
    await query(signet.database.url, 'DELETE FROM limits');
    const before = await link({}, 2);
    for (const disabled of [true, false]) {
      await signet.provision({ users: [{ ...person, email_verified: true, disabled }] });
      expect((await verifyLink({ token: before.token, proof: before.proof })).body.code).toBe('invalid_grant');
    }
    await query(signet.database.url, 'DELETE FROM limits');
    const late = await link({}, 3);
    signet.clock.advance(601);
    const verifyLate = async () => (await verifyLink({ token: late.token, proof: late.proof })).status;
    expect(await verifyLate()).toBe(401);
    // The token alone says so, and so does what is kept of it.
    const keptUntil = (when: string) =>
      query(signet.database.url, `UPDATE one_time_tokens SET expires_at = ${when} WHERE kind = 'magic_link'`);
    await keptUntil(`expires_at + interval '1 day'`);
    expect(await verifyLate()).toBe(401);
    await query(signet.database.url, 'DELETE FROM limits');
    const kept = await link({}, 4);
    await keptUntil(`created_at`);
    expect((await verifyLink({ token: kept.token, proof: kept.proof })).body.code).toBe('invalid_grant');
  });

  test('the link of another tenant, and one that somebody else signed, are none', async () => {
    const { token, proof } = await link();
    const [head, body, signature] = token.split('.');
    const forged = `${head}.${body}.${signature!.startsWith('A') ? 'B' : 'A'}${signature!.slice(1)}`;
    const none = `${Buffer.from('{"alg":"none","typ":"signet-link+jwt"}').toString('base64url')}.${body}.`;
    for (const given of [forged, none, `${head}.${body}.`])
      expect((await verifyLink({ token: given, proof })).status).toBe(401);
    expect((await verifyLink({ token, proof })).status).toBe(200);
  });

  test('it leads to a registered address of the application, and to no other; a confidential client authenticates twice', async () => {
    const [redirect_uri] = backend.redirect_uris;
    const named = { client_id: backend.client_id, client_secret: backend.client_secret };
    const asked = await askLink({ ...named, redirect_uri, resource: api.identifier, scope: 'orders:read' });
    expect(asked.status).toBe(202);
    const address = await linkIn(await mailTo(smtp, person.email));
    expect(address.startsWith(`${redirect_uri}?token=eyJ`)).toBe(true);
    const sent = { token: tokenIn(address), proof: asked.body.proof };
    expect((await verifyLink(sent)).body.code).toBe('invalid_client');
    expect((await verifyLink({ ...sent, client_id: 'first-party' })).status).toBe(401);
    const { status, body } = await verifyLink({ ...sent, ...named });
    expect([status, claimsOf(body.session_token)]).toMatchObject([
      200,
      { aud: api.identifier, scope: 'orders:read', client_id: 'backend' },
    ]);
    for (const other of [
      'https://backend.example/cb/',
      'https://evil.example/cb',
      'http://localhost/',
      'javascript:alert(1)',
    ])
      expect((await askLink({ ...named, redirect_uri: other })).body.code, other).toBe('invalid_request');
    expect((await askLink({ redirect_uri })).body.code).toBe('invalid_request');
    const foreign = { authorization: basic(webClient.client_id, webClient.client_secret) };
    const byForeign = await postJson(`${signet.issuer}/auth/passwordless/request`, { email: person.email }, foreign);
    expect([byForeign.status, byForeign.body.code]).toEqual([403, 'unauthorized_client']);
    expect((await askLink({ client_id: 'backend' })).body.code).toBe('invalid_client');
    expect((await askLink({ scope: 'nonsense' })).body.code).toBe('invalid_scope');
    expect((await askLink({ resource: 'https://nobody.example' })).body.code).toBe('invalid_target');
    expect(smtp.mails.filter(({ to }) => to.includes(person.email))).toHaveLength(1);
  });

  test('M74 whoever has a second factor still needs it: a partial token, and the link is spent', async () => {
    const enrolled = await enrol(signet, person);
    const { token, proof } = await link();
    const half = await verifyLink({ token, proof });
    expect(half.body).toMatchObject({ mfa_required: true, mfa_methods: ['totp', 'recovery_code'] });
    expect('session_token' in half.body).toBe(false);
    expect((await verifyLink({ token, proof })).status).toBe(401);
    const whole = await verifyAt(signet, { token: half.body.token, code: codeOf(enrolled.secret, signet.clock.now) });
    expect([whole.status, claimsOf(whole.body.access_token)]).toMatchObject([
      200,
      { acr: 'urn:signet:acr:2fa', amr: ['otp', 'mfa'], mfa_method: 'totp' },
    ]);
  });

  test('who must change the password does so in a browser first, and the link is not spent', async () => {
    const { token, proof } = await link();
    await query(
      signet.database.url,
      `UPDATE credentials SET change_by = now() + interval '1 day', change_version = version WHERE kind = 'password'
       AND user_id = (SELECT id FROM users WHERE username = $1)`,
      [person.username],
    );
    expect((await verifyLink({ token, proof })).body.code).toBe('password_change_required');
    expect((await verifyLink({ token, proof })).body.code).toBe('password_change_required');
  });
});

describe('a code', () => {
  test('asked for, mailed, sent back: the answer of a login', async () => {
    const asked = await askCode();
    expect([asked.status, asked.body]).toMatchObject([202, { expires_in: 600 }]);
    const mail = await mailTo(smtp, person.email);
    const { headers, subject } = await readMail(mail.raw);
    expect([headers.get('x-signet-purpose'), subject]).toEqual(['sign-in-code', 'Your code for Signet']);
    const digits = await codeIn(mail);
    const answer = await verifyCode({ email: person.email, code: digits });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).toSorted()).toEqual(Object.keys((await logIn(signet, person)).body).toSorted());
    expect(claimsOf(answer.body.access_token)).toMatchObject({ amr: ['otp'], acr: 'urn:signet:acr:1fa' });
    expect((await refreshAt(signet, answer.body.refresh_token)).status).toBe(200);
    // Once.
    expect((await verifyCode({ email: person.email, code: digits })).body.code).toBe('wrong_code');
    const stored = await query<{ payload: object }>(signet.database.url, `SELECT payload FROM one_time_tokens`);
    expect(JSON.stringify(stored)).not.toContain(digits);
  });

  test('M24 twenty at once, on two processes, with and without the proof: one session', async () => {
    const { code: digits, proof } = await code();
    await query(signet.database.url, 'DELETE FROM limits');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        verifyCode({ email: person.email, code: digits, ...(i % 4 === 0 && { proof }) }, [signet, second][i % 2]),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 401, 429].includes(status))).toBe(true);
  });

  test('five guesses at a code, at once too, and it is worth nothing; who asked has their own five', async () => {
    const { code: digits, proof } = await code();
    const guesses = await Promise.all(
      Array.from({ length: 5 }, () => verifyCode({ email: person.email, code: wrong(digits) })),
    );
    expect(guesses.map(({ body }) => body.code)).toEqual(Array(5).fill('wrong_code'));
    expect((await verifyCode({ email: person.email, code: digits })).body.code).toBe('wrong_code');
    for (let guess = 0; guess < 4; guess += 1)
      expect((await verifyCode({ email: person.email, code: wrong(digits), proof })).body.code).toBe('wrong_code');
    await query(signet.database.url, 'DELETE FROM limits');
    expect((await verifyCode({ email: person.email, code: digits, proof })).status).toBe(200);
    const other = await code({}, 2);
    for (let guess = 0; guess < 5; guess += 1)
      await verifyCode({ email: person.email, code: wrong(other.code), proof: other.proof });
    await query(signet.database.url, 'DELETE FROM limits');
    expect((await verifyCode({ email: person.email, code: other.code, proof: other.proof })).body.code).toBe(
      'wrong_code',
    );
  });

  test('guesses over many codes wait longer and longer; strangers keep nobody who asked from theirs', async () => {
    const { code: digits, proof } = await code();
    for (let guess = 0; guess < 10; guess += 1) await verifyCode({ email: person.email, code: wrong(digits) });
    const refused = await verifyCode({ email: person.email, code: digits });
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    expect((await verifyCode({ email: person.email, code: digits, proof })).status).toBe(200);
  });

  test('who asks again and again has no more guesses than that either; a device that the account knows goes on', async () => {
    const { body } = await logIn(signet, person);
    for (let asked = 1; asked <= 2; asked += 1) {
      const { code: digits, proof } = await code({}, asked);
      for (let guess = 0; guess < 5; guess += 1) await verifyCode({ email: person.email, code: wrong(digits), proof });
    }
    const { code: digits, proof } = await code({}, 3);
    const refused = await verifyCode({ email: person.email, code: digits, proof });
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    const known = await verifyCode({ email: person.email, code: digits, proof, device: body.device });
    expect(known.status).toBe(200);
  });

  test('a network that guesses at the codes of many people waits as well', async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < 31; guess += 1)
      statuses.push((await verifyCode({ email: `nobody-${guess}@example.com`, code: '123456' })).status);
    expect([statuses.slice(0, 30).every((status) => status === 401), statuses[30]]).toEqual([true, 429]);
  });

  test('for another address, late, with blanks, of somebody with a second factor', async () => {
    const first = await code();
    expect((await verifyCode({ email: 'alice@example.com', code: first.code, proof: first.proof })).status).toBe(401);
    // What is no proof is not a stranger's guess either.
    expect((await verifyCode({ email: person.email, code: first.code, proof: 'nonsense' })).body.code).toBe(
      'wrong_code',
    );
    const spaced = `${first.code.slice(0, 3)} ${first.code.slice(3)}`;
    expect((await verifyCode({ email: person.email.toUpperCase(), code: spaced })).status).toBe(200);
    const late = await code({}, 2);
    signet.clock.advance(601);
    expect((await verifyCode({ email: person.email, ...late })).status).toBe(401);
    await enrol(signet, person);
    const own = await code({}, 3);
    expect((await verifyCode({ email: person.email, ...own })).body).toMatchObject({ mfa_required: true });
  });
});

test('the answer is the same for addresses that nobody has, of programs and of the disabled; and nothing is sent or kept', async () => {
  await signet.provision({
    users: [{ username: 'gone', email: 'gone@example.com', disabled: true }],
    service_accounts: [{ username: 'program' }],
  });
  const mails = smtp.mails.length;
  const kept = async () => (await query(signet.database.url, 'SELECT 1 FROM one_time_tokens')).length;
  const before = await kept();
  for (const email of ['nobody@example.com', 'gone@example.com', 'program', person.username]) {
    for (const path of ['request', 'code']) {
      const { status, body } = await postJson(`${signet.issuer}/auth/passwordless/${path}`, { email });
      const isAddress = email.includes('@');
      expect([status, isAddress ? Object.keys(body).toSorted() : body.code], email).toEqual(
        isAddress ? [202, ['expires_in', 'proof']] : [422, 'invalid_input'],
      );
    }
  }
  expect([smtp.mails.length - mails, (await kept()) - before]).toEqual([0, 0]);
  expect((await verifyCode({ email: 'nobody@example.com', code: '123456' })).body.code).toBe('wrong_code');
});

test('three mails an hour go to an address at once, whatever their kind; the fourth waits, and says how long', async () => {
  await askLink();
  await askCode();
  await postJson(`${signet.issuer}/auth/password/forgot`, { email: person.email });
  const fourth = await askCode();
  expect([fourth.status, fourth.body.code, fourth.headers.get('retry-after')]).toEqual([
    429,
    'too_many_attempts',
    '300',
  ]);
  // Whoever proves that the mailbox is theirs may ask again.
  const proof = await mailTo(smtp, person.email, 3);
  expect(proof).toBeDefined();
});

describe('when strangers have used up the mails of an address', () => {
  const useUp = async () => {
    for (let nth = 0; nth < 3; nth += 1) expect((await askLink()).status).toBe(202);
    expect((await askLink()).status).toBe(429);
  };
  const forgot = (device?: string) =>
    postJson(`${signet.issuer}/auth/password/forgot`, { email: person.email, ...(device && { device }) });

  test('a link to another password goes out all the same, and no second one before it has expired', async () => {
    await useUp();
    expect((await forgot()).status).toBe(202);
    await linkIn(await mailTo(smtp, person.email, 1, 'reset-password'));
    const refused = await forgot();
    // The next mail of any kind comes sooner than the next one out of turn.
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '300']);
  });

  test('one that went out in its turn is one: none follows it out of turn', async () => {
    expect((await forgot()).status).toBe(202);
    for (let nth = 0; nth < 2; nth += 1) expect((await askLink()).status).toBe(202);
    expect((await forgot()).status).toBe(429);
  });

  test('a device that the account knows has three of its own, by which strangers get nothing', async () => {
    const { device } = (await logIn(signet, person)).body;
    const foreign = (await logIn(signet, bob)).body.device;
    await useUp();
    expect([(await askCode({ device: foreign })).status, (await askCode({ device: 'nonsense' })).status]).toEqual([
      429, 429,
    ]);
    for (let nth = 0; nth < 2; nth += 1) expect((await askCode({ device })).status).toBe(202);
    const own = await code({ device }, 3);
    expect([(await askCode({ device })).status, (await askCode()).status]).toEqual([429, 429]);
    // Whoever shows that the mailbox is theirs may ask again, with the device and without.
    expect((await verifyCode({ email: person.email, ...own, device })).status).toBe(200);
    await query(signet.database.url, `DELETE FROM limits WHERE key LIKE 'mail address %'`);
    for (let nth = 0; nth < 3; nth += 1) expect((await askLink()).status).toBe(202);
    expect([(await askLink()).status, (await askLink({ device })).status]).toEqual([429, 202]);
  });
});

test('an administrator who can sign in by mail alone is one, and so may be the last', async () => {
  const tenant = { slug: 'initech' };
  const admin_roles = ['owner'];
  const abe = { username: 'abe', email: 'abe@example.com', email_verified: true, admin_roles };
  await signet.provision({
    tenant,
    users: [
      { username: 'ann', password: person.password, admin_roles },
      abe,
      { username: 'amy', email: 'amy@example.com', admin_roles },
      { username: 'ghost', email_verified: true, admin_roles },
    ],
  });
  const { deps } = signet.server;
  const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'initech'))!, deps.clock());
  await disableUser(deps, context, 'ann', { force: false });
  await expect(disableUser(deps, context, 'abe', { force: false })).rejects.toMatchObject({
    code: 'last_administrator',
  });
  for (const change of [{ email_verified: false }, { email: 'other@example.com', email_verified: false }])
    await expect(signet.provision({ tenant, users: [{ ...abe, ...change }] })).rejects.toMatchObject({
      problems: [expect.stringContaining('would leave no owner who can sign in')],
    });
});

test('applying a file warns of people who cannot sign in: not of those who can by mail', async () => {
  const users = [{ username: 'mailed', email: 'mailed@example.com' }, { username: 'barred' }];
  const file = parseProvisioning(JSON.stringify({ users }), 'test');
  const { warnings } = await applyProvisioning(signet.server.deps, file);
  expect(warnings).toEqual([expect.stringContaining('user barred has no password and cannot sign in')]);
});

test('a tenant can switch it off, and without mail there is none', async () => {
  await signet.provision({ settings: { passwordless: 'off' } });
  expect([(await askLink()).status, (await askCode()).status]).toEqual([404, 404]);
  expect((await verifyCode({ email: person.email, code: '123456' })).status).toBe(404);
  const page = await createAgent().get(`${signet.issuer}/sign-in`);
  expect(page.body).not.toContain('id="mail-sign-in"');
  await signet.provision({ settings: { passwordless: 'on' } });
  expect((await askLink()).status).toBe(202);
});

describe('the first proof of an address', () => {
  beforeEach(() => signet.provision({ users: [{ ...person, email_verified: false }] }));
  const verified = async () =>
    (
      await query<{ email_verified: boolean }>(
        signet.database.url,
        'SELECT email_verified FROM users WHERE username = $1',
        [person.username],
      )
    )[0]!.email_verified;

  test.each([
    [
      'a password was set',
      () => signet.provision({ users: [{ ...person, password: 'another one that she chose', password_reset: true }] }),
    ],
    ['another address was given', () => signet.provision({ users: [{ ...person, email: `new-${person.email}` }] })],
  ])('%s after the link was looked at: it proves nothing, and nothing ends', async (what, change) => {
    const { token, proof } = await link();
    const gate = gateStatements(signet);
    const held = gate.hold('before', /from "users".*for (?:no key )?update/is, 1);
    const answer = verifyLink({ token, proof });
    await held.arrived;
    await change();
    held.open();
    const { status, body } = await answer;
    expect([status, body.code, await verified()]).toEqual([401, 'invalid_grant', false]);
    gate.open();
    const password = what === 'a password was set' ? 'another one that she chose' : person.password;
    expect((await logIn(signet, { ...person, password })).status).toBe(200);
  });

  test('of somebody with a second factor takes nothing from them: it is still asked for', async () => {
    await enrol(signet, person);
    const before = await logIn(signet, person);
    const { token, proof } = await link();
    expect((await verifyLink({ token, proof })).body).toMatchObject({ mfa_required: true });
    expect([(await logIn(signet, person)).body.mfa_required, before.body.mfa_required, await verified()]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('of twenty links at once proves it once', async () => {
    const { token, proof } = await link();
    const answers = await Promise.all(Array.from({ length: 20 }, () => verifyLink({ token, proof })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const text = `SELECT 1 FROM audit_events WHERE type = 'user.email_verified' AND user_id = (SELECT id FROM users WHERE username = $1)`;
    expect(await query(signet.database.url, text, [person.username])).toHaveLength(1);
    const { body } = answers.find(({ status }) => status === 200)!;
    expect((await postJson(`${signet.issuer}/auth/mfa`, undefined, bearer(body.session_token), 'GET')).status).toBe(
      200,
    );
  });
});

test('the first proof of an address ends the password that was set before, and all that was signed in with it', async () => {
  await signet.provision({ users: [{ ...person, email_verified: false }] });
  const squatter = await logIn(signet, person, { scope: 'openid offline_access' });
  const here = await signIn(signet, person);
  const { token, proof } = await link();
  const answer = await verifyLink({ token, proof });
  expect(answer.status).toBe(200);
  expect((await getUserinfo(signet, squatter.body.access_token)).status).toBe(401);
  expect((await refreshAt(signet, squatter.body.refresh_token)).status).toBe(401);
  expect((await here.get(`${signet.issuer}/account`)).status).toBe(303);
  expect((await logIn(signet, person)).status).toBe(401);
  const [user] = await query(signet.database.url, `SELECT email_verified FROM users WHERE username = $1`, [
    person.username,
  ]);
  expect(user).toEqual({ email_verified: true });
  await expect.poll(() => smtp.mails.some(({ raw }) => raw.includes('Subject: Your password was removed'))).toBe(true);
  // Another one by mail, as whoever forgot theirs; a second proof ends nothing.
  await postJson(`${signet.issuer}/auth/password/forgot`, { email: person.email });
  const reset = tokenIn(await linkIn(await mailTo(smtp, person.email, 1, 'reset-password')));
  const chosen = { ...person, password: 'an entirely different pass phrase' };
  await createAgent().post(`${signet.issuer}/reset-password`, {
    token: reset,
    new_password: chosen.password,
    new_password_repeat: chosen.password,
  });
  expect((await logIn(signet, chosen)).status).toBe(200);
  const again = await code();
  expect((await verifyCode({ email: person.email, ...again })).status).toBe(200);
  expect((await logIn(signet, chosen)).status).toBe(200);
});
