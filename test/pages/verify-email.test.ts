// An address verified by its person: asked for on the account page, answered by the mailed link and a button, once.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { linkIn, mailBy, mailTo, readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { pageError, signIn } from '../support/visits.ts';

let smtp: TestSmtp;
let signet: TestSignet;
let person: { username: string; password: string; email: string };
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({
    provision: { ...world, settings: { new_browser: 'silent' } },
    config: { mail: mailBy(smtp.port) },
  });
});
afterAll(async () => {
  await signet.stop();
  await smtp.close();
});
beforeEach(async () => {
  people += 1;
  const username = `person-${people}`;
  person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  await signet.provision({ users: [person] });
});

const account = (agent: Agent) => agent.get(`${signet.issuer}/account`);
const ask = async (agent: Agent, csrf?: string) =>
  agent.post(`${signet.issuer}/account/email/verify`, { csrf: csrf ?? field(await account(agent), 'csrf') });
/** The browser that asked last. */
let asker: Agent;
const link = async () => {
  asker = await signIn(signet, person);
  expect((await ask(asker)).location).toBe(`${signet.issuer}/account?notice=verification_sent`);
  return linkIn(await mailTo(smtp, person.email));
};
const tokenOf = (address: string) => new URL(address).searchParams.get('token')!;
const answer = (address: string, agent = asker) =>
  agent.post(`${signet.issuer}/verify-email`, { token: tokenOf(address) });
const isVerified = async () => {
  const text = 'SELECT email_verified FROM users WHERE username = $1';
  const [row] = await query<{ email_verified: boolean }>(signet.database.url, text, [person.username]);
  return row!.email_verified;
};

test('asked for, mailed, answered where its person is signed in: verified, and nobody is signed in by it', async () => {
  const agent = await signIn(signet, person);
  expect((await account(agent)).body).toContain('This email address is not verified yet.');
  const address = await link();
  const { headers, subject } = await readMail((await mailTo(smtp, person.email)).raw);
  expect([headers.get('x-signet-purpose'), subject]).toEqual(['verify-email', 'Verify your email address']);
  const stranger = createAgent();
  for (let looks = 0; looks < 3; looks += 1) expect((await agent.get(address)).body).toContain('id="email-submit"');
  expect(await isVerified(), 'following the link proves nothing').toBe(false);
  for (const elsewhere of [stranger, await signIn(signet)]) {
    const page = await elsewhere.get(address);
    const wayOn = elsewhere === stranger ? 'id="to-sign-in"' : 'id="sign-out"';
    expect([page.status, page.body.includes(wayOn), page.body.includes(person.email)]).toEqual([200, true, false]);
    const refused = await answer(address, elsewhere);
    expect([refused.status, refused.body.includes(wayOn)]).toEqual([403, true]);
  }
  expect(await isVerified(), 'whoever has the mailbox alone proves nothing').toBe(false);
  const done = await answer(address, agent);
  expect([done.status, stranger.cookies.has(cookieName(signet, 'session')), await isVerified()]).toEqual([
    200,
    false,
    true,
  ]);
  expect((await account(agent)).body).not.toContain('id="email-verify"');
  expect((await ask(agent)).location, 'there is nothing to verify').toBe(`${signet.issuer}/account`);
  const again = await answer(address);
  expect([again.status, pageError(again).code]).toEqual([410, 'link_closed']);
});

test('of twenty answers at once one counts', async () => {
  const address = await link();
  const answers = await Promise.all(Array.from({ length: 20 }, () => answer(address)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const text = `SELECT 1 FROM audit_events WHERE type = 'user.email_verified' AND user_id = (SELECT id FROM users WHERE username = $1)`;
  expect(await query(signet.database.url, text, [person.username])).toHaveLength(1);
});

test.each([
  ['a day later', () => Promise.resolve(signet.clock.advance(24 * 3600))],
  ['with another address', () => signet.provision({ users: [{ ...person, email: `moved-${people}@example.com` }] })],
  ['disabled', () => signet.provision({ users: [{ ...person, disabled: true }] })],
])('M66 %s: the link proves nothing', async (_what, change) => {
  const address = await link();
  await change();
  expect((await answer(address)).status).toBe(410);
  expect(await isVerified()).toBe(false);
});

test('asked by nobody, by a form of somebody else, too often', async () => {
  expect((await createAgent().post(`${signet.issuer}/account/email/verify`, { csrf: 'x' })).location).toBe(
    `${signet.issuer}/sign-in`,
  );
  const agent = await signIn(signet, person);
  const foreign = field(await account(await signIn(signet)), 'csrf');
  expect((await ask(agent, foreign)).status).toBe(403);
  const notices: (string | null)[] = [];
  for (let nth = 0; nth < 4; nth += 1) notices.push(new URL((await ask(agent)).location!).searchParams.get('notice'));
  expect(notices).toEqual(['verification_sent', 'verification_sent', 'verification_sent', 'verification_wait']);
  expect((await agent.get(`${signet.issuer}/account?notice=verification_wait`)).body).toContain('too many requests');
});
