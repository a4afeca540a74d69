// The setup form on the server: the password twice from a person, once from a script, and what is left after a mistake.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { webClient } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { signIn } from '../support/visits.ts';

const form = { username: 'root', email: 'root@example.com', password: 'the first of all administrators' };

let signet: TestSignet;
let token: string;
beforeAll(async () => {
  signet = await startSignet();
  token = new URL(signet.server.setupUrl!).searchParams.get('token')!;
});
afterAll(() => signet.stop());

const post = (fields: Record<string, string>): Promise<Answer> =>
  createAgent().post(`${signet.issuer}/setup`, { token, ...fields });

test('two passwords that differ make nobody, and the link stays open', async () => {
  const answer = await post({ ...form, password_repeat: `${form.password}.` });
  expect(answer.status).toBe(422);
  expect(answer.body).toContain('id="new-password-repeat-error">The two passwords differ. Enter both again.<');
  expect(field(answer, 'username')).toBe('root');
  expect(answer.body).not.toContain(form.password);
  expect((await createAgent().get(signet.server.setupUrl!)).status).toBe(200);
  const both = await post({ ...form, password: 'short', password_repeat: 'other' });
  expect(both.body).toContain('Enter a password of at least 15 characters.');
  expect(both.body).toContain('The two passwords differ.');
});

test('a password that is guessed first makes nobody, and the page says what is wrong with it', async () => {
  for (const password of ['iloveyouiloveyou', 'root@example.com']) {
    const answer = await post({ ...form, password });
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('harder to guess: this one is common');
  }
});

test('with a link that opens nothing, passwords that differ are no reason to show the form', async () => {
  const answer = await post({ ...form, token: 'used', password_repeat: 'another' });
  expect([answer.status, answer.body.includes('setup_closed')]).toEqual([410, true]);
});

test('while nobody is there, the sign-in page says where the link is', async () => {
  for (const path of ['/', '/sign-in']) {
    const agent = createAgent();
    const page = await agent.follow(await agent.get(signet.issuer + path), signet.issuer);
    expect(page.body).toMatch(
      /role="status">Nobody administers Signet yet\. Whoever started it finds the link [^<]* in its terminal/,
    );
    expect(page.body).not.toContain(token);
  }
});

test('without the second field the password alone is enough, and signs in: to the second step that administrators need', async () => {
  const agent = createAgent();
  const answer = await agent.post(`${signet.issuer}/setup`, { token, ...form });
  expect([answer.status, answer.location]).toEqual([
    303,
    expect.stringContaining(`${signet.issuer}/sign-in/add-factor?attempt=`),
  ]);
  expect((await agent.get(answer.location!)).body).toContain('id="factor-begin"');
  // In another browser the attempt is nobody's.
  expect((await createAgent().get(answer.location!)).status).toBe(400);
  expect((await createAgent().get(`${signet.issuer}/sign-in`)).body).not.toContain('role="status"');
});

test('an owner is told to add an application until there is one; nobody else is', async () => {
  const isTold = async (agent: Agent) => (await agent.get(`${signet.issuer}/account`)).body.includes('id="next-step"');
  await signet.provision({
    settings: { administrator_mfa: 'as_everybody' },
    users: [
      { username: 'owner', password: 'a bridge over the quiet river', admin_roles: ['owner'] },
      { username: 'auditor', password: 'a bridge over the quiet river', admin_roles: ['auditor'] },
    ],
  });
  const agents = await Promise.all(
    ['owner', 'auditor'].map((username) => signIn(signet, { username, password: 'a bridge over the quiet river' })),
  );
  expect(await Promise.all(agents.map(isTold))).toEqual([true, false]);
  await signet.provision({ clients: [webClient] });
  expect(await Promise.all(agents.map(isTold))).toEqual([false, false]);
});
