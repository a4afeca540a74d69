// Signing in by mail in a browser: a link or a code that only the browser which asked can use, and the way on from there.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn, postJson } from '../support/first-party.ts';
import { authorizationRequest, claimsOf, exchangeCode, submitConsent, webClient, world } from '../support/flow.ts';
import { codeOf, enrol } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { codeIn, linkIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { ask, outcomeOf, pageError, signIn } from '../support/visits.ts';

const crossSite = { 'sec-fetch-site': 'cross-site' };

let smtp: TestSmtp;
let signet: TestSignet;
let person: { username: string; password: string; email: string };
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
});
afterAll(async () => {
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

const at = (path: string) => `${signet.issuer}${path}`;
/** From the sign-in page of the front door to the page that asks for the address. */
const mailPage = async (agent: Agent) => {
  const page = await agent.get(at('/sign-in'));
  return agent.get(at(/id="mail-sign-in" href="([^"]+)"/.exec(page.body)![1]!));
};
const send = async (agent: Agent, way: 'link' | 'code', more: Record<string, string> = {}) => {
  const attempt = field(await mailPage(agent), 'attempt');
  const posted = await agent.post(at('/sign-in/email'), { attempt, email: person.email, way, ...more });
  expect(posted.status).toBe(303);
  return { attempt, answer: await agent.get(posted.location!), posted };
};
const mailedLink = async (howMany = 1) => linkIn(await mailTo(smtp, person.email, howMany, 'magic-link'));
const mailedCode = async (howMany = 1) => codeIn(await mailTo(smtp, person.email, howMany, 'sign-in-code'));
const press = (agent: Agent, address: string, headers = {}) =>
  agent.post(at('/auth/verify'), { token: new URL(address).searchParams.get('token')! }, headers);
/** M85: pages that only a mail leads to cannot be framed, run nothing of others, and tell nobody the address with its token. */
const expectOwnHeaders = ({ headers }: Answer) => {
  const csp = headers.get('content-security-policy');
  expect(csp).toMatch(/^default-src 'none'; .*base-uri 'none'; frame-ancestors 'none'/);
  expect(csp).not.toMatch(/unsafe|\*/);
  const others = ['x-frame-options', 'x-content-type-options', 'referrer-policy', 'cache-control'];
  expect(others.map((name) => headers.get(name))).toEqual(['DENY', 'nosniff', 'no-referrer', 'no-store']);
};

test('a link, opened in the browser that asked: a question, and its button signs in, once', async () => {
  const agent = createAgent();
  const { answer } = await send(agent, 'link');
  expect(answer.body).toContain(person.email);
  const address = await mailedLink();
  for (let looks = 0; looks < 3; looks += 1) {
    const page = await agent.get(address);
    expect([page.status, page.body.includes(`Sign in as`), page.body.includes(person.username)]).toEqual([
      200,
      true,
      true,
    ]);
    expect(page.headers.getSetCookie()).toEqual([]);
    expectOwnHeaders(page);
  }
  expect((await agent.get(at('/account'))).status).toBe(303);
  const done = await press(agent, address);
  expect([done.status, done.location]).toEqual([303, at('/account')]);
  expect((await agent.get(at('/account'))).status).toBe(200);
  expect(pageError(await press(agent, address)).code).toBe('link_closed');
  expect(pageError(await agent.get(address)).code).toBe('link_closed');
});

test('late, the page says that the link is closed, by what is kept of it too, and its button signs nobody in', async () => {
  const agent = createAgent();
  await send(agent, 'link');
  const address = await mailedLink();
  const keptUntil = (when: string) => query(signet.database.url, `UPDATE one_time_tokens SET expires_at = ${when}`);
  await keptUntil('created_at');
  expect(pageError(await agent.get(address)).code).toBe('link_closed');
  expect(pageError(await press(agent, address)).code).toBe('link_closed');
  await keptUntil(`created_at + interval '1 day'`);
  expect((await agent.get(address)).body).toContain(person.username);
  signet.clock.advance(601);
  expect(pageError(await agent.get(address)).code).toBe('link_closed');
  expect((await agent.get(at('/account'))).status).toBe(303);
});

test('M33 M78 in another browser the page says where to go, names nobody, and neither browser is signed in; a proof changes nothing', async () => {
  const attacker = createAgent();
  await send(attacker, 'link');
  const address = await mailedLink();
  const victim = createAgent();
  await victim.get(at('/sign-in'));
  const page = await victim.get(`${address}&proof=sgq_${'a'.repeat(43)}`);
  expect([page.status, page.body.includes('where you asked for it'), page.body.includes(person.username)]).toEqual([
    200,
    true,
    false,
  ]);
  expectOwnHeaders(page);
  const posted = await press(victim, address);
  expectOwnHeaders(posted);
  expect([posted.status, posted.headers.getSetCookie()]).toEqual([403, []]);
  for (const agent of [attacker, victim]) expect((await agent.get(at('/account'))).status).toBe(303);
  // The API does not take it, whatever proof comes with it.
  const taken = await postJson(at('/auth/verify'), {
    token: new URL(address).searchParams.get('token')!,
    proof: `sgq_${'a'.repeat(43)}`,
  });
  expect([taken.status, taken.body.code]).toEqual([401, 'invalid_grant']);
  // Another site cannot press the button either, and the link is still good where it was asked for.
  expect(pageError(await press(attacker, address, { 'sec-fetch-site': 'cross-site' })).code).toBe('cross_site');
  expect((await press(attacker, address)).status).toBe(303);
});

test('the page that says what was sent has an address: looked at again it asks for nothing, and it is of this sign-in alone', async () => {
  const agent = createAgent();
  const { posted, answer } = await send(agent, 'code');
  const code = await mailedCode();
  for (let looks = 0; looks < 3; looks += 1)
    expect((await agent.get(posted.location!)).body).toContain('id="code-submit"');
  await signet.server.settled();
  expect(smtp.mails.filter(({ to }) => to.includes(person.email))).toHaveLength(1);
  expect(posted.location).not.toContain(person.username);
  expect(pageError(await createAgent().get(posted.location!)).code).toBe('attempt_unknown');
  const asked = new URL(posted.location!).searchParams.get('asked')!;
  const other = field(await mailPage(agent), 'attempt');
  for (const [attempt, sealed] of [
    [other, asked],
    [field(answer, 'attempt'), `${asked.slice(0, -4)}AAAA`],
    [field(answer, 'attempt'), ''],
  ] as const) {
    const page = await agent.get(
      at(`/sign-in/email/sent?${new URLSearchParams({ attempt, asked: sealed }).toString()}`),
    );
    expect(page.location).toBe(at(`/sign-in/email?attempt=${attempt}`));
  }
  const form = { attempt: field(answer, 'attempt'), email: person.email, code };
  expect((await agent.post(at('/sign-in/email/code'), form)).status).toBe(303);
});

test('the first sign-in by mail of an address that was not proven leaves no password: the account page leads to another', async () => {
  await signet.provision({ users: [{ ...person, email_verified: false }] });
  const agent = createAgent();
  await send(agent, 'link');
  expect((await press(agent, await mailedLink())).location).toBe(at('/account'));
  const page = await agent.get(at('/account/password'));
  expect([page.body.includes('id="current-password"'), page.body.includes('id="password-link"')]).toEqual([
    false,
    true,
  ]);
  const asked = await agent.post(at('/forgot-password'), { email: field(page, 'email') });
  expect(asked.status).toBe(200);
  const reset = await linkIn(await mailTo(smtp, person.email, 1, 'reset-password'));
  const chosen = 'one that she has chosen herself';
  const form = { token: new URL(reset).searchParams.get('token')!, new_password: chosen, new_password_repeat: chosen };
  await agent.post(at('/reset-password'), form);
  const again = await signIn(signet, { ...person, password: chosen });
  expect((await again.get(at('/account/password'))).body).toContain('id="current-password"');
});

test('who asks for another code too often keeps the field for the one there is', async () => {
  const agent = createAgent();
  const { attempt } = await send(agent, 'code');
  const code = await mailedCode();
  await query(signet.database.url, `UPDATE limits SET next_at = to_timestamp($1) WHERE key LIKE 'mail address %'`, [
    signet.clock.now / 1000 + 50,
  ]);
  const form = { attempt, email: person.email, way: 'code', again: 'code' };
  const again = await agent.post(at('/sign-in/email'), form);
  expect([again.status, again.body.includes('id="code-error"'), again.body.includes('id="code-submit"')]).toEqual([
    429,
    true,
    true,
  ]);
  const typed = { attempt: field(again, 'attempt'), email: field(again, 'email'), code };
  expect((await agent.post(at('/sign-in/email/code'), typed)).status).toBe(303);
});

test('M33 a request that two browsers came with: the code of one is not good in the other', async () => {
  const asked = authorizationRequest(signet, webClient);
  const posted = await createAgent().post(at('/oauth/authorize'), new URL(asked.url).searchParams, crossSite);
  const browsers = [createAgent(), createAgent()] as const;
  const attempts: string[] = [];
  for (const agent of browsers) {
    const page = await agent.follow(await agent.get(posted.location!), signet.issuer);
    attempts.push(field(page, 'attempt'));
  }
  const [mine, other] = browsers;
  const form = { email: person.email, way: 'code' };
  expect((await mine.post(at('/sign-in/email'), { ...form, attempt: attempts[0]! })).status).toBe(303);
  await mailedCode();
  // Nor is what one asked for shown in the other, whatever it is said to be.
  const again = await mine.post(at('/sign-in/email'), { ...form, attempt: attempts[0]! });
  const sealed = new URL(again.location!).searchParams.get('asked')!;
  const shown = await other.get(
    at(`/sign-in/email/sent?${new URLSearchParams({ attempt: attempts[1]!, asked: sealed }).toString()}`),
  );
  expect(shown.location).toBe(at(`/sign-in/email?attempt=${attempts[1]!}`));
  const code = await mailedCode(2);
  const type = (agent: Agent, attempt: string) =>
    agent.post(at('/sign-in/email/code'), { attempt, email: person.email, code });
  expect((await type(other, attempts[1]!)).status).toBe(403);
  expect((await type(mine, attempts[0]!)).status).toBe(303);
});

test('a code: wrong ones are told, the right one signs in, in this browser alone', async () => {
  const agent = createAgent();
  const { attempt, answer } = await send(agent, 'code');
  expect(answer.body).toContain('id="code"');
  const code = await mailedCode();
  const other = createAgent();
  const foreign = field(await mailPage(other), 'attempt');
  const type = (by: Agent, typed: string, of = attempt) =>
    by.post(at('/sign-in/email/code'), { attempt: of, email: person.email, code: typed });
  const wrong = await type(agent, code === '123456' ? '654321' : '123456');
  expect([wrong.status, wrong.body.includes('id="code-error"'), wrong.body.includes('id="code-submit"')]).toEqual([
    403,
    true,
    true,
  ]);
  expect((await type(other, code, foreign)).status).toBe(403);
  expect(pageError(await type(other, code)).code).toBe('attempt_unknown');
  // Nor does the first-party API take what a browser asked for.
  const api = await fetch(at('/auth/passwordless/verify'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: person.email, code }),
  });
  expect(api.status).toBe(401);
  const counted = await query(signet.database.url, `SELECT max(stranger_attempts) AS most FROM one_time_tokens`);
  expect(counted).toEqual([{ most: 0 }]);
  const done = await type(agent, `${code.slice(0, 3)} ${code.slice(3)}`);
  expect([done.status, done.location]).toEqual([303, at('/account')]);
  expect(outcomeOf(await agent.get(at('/account')))).toContain('200');
});

