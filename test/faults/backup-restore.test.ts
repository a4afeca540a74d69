// Backup and restore as operators do it: from one place to another and back, with servers that people use.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { createAgent } from '../support/agent.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { signOut } from '../support/endings.ts';
import { alice, basic, bob, submitPassword, webClient, world } from '../support/flow.ts';
import { expectAll, expectSignIn, type Issued, issueEverything, publishedKeys } from '../support/issued.ts';
import { freePort } from '../../src/testing/start.ts';
import { root, type SignetProcess, startProcess } from '../support/signet-process.ts';

let directory: string;
let database: TestDatabase;
let at: { issuer: string };
let shared: Record<string, string>;
let signet: SignetProcess | undefined;
const place = (name: string) => join(directory, name);
const embedded = (name: string) => ({ ...shared, DATA_DIR: place(name) });
const ownPostgres = () => ({
  ...shared,
  DATA_DIR: place('unused'),
  DATABASE_URL: database.url,
  SECRET_KEY_FILE: place('first/secret-key'),
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  database = await createDatabase('template1');
  await writeFile(place('world.json'), JSON.stringify(world));
  const port = await freePort();
  at = { issuer: `http://localhost:${port}` };
  shared = { PORT: String(port), PASSWORD_HASH_MEMORY_KIB: '7168' };
});
afterAll(async () => {
  await stop();
  await database.drop();
  await rm(directory, { recursive: true, force: true, maxRetries: 20 });
});

async function stop(): Promise<void> {
  signet?.kill('SIGINT');
  await signet?.ended;
  signet = undefined;
}

type Ran = { readonly code: number; readonly stdout: Buffer; readonly stderr: string };

/** `signet ARGS`, fed with `input`. */
function run(env: Record<string, string>, args: readonly string[], input?: Buffer): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'src/cli/signet.ts'), ...args],
      { cwd: directory, env: { PATH: process.env['PATH'], ...env }, encoding: 'buffer', maxBuffer: 1e9 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr: stderr.toString() }),
    );
    child.stdin!.end(input);
  });
}

async function ran(env: Record<string, string>, args: readonly string[], input?: Buffer): Promise<string> {
  const { code, stdout, stderr } = await run(env, args, input);
  expect(code, stderr).toBe(0);
  return stdout.toString();
}

