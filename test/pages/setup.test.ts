// The setup form on the server: the password twice from a person, once from a script, and what is left after a mistake.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, createAgent, field } from '../support/agent.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

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

test('without the second field the password alone is enough', async () => {
  const answer = await post(form);
  expect([answer.status, answer.location]).toEqual([303, `${signet.issuer}/sign-in?notice=setup_done`]);
});