test('another code takes the place of the one before', async () => {
  const agent = createAgent();
  const { attempt } = await send(agent, 'code');
  const first = await mailedCode();
  await agent.post(at('/sign-in/email'), { attempt, email: person.email, way: 'code' });
  const newer = await mailedCode(2);
  const type = (code: string) => agent.post(at('/sign-in/email/code'), { attempt, email: person.email, code });
  if (newer !== first) expect((await type(first)).status).toBe(403);
  expect((await type(newer)).status).toBe(303);
});

test('for an application: by link, back to the hub, and the tokens say how', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, webClient);
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  const form = await agent.get(at(/id="mail-sign-in" href="([^"]+)"/.exec(page.body)![1]!));
  const attempt = field(form, 'attempt');
  await agent.post(at('/sign-in/email'), { attempt, email: person.email, way: 'link' });
  const address = await mailedLink();
  expect((await agent.get(address)).body).toContain('continue to');
  const consent = await agent.follow(await press(agent, address), signet.issuer);
  const answer = await submitConsent(agent, consent, 'allow');
  const back = await agent.follow(answer, signet.issuer);
  const code = new URL(back.location!).searchParams.get('code')!;
  const { body } = await exchangeCode(signet, webClient, asked, code);
  expect(claimsOf(body.id_token)).toMatchObject({ amr: ['otp'], acr: 'urn:signet:acr:1fa' });
});