async function revoke(token: string): Promise<void> {
  const response = await fetch(`${at.issuer}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
    headers: { authorization: basic(webClient.client_id, webClient.client_secret) },
  });
  expect(response.status).toBe(200);
}

const newPassword = 'something else altogether';
let kept: Issued;
let revoked: Issued;
let oldKeys: Set<string>;

// On a machine with much else to do a start may take long.
const patience = { timeout: 120_000 };

describe('from the embedded PostgreSQL to one of its own', patience, () => {
  test('a backup beside a running server, for its owner only; then something is revoked and changed', async () => {
    signet = await startProcess({ ...embedded('first'), PROVISION: place('world.json') });
    kept = await issueEverything(at);
    revoked = await issueEverything(at, bob);
    oldKeys = await publishedKeys(at);
    expect(await ran(embedded('first'), ['backup', 't0.gz'])).toMatch(/^Backed up \d+ rows into t0\.gz\.$/m);
    expect((await stat(place('t0.gz'))).mode & 0o777).toBe(0o600);

    await revoke(revoked.offline.refresh_token);
    const cookies = [...revoked.agent.cookies];
    await signOut(at, revoked.agent);
    // As somebody would who has a copy of them.
    for (const [name, value] of cookies) revoked.agent.cookies.set(name, value);
    await ran(embedded('first'), ['keys', 'rotate', '--now']);
    await writeFile(place('new.json'), JSON.stringify({ users: [{ ...world.users[1], password: newPassword }] }));
    await ran(embedded('first'), ['apply', 'new.json']);
    await stop();
  });

  test('restored: nothing that was issued before works, revoked later or not; signing in does', async () => {
    const words = await ran(ownPostgres(), ['restore', 't0.gz']);
    expect(words).toMatch(/Ended 2 sessions and 6 grants, and replaced all signing keys/);
    expect(words).toMatch(/Passwords, client secrets and disabled users are as they were at 20[\dT:-]+Z:/);
    signet = await startProcess(ownPostgres());
    await expectAll(at, kept, false);
    await expectAll(at, revoked, false);
    for (const kid of await publishedKeys(at)) expect(oldKeys).not.toContain(kid);
    await expectSignIn(at, alice);
  });

  test('a password that was changed after the backup is the former one again, as the command says', async () => {
    const browser = createAgent();
    const attempt = async (password: string) =>
      (await submitPassword(browser, await browser.get(`${at.issuer}/sign-in`), { ...bob, password })).status;
    expect([await attempt(newPassword), await attempt(bob.password)]).toEqual([403, 303]);
  });
});

describe('and back, by standard output and input, with everything issued kept', patience, () => {
  // Codes live for a minute, which all these starts may take together: whether they stay is seen in restored-elsewhere.test.ts.
  let later: Issued;
  let backup: Buffer;

  test('a backup of the other server', async () => {
    later = await issueEverything(at);
    const { code, stdout, stderr } = await run(ownPostgres(), ['backup', '-']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Backed up \d+ rows\. SECRET_KEY is not in it/)]);
    backup = stdout;
    await stop();
  });

  test('refused with words before anything is made: no SECRET_KEY, a file of another, a file that is not whole', async () => {
    await writeFile(place('whole.gz'), backup);
    await writeFile(place('half.gz'), backup.subarray(0, -100));
    const none = await run(embedded('second'), ['restore', '-', '--keep-issued'], backup);
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/Nothing was restored.*secret-key is missing/s),
    ]);
    const SECRET_KEY = randomBytes(32).toString('base64');
    const other = await run({ ...embedded('second'), SECRET_KEY }, ['restore', 'whole.gz', '--keep-issued']);
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/Nothing was restored.*another SECRET_KEY/s)]);
    // The directory has not been made either.
    await mkdir(place('second'));
    await copyFile(place('first/secret-key'), place('second/secret-key'));
    const file = await run(embedded('second'), ['restore', 'half.gz']);
    expect([file.code, file.stderr]).toEqual([1, expect.stringMatching(/Nothing was restored.*ends too early/s)]);
    expect(await readdir(place('second'))).toEqual(['secret-key']);
  });

  test('one that fails half-way leaves an empty database, which the next one fills', async () => {
    const half = await run(embedded('second'), ['restore', '-', '--keep-issued'], backup.subarray(0, -100));
    expect([half.code, half.stderr]).toEqual([1, expect.stringMatching(/Nothing was restored.*ends too early/s)]);
    const postgres = await startEmbeddedPostgres(place('second'));
    const { host, user, database } = postgres.connection;
    const client = new pg.Client({ host, port: 5432, user, database });
    await client.connect();
    const { rows } = await client.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`);
    await client.end();
    await postgres.stop();
    expect([postgres.created, rows]).toEqual([false, []]);
  });

  test('restored: what lived at the backup lives on, what was dead stays dead', async () => {
    const words = await ran(embedded('second'), ['restore', '-', '--keep-issued'], backup);
    expect(words).toContain('are valid, also those that were revoked after');
    signet = await startProcess(embedded('second'));
    await expectAll(at, later, true, 'authorization code');
    await expectAll(at, kept, false);
    await expectSignIn(at);
  });

  test('into a database that is in use: refused, and the server goes on', async () => {
    const { code, stderr } = await run(embedded('second'), ['restore', 't0.gz']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Nothing was restored.*not empty/s)]);
    await expectSignIn(at);
  });

  test('`signet restored` beside the running server: what was issued is refused at once', async () => {
    const issued = await issueEverything(at);
    const asked = await run(embedded('second'), ['restored']);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    await ran(embedded('second'), ['restored', '--keep-issued']);
    await expectAll(at, issued, true, 'authorization code');
    const again = await issueEverything(at);
    const keys = await publishedKeys(at);
    const counts = JSON.parse(await ran(embedded('second'), ['restored', '--yes', '--json'])) as object;
    expect(counts).toMatchObject({ tenants: 1, kept_issued: false });
    await expect.poll(async () => [...(await publishedKeys(at))].some((kid) => keys.has(kid))).toBe(false);
    await expectAll(at, again, false);
    await expectSignIn(at);
  });
});
