// Processes that are killed while they send, and mail servers that go away in the middle: nothing is lost, and what may come twice is said.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../src/testing/start.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { postJson } from '../support/first-party.ts';
import { world } from '../support/flow.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
import { linkIn, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

const to = 'bob@example.com';

let database: TestDatabase;
let directory: string;
let issuer: string;
let environment: Record<string, string>;
let mailPort: number;
let signet: SignetProcess;
let smtp: TestSmtp | undefined;

beforeAll(async () => {
  database = await createDatabase();
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await writeFile(join(directory, 'world.json'), JSON.stringify(world));
  const port = await freePort();
  mailPort = await freePort();
  issuer = `http://localhost:${port}`;
  environment = {
    PORT: String(port),
    DATABASE_URL: database.url,
    SECRET_KEY: randomBytes(32).toString('base64'),
    PROVISION: join(directory, 'world.json'),
    PASSWORD_HASH_MEMORY_KIB: '7168',
    SMTP_URL: `smtp://127.0.0.1:${mailPort}?tls=off`,
    MAIL_FROM: 'signet@example.com',
    DRAIN_SECONDS: '0',
  };
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  signet = await startProcess(environment);
  await query(database.url, 'DELETE FROM outbox');
  await query(database.url, 'DELETE FROM limits');
});
afterEach(async () => {
  signet.kill('SIGKILL');
  await signet.ended;
  await smtp?.close();
  smtp = undefined;
});

const listen = async (options: SMTPServerOptions = {}) => (smtp = await startSmtp(undefined, options, mailPort));
const ask = async () => expect((await postJson(`${issuer}/auth/password/forgot`, { email: to })).status).toBe(202);
const rows = () =>
  query<{ state: string; attempts: number; problem: string | null; sending: boolean }>(
    database.url,
    'SELECT state, attempts, problem, sending_until IS NOT NULL AS sending FROM outbox',
  );
const soon = { timeout: 15_000 };
const states = () => expect.poll(async () => (await rows()).map(({ state }) => state), soon);
/** The pauses and leases of minutes are over. */
const timePasses = () =>
  query(
    database.url,
    `UPDATE outbox SET next_at = now() - interval '1 s', sending_until = NULL WHERE state = 'waiting'`,
  );

async function killed(): Promise<void> {
  signet.kill('SIGKILL');
  await signet.ended;
}

test('killed after it was asked and before anything was sent: the same mail comes later, once', async () => {
  await ask();
  await expect.poll(async () => (await rows())[0]!.problem, soon).toMatch(/ECONNREFUSED|connect/i);
  await killed();
  await listen();
  await timePasses();
  signet = await startProcess(environment);
  await states().toEqual(['sent']);
  expect(smtp!.mails).toHaveLength(1);
  const page = await fetch(await linkIn(smtp!.mails[0]!));
  expect(page.status, 'its link is good').toBe(200);
});

test('killed while the mail server takes it: the others leave it alone as long as its lease lasts, then it is sent', async () => {
  let arrived: (() => void) | undefined;
  const hanging = new Promise<void>((resolve) => (arrived = resolve));
  await listen({ onData: (stream) => void stream.resume().on('end', () => arrived!()) });
  await ask();
  await hanging;
  await killed();
  await smtp!.close();
  await listen();
  signet = await startProcess(environment);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([await rows(), smtp!.mails.length]).toEqual([
    [expect.objectContaining({ state: 'waiting', sending: true, attempts: 1 })],
    0,
  ]);
  await timePasses();
  await states().toEqual(['sent']);
  expect(smtp!.mails).toHaveLength(1);
});

test('the mail server took it and dropped the connection before it said so: it comes twice, which is documented', async () => {
  let drops = 1;
  const taken: string[] = [];
  await listen({
    onData(stream, session, done) {
      stream.resume().on('end', () => {
        taken.push(session.envelope.rcptTo[0]!.address);
        if (drops > 0) {
          drops -= 1;
          return done(Object.assign(new Error('gone'), { responseCode: 421 }));
        }
        done();
      });
    },
  });
  await ask();
  await expect.poll(async () => (await rows())[0]!.problem, soon).not.toBeNull();
  await timePasses();
  await states().toEqual(['sent']);
  expect(taken).toEqual([to, to]);
});

test('told to end while it sends: the mail is finished, and is not sent again', async () => {
  let finish: (() => void) | undefined;
  const arrived = new Promise<void>((resolve) => {
    void listen({
      onData(stream, _session, done) {
        stream.resume().on('end', () => {
          finish = () => done();
          resolve();
        });
      },
    });
  });
  await ask();
  await arrived;
  signet.kill('SIGINT');
  setTimeout(() => finish!(), 500);
  expect((await signet.ended).code).toBe(0);
  expect((await rows()).map(({ state }) => state)).toEqual(['sent']);
});

test('two processes and one message: one of them sends it', async () => {
  const port = await freePort();
  const other = await startProcess({ ...environment, PORT: String(port), PUBLIC_URL: issuer });
  try {
    await listen();
    for (let nth = 0; nth < 3; nth += 1) await ask();
    await states().toEqual(['sent', 'sent', 'sent']);
    await mailTo(smtp!, to, 3);
    expect(smtp!.mails).toHaveLength(3);
  } finally {
    other.kill('SIGKILL');
    await other.ended;
  }
});