test('M74 whoever has a second factor still needs it, by link and by code', async () => {
  const { secret } = await enrol(signet, person);
  for (const way of ['link', 'code'] as const) {
    const agent = createAgent();
    const { attempt } = await send(agent, way);
    const done =
      way === 'link'
        ? await press(agent, await mailedLink())
        : await agent.post(at('/sign-in/email/code'), { attempt, email: person.email, code: await mailedCode() });
    expect(done.location).toContain('/sign-in/second-factor?attempt=');
    expect((await agent.get(at('/account'))).status).toBe(303);
    const page = await agent.get(done.location!);
    const factor = { attempt: field(page, 'attempt'), code: codeOf(secret, signet.clock.now) };
    expect((await agent.post(at('/sign-in/second-factor'), factor)).location).toBe(at('/account'));
    signet.clock.advance(30);
  }
});

test('where a second factor is demanded and missing, it is added on the way', async () => {
  await signet.provision({ settings: { mfa: 'required' } });
  const agent = createAgent();
  await send(agent, 'link');
  expect((await press(agent, await mailedLink())).location).toContain('/sign-in/add-factor?attempt=');
  await signet.provision({ settings: { mfa: 'optional' } });
});

test('to stay signed in is ticked beside the address, and holds for the session that the link begins', async () => {
  const agent = createAgent();
  expect((await mailPage(agent)).body).toContain('id="login-stay"');
  await send(agent, 'link', { stay: '1' });
  const done = await press(agent, await mailedLink());
  const cookie = done.headers.getSetCookie().find((value) => /-session-\d+=/.test(value))!;
  expect(cookie).toMatch(/Max-Age=\d+/);
  const brief = createAgent();
  await send(brief, 'link');
  const other = await press(brief, await mailedLink(2));
  expect(other.headers.getSetCookie().find((value) => /-session-\d+=/.test(value))).not.toContain('Max-Age');
});

