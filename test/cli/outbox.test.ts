// `signet outbox ...` beside a running server: what waits, why, and tried again; never what a message says.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../src/testing/start.ts';
import { type CommandLine, commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { startSmtp } from '../support/smtp.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let signet: TestSignet;
let run: CommandLine;
let port: number;
beforeAll(async () => {
  port = await freePort();
  const mail = { server: { host: '127.0.0.1', port, tls: 'off' }, from: { address: 'signet@example.com' } } as const;
  signet = await startSignet({
    provision: { users: [{ username: 'ada', email: 'ada@example.com', password: 'a bridge over the river' }] },
    config: { mail },
  });
  run = commandLine({
    ...settingsOf(signet),
    SMTP_URL: `smtp://127.0.0.1:${port}?tls=off`,
    MAIL_FROM: 'signet@example.com',
  });
});
afterAll(() => signet.stop());

type Row = { id: string; state: string; problem: string | null; destination: string; purpose: string };

test('what a command causes waits while the mail server is away, and is sent when it is there and somebody says so', async () => {
  expect((await run(['user', 'set-password', 'ada', '--password-stdin'], 'another bridge over the river')).code).toBe(
    0,
  );
  // Commands have the machine's clock.
  const catchUp = () => (signet.clock.now = Date.now() + 1000);
  catchUp();
  const list = () => resultOf<Row[]>(run, ['outbox', 'list', '--state', 'waiting']);
  await expect.poll(async () => (await list())[0]?.problem, { timeout: 20_000 }).toMatch(/ECONNREFUSED|connect/i);
  const [row] = await list();
  expect(row).toMatchObject({ destination: 'ada@example.com', purpose: 'notice', state: 'waiting' });
  const shown = await run(['outbox', 'list']);
  expect(shown.stdout).toMatch(/ada@example\.com +notice +waiting/);
  expect(shown.output).not.toMatch(/password/i);
  const smtp = await startSmtp(undefined, {}, port);
  try {
    expect(await resultOf(run, ['outbox', 'retry', row!.id])).toEqual({ messages_to_try: 1 });
    catchUp();
    await expect.poll(() => smtp.mails.length, { timeout: 10_000 }).toBe(1);
    await expect.poll(async () => (await resultOf<Row[]>(run, ['outbox', 'list']))[0]!.state).toBe('sent');
    expect((await run(['outbox', 'retry', row!.id])).code, 'it was sent').toBe(3);
    expect((await run(['outbox', 'retry'])).stdout).toBe('0 messages to be tried now.\n');
  } finally {
    await smtp.close();
  }
});

test('an id that is none: 3; a state that is none: 2', async () => {
  expect((await run(['outbox', 'retry', 'nothing'])).code).toBe(3);
  expect((await run(['outbox', 'list', '--state', 'lost'])).code).toBe(2);
});
