// The server is killed in the middle of a refresh: whoever asks again within the grace has one working token.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { familyOf, liveLeaves } from '../support/families.ts';
import { codeFlow, getUserinfo, refresh, spaClient, type Tokens, world, claimsOf } from '../support/flow.ts';
import { statements } from '../support/gate.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

let database: TestDatabase;
let proxy: PostgresProxy;
let directory: string;
let signet: SignetProcess;
let issuer: string;
let environment: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase();
  proxy = await startPostgresProxy(database.url);
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await writeFile(join(directory, 'world.json'), JSON.stringify(world));
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  environment = {
    PORT: String(port),
    DATABASE_URL: proxy.url,
    SECRET_KEY: randomBytes(32).toString('base64'),
    PROVISION: join(directory, 'world.json'),
    PASSWORD_HASH_MEMORY_KIB: '7168',
  };
  signet = await startProcess(environment);
});
afterEach(() => proxy.cut());
afterAll(async () => {
  signet.kill('SIGKILL');
  await signet.ended;
  await proxy.close();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function kill(): Promise<void> {
  signet.kill('SIGKILL');
  expect((await signet.ended).signal).toBe('SIGKILL');
  proxy.cut();
}

/** Starts it again and asks three times for the reply that was lost. */
async function retry(lost: Tokens): Promise<Tokens[]> {
  signet = await startProcess(environment);
  const replies: Tokens[] = [];
  for (let tries = 1; tries <= 3; tries += 1) {
    const answer = await refresh({ issuer }, spaClient, lost.refresh_token);
    expect(answer.status).toBe(200);
    replies.push(answer.body);
  }
  expect(new Set(replies.map(({ refresh_token }) => refresh_token)).size).toBe(1);
  expect(new Set(replies.map(({ access_token }) => claimsOf(access_token)['jti'])).size).toBe(1);
  expect(await liveLeaves(database.url, lost.access_token)).toBe(1);
  return replies;
}

/** What the client holds works, and what it held before does not open a second branch. */
async function expectHealthy({ access_token, refresh_token }: Tokens): Promise<void> {
  expect((await getUserinfo({ issuer }, access_token)).status).toBe(200);
  const next = await refresh({ issuer }, spaClient, refresh_token);
  expect(next.status).toBe(200);
  expect(await liveLeaves(database.url, access_token)).toBe(1);
}

test.each([
  { moment: 'unsent', when: 'before the commit', generations: 1 },
  { moment: 'unanswered', when: 'after the commit and before the reply', generations: 2 },
] as const)('killed $when: one live leaf, and the client that asks again holds it', async ({ moment, generations }) => {
  const { tokens } = await codeFlow({ issuer }, spaClient);
  const standing = proxy.stopAt(moment, statements.useRefreshToken);
  const lost = refresh({ issuer }, spaClient, tokens.refresh_token).then(
    () => 'answered',
    () => 'lost',
  );
  await standing;
  await kill();
  expect(await lost).toBe('lost');
  expect(await familyOf(database.url, tokens.access_token)).toHaveLength(generations);
  const [reply] = await retry(tokens);
  await expectHealthy(reply!);
});

test('killed while the reply is on its way: asking again gives the very tokens', async () => {
  const { tokens } = await codeFlow({ issuer }, spaClient);
  const begun = await firstBytesOfRefresh(tokens.refresh_token);
  await kill();
  expect(begun).toMatch(/^HTTP\/1\.1 200/);
  expect(await familyOf(database.url, tokens.access_token)).toHaveLength(2);
  const [reply] = await retry(tokens);
  // As much of it as came through before the connection broke.
  const sent = /"access_token":"([^"]*)/.exec(begun)?.[1] ?? '';
  const signed = (token: string) => token.split('.').slice(0, 2).join('.');
  expect(signed(reply!.access_token).startsWith(signed(sent))).toBe(true);
  await expectHealthy(reply!);
});

/** Sends a refresh over a bare socket, and takes no more of the answer than its first piece. */
function firstBytesOfRefresh(refreshToken: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: spaClient.client_id,
    refresh_token: refreshToken,
  }).toString();
  const { host, hostname, port } = new URL(issuer);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', reject);
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes.toString('latin1'));
    });
    socket.write(
      `POST /oauth/token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}