test('the same page for an address that nobody has; what is no address, and too many mails, are told above the form', async () => {
  const agent = createAgent();
  const attempt = field(await mailPage(agent), 'attempt');
  const sent = async (email: string, way = 'link') =>
    agent.follow(await agent.post(at('/sign-in/email'), { attempt, email, way }), signet.issuer);
  const [known, unknown] = [await sent(person.email), await sent('nobody@example.com')];
  expect(unknown.body.replaceAll('nobody@example.com', person.email)).toBe(known.body);
  const invalid = await sent('nobody');
  expect([invalid.status, invalid.body.includes('id="email-error"')]).toEqual([422, true]);
  await sent(person.email);
  await sent(person.email);
  const many = await sent(person.email);
  expect([many.status, many.headers.get('retry-after'), many.body.includes('id="email-submit"')]).toEqual([
    429,
    '300',
    true,
  ]);
  expect(many.body).toContain('too many requests for emails');
});

test('switched off: no link on the page, and no page', async () => {
  const agent = createAgent();
  const attempt = field(await mailPage(agent), 'attempt');
  await send(agent, 'link');
  await signet.provision({ settings: { passwordless: 'off' } });
  expect((await agent.get(at('/sign-in'))).body).not.toContain('mail-sign-in');
  expect(pageError(await agent.get(at(`/sign-in/email?attempt=${attempt}`))).code).toBe('not_found');
  const posted = await agent.post(at('/sign-in/email'), { attempt, email: person.email, way: 'link' });
  expect(pageError(posted).code).toBe('not_found');
  // Nor are links that were asked for before.
  expect(pageError(await press(agent, await mailedLink())).code).toBe('not_found');
  await signet.provision({ settings: { passwordless: 'on' } });
});

test('M75 a person who was disabled, or whose password was changed, since the link was sent is not signed in by it', async () => {
  const agent = createAgent();
  await send(agent, 'link');
  const address = await mailedLink();
  await signet.provision({
    users: [{ ...person, email_verified: true, password: 'quite another pass phrase', password_reset: true }],
  });
  expect(pageError(await press(agent, address)).code).toBe('link_closed');
  await send(agent, 'code');
  const code = await mailedCode();
  await signet.provision({ users: [{ ...person, email_verified: true, disabled: true }] });
  const attempt = field(await mailPage(agent), 'attempt');
  expect((await agent.post(at('/sign-in/email/code'), { attempt, email: person.email, code })).status).toBe(403);
});

test('who is signed in, and is asked to prove it again, may do so by mail', async () => {
  const agent = await signIn(signet, person);
  expect((await logIn(signet, person)).status).toBe(200);
  signet.clock.advance(600);
  const page = await ask(signet, agent, webClient, { max_age: '60' });
  const form = await agent.get(at(/id="mail-sign-in" href="([^"]+)"/.exec(page.body)![1]!));
  expect(form.body).not.toContain('id="login-stay"');
  await agent.post(at('/sign-in/email'), { attempt: field(form, 'attempt'), email: person.email, way: 'link' });
  const consent = await agent.follow(await press(agent, await mailedLink()), signet.issuer);
  expect(outcomeOf(consent)).toBe('consent');
});
