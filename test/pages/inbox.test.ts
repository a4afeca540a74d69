// /inbox: what would have been sent, for whoever has the terminal of a Signet on their own machine, and for nobody else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read.ts';
import { createAgent } from '../support/agent.ts';
import { logIn } from '../support/first-party.ts';
import { bob, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world, config: { inbox: true } });
});
afterAll(() => signet.stop());

test('a forgotten password, without any mail server: the link stands in the inbox, and leads on', async () => {
  const agent = createAgent();
  expect((await agent.get(`${signet.issuer}/sign-in`)).body).toContain('id="forgot-password"');
  expect((await agent.get(signet.server.inboxUrl!)).body).toContain('Nothing would have been sent yet.');
  await agent.post(`${signet.issuer}/forgot-password`, { email: 'bob@example.com' });
  const inbox = await agent.get(signet.server.inboxUrl!);
  expect([inbox.status, inbox.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(inbox.body).toContain('bob@example.com');
  const [, address] = /<a href="([^"]*\/reset-password\?token=[^"]*)">/.exec(inbox.body)!;
  signet.clock.advance(1);
  const password = 'an entirely different pass phrase';
  const form = { token: new URL(address!).searchParams.get('token')!, new_password: password };
  await agent.post(`${signet.issuer}/reset-password`, { ...form, new_password_repeat: password });
  expect((await logIn(signet, { ...bob, password })).status).toBe(200);
  expect((await agent.get(signet.server.inboxUrl!)).body, 'the newest is first').toMatch(
    /Your password was changed.*Choose another password/s,
  );
});

test.each([
  ['no token', '', {}],
  ['another token', `?token=${'A'.repeat(32)}`, {}],
  ['two tokens', '?token=a&token=b', {}],
])('%s: nothing', async (_what, query, headers) => {
  const { status, body } = await createAgent().get(`${signet.issuer}/inbox${query}`, headers);
  expect([400, 404]).toContain(status);
  expect(body).not.toContain('bob@example.com');
});

test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via', 'x-real-ip'])(
  'the right token behind a proxy (%s): nothing',
  async (name) => {
    const answer = await createAgent().get(signet.server.inboxUrl!, { [name]: '203.0.113.7' });
    expect(answer.status).toBe(404);
  },
);

test('there is none where mails are sent, nor where anybody else could come', async () => {
  const keys = { SECRET_KEY: Buffer.alloc(32, 7).toString('base64') };
  const inbox = (env: Record<string, string>) => readConfig(env).config.inbox;
  expect(inbox({})).toBe(true);
  expect(inbox({ PUBLIC_URL: 'http://localhost:3000' })).toBe(true);
  expect(inbox({ SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'a@example.com' })).toBeUndefined();
  expect(inbox({ PUBLIC_URL: 'https://id.example.com', TRUST_PROXY: '127.0.0.1', ...keys })).toBeUndefined();
  const silent = await startSignet();
  try {
    expect(silent.server.inboxUrl).toBeUndefined();
    expect((await createAgent().get(`${silent.issuer}/inbox`)).status).toBe(404);
  } finally {
    await silent.stop();
  }
});
