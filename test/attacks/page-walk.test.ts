// Every page in every order, with every cookie that was given: no address leads around the second factor (M58).
import fc from 'fast-check';
import { cookieName } from '../support/cookies.ts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { bob, ownClient, submitPassword, webClient, world } from '../support/flow.ts';
import { codeOf, enrol, type Enrolled, wrongCodeOf } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy, type SmsReceiver, smsCodeTo, startSmsReceiver } from '../support/sms.ts';
import { codeIn, linkIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

const strict = { ...ownClient, client_id: 'strict', required_acr: 'urn:signet:acr:2fa' } as const;

let smtp: TestSmtp;
let receiver: SmsReceiver;
let signet: TestSignet;
let session: string;
let person: Enrolled;
let plain: { username: string; password: string };
let people = 0;
/** How many of each were mailed, to whom. */
let sent: Map<string, number>;
beforeAll(async () => {
  smtp = await startSmtp();
  const provision = { ...world, clients: [...world.clients, strict] };
  receiver = await startSmsReceiver();
  signet = await startSignet({ provision, config: { mail: mailBy(smtp.port), ...smsBy(receiver) } });
  session = cookieName(signet, 'session');
});
afterAll(async () => {
  await signet.stop();
  await smtp.close();
  await receiver.close();
});
beforeEach(async () => {
  people += 1;
  const user = { username: `person-${people}`, password: 'the one she has had so far' };
  plain = { username: `plain-${people}`, password: 'the one she has had so far' };
  sent = new Map();
  const users = [user, plain].map((one) => ({ ...one, email: addressOf(one), email_verified: true }));
  await signet.provision({ users });
  person = await enrol(signet, user);
});

const addressOf = ({ username }: { username: string }) => `${username}@example.com`;

/** `email`: of the person, whose mails are read as well. `token` and `code`: what came by them. */
type Walker = {
  readonly agent: Agent;
  readonly attempt: string;
  readonly email: string;
  csrf: string;
  token?: string;
  code?: string;
};
type Step = { readonly name: string; readonly go: (walker: Walker) => Promise<Answer> };

const at = (path: string) => `${signet.issuer}${path}`;
const get = (path: string): Step => ({
  name: `GET ${path}`,
  go: ({ agent, attempt }) => agent.get(at(path.replace(':attempt', attempt))),
});
const post = (path: string, form: Record<string, string> = {}): Step => ({
  name: `POST ${path} ${Object.keys(form).join()}`,
  go: ({ agent, attempt, csrf }) => agent.post(at(path), { attempt, csrf, ...form }),
});

/** Asks for a link or a code, and reads the mail. */
const mail = (way: 'link' | 'code'): Step => ({
  name: `POST /sign-in/email ${way}`,
  go: async (walker) => {
    const { agent, attempt, email } = walker;
    const answer = await agent.post(at('/sign-in/email'), { attempt, email, way });
    if (!answer.location?.includes('/sign-in/email/sent?')) return answer;
    const [key, purpose] = [`${way} ${email}`, way === 'link' ? 'magic-link' : 'sign-in-code'] as const;
    sent.set(key, (sent.get(key) ?? 0) + 1);
    const got = await mailTo(smtp, email, sent.get(key), purpose);
    if (way === 'link') walker.token = new URL(await linkIn(got)).searchParams.get('token')!;
    else walker.code = await codeIn(got);
    return answer;
  },
});
/** What the mails brought, right as it is. */
const openLink: Step = {
  name: 'GET /auth/verify',
  go: ({ agent, token = 'none' }) => agent.get(at(`/auth/verify?token=${token}`)),
};
const pressLink: Step = {
  name: 'POST /auth/verify',
  go: ({ agent, token = 'none' }) => agent.post(at('/auth/verify'), { token }),
};
const typeCode: Step = {
  name: 'POST /sign-in/email/code',
  go: ({ agent, attempt, email, code = '000000' }) => agent.post(at('/sign-in/email/code'), { attempt, email, code }),
};

/** Everything that a browser between the factors can ask for, but the right code of the second. */
const steps = (): Step[] => [
  get('/'),
  get('/sign-in'),
  get('/sign-in?attempt=:attempt'),
  get('/sign-in/second-factor?attempt=:attempt'),
  get('/sign-in/second-factor?attempt=:attempt&method=recovery_code'),
  get('/sign-in/second-factor?attempt=:attempt&method=none'),
  get('/sign-in/add-factor?attempt=:attempt'),
  get('/sign-in/email?attempt=:attempt'),
  get('/sign-in/email/sent?attempt=:attempt&asked=none'),
  mail('link'),
  mail('code'),
  openLink,
  pressLink,
  typeCode,
  get('/oauth/authorize/:attempt'),
  get('/oauth/authorize/continue?attempt=:attempt'),
  get('/consent?attempt=:attempt'),
  ...[
    '',
    '/password',
    '/email',
    '/two-step',
    '/two-step/add',
    '/two-step/confirm',
    '/two-step/phone',
    '/two-step/phone/confirm',
    '/two-step/email',
    '/two-step/recovery-codes',
    '/sessions',
    '/applications',
  ].map((path) => get(`/account${path}`)),
  get('/oauth/logout'),
  post('/sign-in', person.user),
  post('/sign-in', { ...person.user, password: 'not the right one, not at all' }),
  post('/sign-in', { cancel: '' }),
  post('/sign-in/second-factor'),
  post('/sign-in/second-factor', { code: '' }),
  post('/sign-in/second-factor', { code: '000000', method: 'totp' }),
  post('/sign-in/second-factor', { code: wrongCodeOf(person.secret, signet.clock.now), method: 'recovery_code' }),
  post('/sign-in/second-factor', { code: person.secret }),
  ...['sms', 'email', 'totp', 'none'].map((method) => post('/sign-in/second-factor/send', { method })),
  get('/sign-in/second-factor?attempt=:attempt&method=sms'),
  get('/sign-in/second-factor?attempt=:attempt&method=email'),
  // What was mailed to sign in with is the first factor once more.
  {
    name: 'POST /sign-in/second-factor, the mailed code',
    go: ({ agent, attempt, code = '000000' }) => agent.post(at('/sign-in/second-factor'), { attempt, code }),
  },
  post('/sign-in/add-factor', { name: 'Mine' }),
  post('/sign-in/add-factor/confirm', { factor_id: person.id, code: '000000' }),
  post('/consent', { username: person.user.username, decision: 'allow' }),
  post('/consent', { username: person.user.username, decision: 'switch' }),
  post('/account/password', { password: person.user.password, new_password: 'mine from now on, all of it' }),
  post('/account/email', { email: 'mine@example.net' }),
  post('/account/two-step/add', { name: 'Mine' }),
  post('/account/two-step/confirm', { factor_id: person.id, code: '000000' }),
  post('/account/two-step/phone', { phone: '+4915112345678' }),
  post('/account/two-step/phone/confirm', { factor_id: person.id, code: '000000' }),
  post('/account/two-step/email'),
  post('/account/two-step/remove', { factor_id: person.id }),
  post('/account/two-step/recovery-codes'),
  post('/account/sessions/end-others'),
];

const stateOf = async () =>
  query(
    signet.database.url,
    `SELECT c.kind, c.id, c.last_used_at FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = $1 ORDER BY 1, 2`,
    [person.user.username],
  );

/** Whoever has the password and the mailbox alone; with the cookies that a browser has whose own person is signed in, or without. */
async function between(agent: Agent): Promise<Walker> {
  const page = await ask(signet, agent, webClient, { prompt: 'login' });
  const next = await submitPassword(agent, page, person.user);
  const second = await agent.follow(next, signet.issuer);
  expect(outcomeOf(second)).toBe('second factor');
  return { agent, attempt: field(second, 'attempt'), email: addressOf(person.user), csrf: 'x' };
}

/** The only second factor of somebody. */
async function addPhone(user: { username: string; password: string }, phone: string): Promise<void> {
  const agent = await signIn(signet, user);
  const form = { csrf: field(await agent.get(at('/account')), 'csrf') };
  const page = await agent.follow(await agent.post(at('/account/two-step/phone'), { ...form, phone }), signet.issuer);
  const code = await smsCodeTo(receiver, phone);
  const confirmation = { ...form, factor_id: field(page, 'factor_id'), code };
  expect((await agent.post(at('/account/two-step/phone/confirm'), confirmation)).status).toBe(200);
  signet.clock.advance(60);
}

/** Whether this browser is the person: at the account, or for a client. */
async function isPerson({ agent }: Walker): Promise<boolean> {
  const page = await agent.get(at('/account'));
  return page.status === 200 && page.body.includes(person.user.username);
}

/** Walks in orders of the steps, each from a new beginning; whatever `check` says of an answer holds after each step, `atEnd` after the walk. */
async function inAnyOrder(
  all: readonly Step[],
  begin: () => Promise<Walker>,
  {
    check,
    atEnd,
    length = 12,
    walks = 8,
  }: {
    check: (walker: Walker, answer: Answer, name: string) => unknown;
    atEnd?: (walker: Walker) => Promise<unknown>;
    length?: number;
    walks?: number;
  },
): Promise<void> {
  const anyOrder = fc.array(fc.integer({ min: 0, max: all.length - 1 }), { minLength: length, maxLength: length });
  const property = fc.asyncProperty(anyOrder, async (order) => {
    const walker = await begin();
    for (const index of order) {
      const { name, go } = all[index]!;
      const answer = await go(walker);
      expect(answer.status, name).toBeLessThan(500);
      await check(walker, answer, name);
    }
    await atEnd?.(walker);
    // Guesses are counted: the next walk is another day's.
    signet.clock.advance(8 * 24 * 3600);
  });
  await fc.assert(property, { numRuns: walks, seed: 58 });
}

test('M58 between the factors of a sign-in, fifteen steps in any order: nobody is signed in, and nothing of the person changes', async () => {
  const before = await stateOf();
  await inAnyOrder(steps(), () => between(createAgent()), {
    length: 15,
    walks: 12,
    check: ({ agent }, answer, name) => {
      expect(answer.location ?? '', name).not.toMatch(/[?&]code=/);
      expect(agent.cookies.has(session), name).toBe(false);
    },
    atEnd: async (walker) => {
      expect(await isPerson(walker)).toBe(false);
      expect(await stateOf()).toEqual(before);
    },
  });
});

test('M58 the same with the cookies of somebody else who is signed in there: it stays that one', async () => {
  const before = await stateOf();
  // What bob may do to himself is not what this is about.
  const all = steps().map((step) =>
    step.name.startsWith('POST /account')
      ? { ...step, go: (walker: Walker) => step.go({ ...walker, csrf: 'x' }) }
      : step,
  );
  const begin = async () => {
    const agent = await signIn(signet, bob);
    const csrf = field(await agent.get(at('/account')), 'csrf');
    return { ...(await between(agent)), csrf };
  };
  await inAnyOrder(all, begin, {
    check: async (walker, _answer, name) => expect(await isPerson(walker), name).toBe(false),
    atEnd: async () => expect(await stateOf()).toEqual(before),
  });
});

test('M58 the same of somebody whose codes are sent by text message: they leave, and lead nowhere for whoever does not get them', async () => {
  await signet.provision({ settings: { email_factor: 'on' } });
  const phone = `+49151123${40_000 + people}`;
  await addPhone(plain, phone);
  // Those with a password make it the sign-in of somebody else.
  const all = steps().filter(({ name }) => !name.includes('username'));
  const begin = async () => {
    const agent = createAgent();
    const next = await submitPassword(agent, await ask(signet, agent, webClient), plain);
    const page = await agent.follow(next, signet.issuer);
    expect(page.body).toContain('id="mfa-send"');
    return { agent, attempt: field(page, 'attempt'), email: addressOf(plain), csrf: 'x' };
  };
  await inAnyOrder(all, begin, {
    check: (walker, _answer, name) => expect(walker.agent.cookies.has(session), name).toBe(false),
  });
  // The walk can fail: her code signs in.
  const agent = createAgent();
  const attempt = field(
    await agent.follow(await submitPassword(agent, await ask(signet, agent, webClient), plain), signet.issuer),
    'attempt',
  );
  const before = receiver.posted.length;
  await agent.post(at('/sign-in/second-factor/send'), { attempt, method: 'sms' });
  await expect.poll(() => receiver.posted.length).toBeGreaterThan(before);
  await agent.post(at('/sign-in/second-factor'), { attempt, code: await smsCodeTo(receiver, phone) });
  expect(agent.cookies.has(session)).toBe(true);
});

test('M58 before the first factor of somebody is added, no other order leads to a session', async () => {
  const all = steps().filter(({ name }) => !name.includes('username'));
  const begin = async () => {
    const agent = createAgent();
    const next = await submitPassword(agent, await ask(signet, agent, strict), plain);
    const page = await agent.follow(next, signet.issuer);
    expect(page.body).toContain('id="factor-begin"');
    return { agent, attempt: field(page, 'attempt'), email: addressOf(plain), csrf: 'x' };
  };
  await inAnyOrder(all, begin, {
    check: ({ agent }, answer, name) =>
      expect([agent.cookies.has(session), /[?&]code=/.test(answer.location ?? '')], name).toEqual([false, false]),
  });
});

test('M58 password, link and code one after another are three first factors: whoever has all of them is still asked for the second', async () => {
  for (const order of [
    [mail('link'), openLink, pressLink, mail('code'), typeCode],
    [mail('code'), typeCode, mail('link'), openLink, pressLink],
  ]) {
    const walker = await between(createAgent());
    for (const { name, go } of order) {
      const answer = await go(walker);
      expect(answer.status, name).toBeLessThan(400);
      if (answer.status === 303)
        expect(answer.location, name).toMatch(/\/sign-in\/(?:second-factor|email\/sent)\?attempt=/);
      expect([walker.agent.cookies.has(session), await isPerson(walker)], name).toEqual([false, false]);
    }
    const code = codeOf(person.secret, signet.clock.now);
    await walker.agent.post(at('/sign-in/second-factor'), { attempt: walker.attempt, code });
    expect(await isPerson(walker)).toBe(true);
    signet.clock.advance(24 * 3600);
  }
});

test('M58 the walk can fail by mail as well: without a second factor the link signs in, and so does the code', async () => {
  for (const order of [
    [mail('link'), openLink, pressLink],
    [mail('code'), typeCode],
  ]) {
    const agent = createAgent();
    const attempt = field(await ask(signet, agent, webClient), 'attempt');
    const walker = { agent, attempt, email: addressOf(plain), csrf: 'x' };
    for (const { go } of order) await go(walker);
    expect(agent.cookies.has(session)).toBe(true);
  }
});

test('M58 the walk can fail: the right code signs in', async () => {
  const walker = await between(createAgent());
  const code = codeOf(person.secret, signet.clock.now);
  await walker.agent.post(at('/sign-in/second-factor'), { attempt: walker.attempt, code });
  expect(await isPerson(walker)).toBe(true);
});
