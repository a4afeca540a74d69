// `signet doctor`: each fault is planted for real, found, and named with its cure, and what shall be secret is not shown.
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkDatabaseUser } from '../../src/doctor/database-user.ts';
import { examine, type ExamineOptions } from '../../src/doctor/examine.ts';
import { told } from '../../src/cli/doctor-report.ts';
import { secretBox } from '../../src/crypto/secret-box.ts';
import type { CheckName, Finding, Severity } from '../../src/domain/finding.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { resealKeys } from '../../src/flows/keys/ring.ts';
import { certificate } from '../support/certificate.ts';
import { commandLine } from '../support/command-line.ts';
import { databaseUrl, query } from '../support/database.ts';
import { alice } from '../support/flow.ts';
import { type Reply, serve } from '../support/local-server.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { freePort } from '../../src/testing/start.ts';
import { startSmsReceiver } from '../support/sms.ts';
import { startSmtp } from '../support/smtp.ts';

// Each command is a process, and several of them take as long as the machine lets them.
vi.setConfig({ testTimeout: 120_000 });

const isRoot = process.getuid?.() === 0;
const secretKey = randomBytes(32);
const mailPassword = 'the-password-of-the-mail-server';

let directory: string;
let postgres: EmbeddedPostgres;
let url: string;
let signet: TestSignet;
let settings: Record<string, string>;

// A PostgreSQL of its own, as durable as in production: the one of the other tests gives that up.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  postgres = await startEmbeddedPostgres(directory);
  const { host, user, database } = postgres.connection;
  url = databaseUrl(host, user, database);
  await writeFile(join(directory, 'secret-key'), secretKey.toString('base64'), { mode: 0o600 });
  signet = await startSignet({
    config: { databaseUrl: url, secretKeys: [secretKey] },
    provision: { users: [{ ...alice, admin_roles: ['owner'] }] },
  });
  settings = { PUBLIC_URL: signet.issuer, DATA_DIR: directory };
}, 120_000);
afterAll(async () => {
  await signet?.stop();
  await postgres?.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 20 });
});

const sql = (text: string, values: unknown[] = []) => query(url, text, values);

type Examined = { code: number | null; problems: number; findings: Finding[]; output: string };

async function doctor(change: Record<string, string> = {}, ...options: string[]): Promise<Examined> {
  const env = { ...settings, ...change };
  const { code, output, stdout } = await commandLine(env)(['doctor', '--json', ...options]);
  for (const secret of [secretKey.toString('base64'), mailPassword]) expect(output).not.toContain(secret);
  const { problems, findings: all } = JSON.parse(stdout) as Omit<Examined, 'code'>;
  expect(code).toBe(problems > 0 ? 1 : 0);
  // Who runs these tests as root is told so.
  const findings = all.filter(({ check }) => check !== 'database-user');
  expect(all.length - findings.length).toBe(isRoot && change['DATABASE_URL'] === undefined ? 1 : 0);
  for (const finding of findings) if (finding.severity !== 'ok') expect(finding.todo, finding.seen).toMatch(/\w{4}/);
  return { code, problems, findings, output };
}

/** The same without a process, for variants of what a process has shown. */
async function look(change: Record<string, string> = {}, options: Partial<ExamineOptions> = {}): Promise<Finding[]> {
  const ordinary = { clock: Date.now, patience: 5000, mailTo: undefined, uid: 1000 };
  return examine({ ...settings, ...change }, { ...ordinary, ...options });
}

/** Something is wrong with `check`, and only with it. @returns what is said about it. */
async function wrong(
  check: CheckName,
  severity: Severity,
  looking: Promise<Finding[] | Examined>,
): Promise<{ seen: string; todo: string }> {
  const looked = await looking;
  const findings = Array.isArray(looked) ? looked : looked.findings;
  const found = findings.filter((finding) => finding.severity !== 'ok');
  expect(found).toEqual([{ check, severity, seen: expect.any(String), todo: expect.any(String) }]);
  const { seen, todo = '' } = found[0]!;
  return { seen, todo };
}

/** Runs `work` while `plant` is in force. */
async function planted<T>(plant: () => Promise<unknown>, cure: () => Promise<unknown>, work: () => Promise<T>) {
  await plant();
  try {
    return await work();
  } finally {
    await cure();
  }
}

const healthy = /^0 problems, 0 warnings, \d+ ok\.$/m;
const healthyToRoot = /^0 problems, 1 warning, \d+ ok\.$/m;

test('a healthy installation: no problem, 0, for scripts and for people; nothing is changed by looking', async () => {
  const state = () =>
    sql(`SELECT (SELECT json_agg(t ORDER BY kid) FROM signing_keys t) AS keys, (SELECT count(*) FROM audit_events) AS events,
      (SELECT json_agg(u) FROM users u) AS users, (SELECT json_agg(c) FROM signet_migration_checksums c) AS migrations`);
  const before = await state();
  const { code, findings } = await doctor();
  expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
  expect(code).toBe(0);
  const first = 'settings data-directory secret-key database durability connections clock schema';
  const then = 'signing-keys administrator first-party outbox address mail';
  expect(findings.map(({ check }) => check)).toEqual(`${first} ${then}`.split(' '));
  const shown = await commandLine(settings)(['doctor']);
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringMatching(isRoot ? healthyToRoot : healthy)]);
  expect(shown.stdout).toContain('no mail is sent');
  expect(await state()).toEqual(before);
});

describe('settings', () => {
  test('wrong ones: all of them, and everything else is looked at all the same', async () => {
    const { findings } = await doctor({ LOG_LEVEL: 'loud', SIGNET_PROT: '1', DATABSE_URL: 'x' });
    const found = findings.filter(({ severity }) => severity !== 'ok');
    expect(found.map(({ severity, seen }) => [severity, seen.split(' ')[0]])).toEqual([
      ['problem', 'SIGNET_PROT'],
      ['problem', 'LOG_LEVEL'],
      ['warning', 'DATABSE_URL'],
    ]);
    for (const check of ['schema', 'signing-keys', 'address', 'mail'])
      expect(findings).toContainEqual(expect.objectContaining({ check, severity: 'ok' }));
  });

  test('a PUBLIC_URL that is not the issuer of this database', async () => {
    const other = await serve('localhost', ({ url: { pathname } }) => ({
      body: JSON.stringify({ issuer: pathname === '/.well-known/openid-configuration' ? other.origin : 'none' }),
    }));
    try {
      const { seen, todo } = await wrong('settings', 'problem', look({ PUBLIC_URL: other.origin }));
      expect(seen).toContain(signet.issuer);
      expect(todo).toContain('Set PUBLIC_URL');
    } finally {
      await other.close();
    }
  });
});

describe('the database', () => {
  const elsewhere = { SECRET_KEY: secretKey.toString('base64') };

  test('is not there', async () => {
    const port = await freePort();
    const DATABASE_URL = `postgres://ada:${mailPassword}@127.0.0.1:${port}/signet`;
    const { seen, todo } = await wrong('database', 'problem', doctor({ ...elsewhere, DATABASE_URL }));
    expect(seen).toContain('cannot be reached');
    expect(todo).toContain('Is it running');
  });

  test.each([
    ['has another name', doctor, (right: string) => right.replace(/\/postgres$/, '/signt'), /signt/, 'createdb'],
    [
      'has no such user',
      look,
      (right: string) => right.replace('postgres@', 'ada@'),
      /refuses the user/,
      'DATABASE_URL',
    ],
  ])('%s', async (_what, by, mistake, says, cure) => {
    const { seen, todo } = await wrong('database', 'problem', by({ ...elsewhere, DATABASE_URL: mistake(url) }));
    expect(seen).toMatch(says);
    expect(todo).toContain(cure);
  });

  const inForce = async (name: string, value: string) => {
    // A reload reaches new sessions a moment later.
    await expect.poll(async () => (await sql(`SHOW ${name}`))[0]).toEqual({ [name]: value });
  };

  test.each([
    ['fsync', doctor, 'ALTER SYSTEM SET fsync = off', 'ALTER SYSTEM SET fsync = on'],
    ['full_page_writes', doctor, 'ALTER SYSTEM SET full_page_writes = off', 'ALTER SYSTEM SET full_page_writes = on'],
    [
      'synchronous_commit',
      doctor,
      'ALTER DATABASE postgres SET synchronous_commit = off',
      'ALTER DATABASE postgres RESET synchronous_commit',
    ],
    [
      'synchronous_commit',
      look,
      'ALTER ROLE postgres SET synchronous_commit = off',
      'ALTER ROLE postgres RESET synchronous_commit',
    ],
    [
      'default_transaction_read_only',
      look,
      'ALTER DATABASE postgres SET default_transaction_read_only = on',
      'ALTER DATABASE postgres RESET default_transaction_read_only',
    ],
  ])('%s: the cure that is named cures it', async (name, by, plant, cure) => {
    const [good, bad] = name === 'default_transaction_read_only' ? ['off', 'on'] : ['on', 'off'];
    const session = new pg.Client({ connectionString: url });
    await session.connect();
    try {
      await session.query(plant);
      await session.query('SELECT pg_reload_conf()');
      await inForce(name, bad);
      const { seen, todo } = await wrong('durability', 'problem', by());
      expect(seen).toContain(`${name} is ${bad}`);
      expect(todo).toContain(cure);
      for (const statement of todo.replace('In PostgreSQL: ', '').split(';')) await session.query(statement);
      await inForce(name, good);
    } finally {
      await session.query('SET default_transaction_read_only = off');
      await session.query(cure);
      await session.query('SELECT pg_reload_conf()');
      await session.end();
    }
  });

  test('gives fewer connections than the pool may ask for', async () => {
    const { seen, todo } = await wrong('connections', 'problem', look({ DATABASE_POOL_SIZE: '100' }));
    expect(seen).toContain('DATABASE_POOL_SIZE is 100');
    expect(todo).toMatch(/DATABASE_POOL_SIZE to \d+ or less/);
  });

  test('has another time', async () => {
    const shim = join(directory, 'ahead.mjs');
    await writeFile(shim, `const now = Date.now; Date.now = () => now() + 60_000;\n`);
    const far = await wrong('clock', 'problem', doctor({ NODE_OPTIONS: `--import=${shim}` }));
    expect(far.seen).toMatch(/(?:60|59)\.\d s ahead of/);
    expect(far.todo).toContain('NTP');
    const near = await wrong('clock', 'warning', look({}, { clock: () => Date.now() - 3000 }));
    expect(near.seen).toMatch(/3\.\d s behind/);
  });

  test('lacks a migration: migrate is named, and what it would bring is not asked for', async () => {
    const { seen, todo } = await planted(
      () => sql('ALTER TABLE signet_migration_checksums RENAME TO aside'),
      () => sql('ALTER TABLE aside RENAME TO signet_migration_checksums'),
      () => wrong('schema', 'problem', doctor()),
    );
    expect(seen).toContain('0001_foundation');
    expect(todo).toContain('signet migrate');
  });

  test('is newer than the program', async () => {
    const { seen, todo } = await planted(
      () => sql(`INSERT INTO signet_migration_checksums VALUES ('9999_future', 'x')`),
      () => sql(`DELETE FROM signet_migration_checksums WHERE name = '9999_future'`),
      () => wrong('schema', 'problem', doctor()),
    );
    expect(seen).toContain('9999_future');
    expect(todo).toContain('Install the version');
  });
});

describe('keys', () => {
  test('another SECRET_KEY than the one that sealed them', async () => {
    const { seen, todo } = await wrong(
      'signing-keys',
      'problem',
      doctor({ SECRET_KEY: randomBytes(32).toString('base64') }),
    );
    expect(seen).toContain('SECRET_KEY does not open 2 signing keys');
    for (const kid of await kids()) expect(seen).toContain(kid);
    expect(todo).toContain('Give SECRET_KEY as it was');
  });

  const kids = async () => (await query<{ kid: string }>(url, 'SELECT kid FROM signing_keys')).map(({ kid }) => kid);
  const file = () => join(directory, 'secret-key');
  const keep = (text: string) => writeFile(file(), text);

  test.each([
    ['another key', () => randomBytes(32).toString('base64'), [], 'does not open 2 signing keys'],
    ['no key', () => 'damaged', ['secret-key'], 'There is no usable SECRET_KEY to open 2 signing keys'],
  ])('the kept file holds %s: each signing key is tried, and named', async (_what, text, also, says) => {
    const { findings } = await planted(
      () => keep(text()),
      () => keep(secretKey.toString('base64')),
      doctor,
    );
    const wrongs = findings.filter(({ severity }) => severity !== 'ok');
    expect(wrongs.map(({ check }) => check)).toEqual([...also, 'signing-keys']);
    const { seen, todo } = wrongs.at(-1)!;
    expect(seen).toContain(says);
    for (const kid of await kids()) expect(seen).toContain(kid);
    expect(todo).toContain(file());
    expect(todo).toContain('Put the copy that was kept');
  });

  test('a signing key that was changed in the database: the right SECRET_KEY does not open it', async () => {
    const [key] = await query<{ kid: string; sealed: string }>(
      url,
      `SELECT kid, private_jwk_sealed AS sealed FROM signing_keys WHERE alg = 'ES256'`,
    );
    const put = (sealed: string) =>
      sql('UPDATE signing_keys SET private_jwk_sealed = $2 WHERE kid = $1', [key!.kid, sealed]);
    const { seen, todo } = await planted(
      () => put(`${key!.sealed.slice(0, -4)}AAAA`),
      () => put(key!.sealed),
      () => wrong('signing-keys', 'problem', look()),
    );
    expect(seen).toContain(`1 signing key cannot be opened although the right SECRET_KEY is there: ${key!.kid}.`);
    expect(todo).toContain('signet restore');
  });

  test('an older key behind the new one: what still needs it is named, and when nothing does', async () => {
    const newer = randomBytes(32);
    const both = { SECRET_KEY: [newer, secretKey].map((key) => key.toString('base64')).join() };
    const [old, current] = [secretKey, newer].map((key) => secretBox([key]).currentKey);
    const seals = await sql('SELECT kid, private_jwk_sealed AS sealed FROM signing_keys');
    const withSecret = async (id: string, keys: Buffer[]) => {
      const metadata = JSON.stringify({ redirect_uris: [] });
      await sql(
        `INSERT INTO clients (tenant_id, id, metadata, secret_mac, version, created_at, updated_at)
         SELECT id, $1, $2, $3, 1, now(), now() FROM tenants WHERE slug = 'default'`,
        [id, metadata, secretBox(keys).mac('client secret', 'x')],
      );
    };
    await withSecret('old-shop', [secretKey]);
    await withSecret('new-shop', [newer]);
    try {
      const { seen, todo } = await wrong('secret-key', 'warning', doctor(both));
      expect(seen).toBe(
        `Key 2 of SECRET_KEY (${old}) is still needed: it seals 2 signing keys, and the secrets of 1 client (old-shop) were made with it.`,
      );
      expect(todo).toContain('signet client rotate-secret');

      // With the new key alone, what the older one made is of no use; the other client is not named.
      const alone = (await look({ SECRET_KEY: newer.toString('base64') })).filter(({ severity }) => severity !== 'ok');
      expect(alone.map(({ check, severity }) => [check, severity])).toEqual([
        ['signing-keys', 'problem'],
        ['secret-key', 'problem'],
      ]);
      expect(alone[1]!.seen).toContain(
        `The secrets of 1 client (old-shop) were made with a SECRET_KEY that is not given`,
      );

      await resealKeys({ ...signet.server.deps, box: secretBox([newer, secretKey]) });
      await sql(`DELETE FROM clients WHERE id = 'old-shop'`);
      const done = await wrong('secret-key', 'warning', look(both));
      expect(done.seen).toBe(`Key 2 of SECRET_KEY (${old}) is not needed by anything in the database any more.`);
      expect(done.todo).toContain('Take it out of SECRET_KEY');
      const sealed = await sql(`SELECT DISTINCT split_part(private_jwk_sealed, '.', 1) AS key FROM signing_keys`);
      expect(sealed).toEqual([{ key: current }]);
      expect(
        (await look({ SECRET_KEY: newer.toString('base64') })).filter(({ severity }) => severity !== 'ok'),
      ).toEqual([]);
    } finally {
      await sql(`DELETE FROM clients WHERE id LIKE '%-shop'`);
      for (const { kid, sealed } of seals)
        await sql('UPDATE signing_keys SET private_jwk_sealed = $2 WHERE kid = $1', [kid, sealed]);
    }
  });

  test('a client for an algorithm without a key: what it cannot be signed with', async () => {
    const { seen, todo } = await planted(
      () =>
        sql(`INSERT INTO clients (tenant_id, id, metadata, version, created_at, updated_at)
         SELECT id, 'keyless', '{"id_token_signed_response_alg": "PS256"}', 1, now(), now() FROM tenants WHERE slug = 'default'`),
      () => sql(`DELETE FROM clients WHERE id = 'keyless'`),
      () => wrong('signing-keys', 'problem', look()),
    );
    expect(seen).toBe('The tenant default has no active PS256 key, and signs nothing with PS256.');
    expect(todo).toContain('signet keys rotate --now --alg PS256');
  });

  test('a step that is two days late: maintenance does not run', async () => {
    const [key] = await query<{ kid: string; due_at: Date }>(
      url,
      `SELECT kid, due_at FROM signing_keys WHERE alg = 'ES256'`,
    );
    // Somebody else has the lease, so that the server of this test does not do what is late.
    const { seen, todo } = await planted(
      async () => {
        await sql(`UPDATE leases SET holder = gen_random_uuid(), expires_at = $1`, [
          new Date(signet.clock.now + 200_000),
        ]);
        await sql(`UPDATE signing_keys SET due_at = $2 WHERE kid = $1`, [
          key!.kid,
          new Date(Date.now() - 49 * 3600_000),
        ]);
      },
      () => sql(`UPDATE signing_keys SET due_at = $2 WHERE kid = $1`, [key!.kid, key!.due_at]),
      () => wrong('signing-keys', 'problem', doctor()),
    );
    expect(seen).toContain(key!.kid);
    expect(todo).toContain('Maintenance does not run');
  });

  test('a secret key that others may read, and a DATA_DIR that others may write to', async () => {
    const file = join(directory, 'secret-key');
    const { todo } = await planted(
      () => chmod(file, 0o644),
      () => chmod(file, 0o600),
      () => wrong('secret-key', 'problem', doctor()),
    );
    expect(todo).toContain(`chmod 600 ${file}`);
    const found = await planted(
      () => chmod(directory, 0o777),
      () => chmod(directory, 0o711),
      () => wrong('data-directory', 'problem', look()),
    );
    expect(found.todo).toContain(`chmod go-w ${directory}`);
  });

  test('files with secrets that others may read, and the server says the same when it starts', async () => {
    const open = await mkdtemp(join(tmpdir(), 'signet-test-'));
    try {
      await chmod(open, 0o755);
      const SECRET_KEY_FILE = join(open, 'key');
      await writeFile(SECRET_KEY_FILE, secretKey.toString('base64'), { mode: 0o600 });
      expect(await look({ SECRET_KEY_FILE })).toContainEqual(
        expect.objectContaining({ check: 'secret-files', severity: 'ok' }),
      );
      await chmod(SECRET_KEY_FILE, 0o644);
      const { seen, todo } = await wrong('secret-files', 'problem', doctor({ SECRET_KEY_FILE }));
      expect(seen).toBe(`SECRET_KEY_FILE names ${SECRET_KEY_FILE}, which other users may read (mode 0644).`);
      expect(todo).toContain(`chmod 600 ${SECRET_KEY_FILE}`);
      const DATABASE_URL = `postgres://ada@127.0.0.1:${await freePort()}/signet`;
      const { output } = await commandLine({
        ...settings,
        PORT: String(await freePort()),
        SECRET_KEY_FILE,
        DATABASE_URL,
      })(['serve']);
      expect(output).toContain(`Warning: ${seen} ${todo}\n`);
    } finally {
      await rm(open, { recursive: true, force: true });
    }
  });

  test('hashes that are too cheap for others than this machine', async () => {
    const cheap = { PASSWORD_HASH_MEMORY_KIB: '7168' };
    expect((await look(cheap)).filter(({ severity }) => severity !== 'ok')).toEqual([]);
    const findings = await look({ ...cheap, PUBLIC_URL: 'https://id.example.invalid', TRUST_PROXY: '10.0.0.1' });
    expect(findings[0]).toMatchObject({
      severity: 'problem',
      seen: expect.stringContaining('PASSWORD_HASH_MEMORY_KIB must be at least 19456'),
    });
  });

  test('root with a PostgreSQL that runs as nobody; not what another user runs, nor a database elsewhere', async () => {
    const absent = join(directory, 'not-made-yet');
    const { seen, todo } = (await checkDatabaseUser(absent, 0))[0]!;
    expect(seen).toContain('the embedded PostgreSQL as nobody');
    expect(todo).toContain('a user of its own');
    expect(await checkDatabaseUser('/', 0)).toHaveLength(1);
    expect(await checkDatabaseUser(absent, 1000)).toEqual([]);
    expect(await checkDatabaseUser('/', undefined)).toEqual([]);
    const own = await mkdtemp(join(tmpdir(), 'signet-test-'));
    try {
      if (isRoot) await chown(own, 1000, 1000);
      expect(await checkDatabaseUser(own, 0)).toEqual([]);
    } finally {
      await rm(own, { recursive: true });
    }
    const others = await look({ SECRET_KEY: secretKey.toString('base64'), DATABASE_URL: url }, { uid: 0 });
    expect(others.filter(({ check }) => check === 'database-user')).toEqual([]);
  });

  test('nobody who administers, or nobody of them who can sign in', async () => {
    const { todo } = await planted(
      () => sql(`UPDATE users SET admin_roles = '{}'`),
      () => sql(`UPDATE users SET admin_roles = '{owner}'`),
      () => wrong('administrator', 'warning', look()),
    );
    expect(todo).toContain('ADMIN_EMAIL');
    const disabled = await planted(
      () => sql(`UPDATE users SET disabled_at = '2000-01-01'`),
      () => sql(`UPDATE users SET disabled_at = NULL`),
      () => wrong('administrator', 'warning', look()),
    );
    expect(disabled.todo).toContain('signet admin reset');
  });
});

describe('the address', () => {
  /** What is found at an address that answers like this. PUBLIC_URL is then not the issuer of the database either. */
  const answering = async (by: typeof look, reply: (origin: string) => Reply) => {
    const other = await serve('localhost', () => reply(other.origin));
    try {
      const findings = await by({ PUBLIC_URL: other.origin });
      return findings.find(({ check }) => check === 'address')!;
    } finally {
      await other.close();
    }
  };

  test.each([
    [
      'another issuer',
      async (change) => (await doctor(change)).findings,
      () => ({ body: '{"issuer":"https://other.example"}' }),
      'https://other.example',
      'Another installation',
    ],
    [
      'the issuer with another scheme',
      look,
      (origin: string) => ({ body: JSON.stringify({ issuer: origin.replace('http:', 'https:') }) }),
      'https://localhost',
      'http and https are mixed up',
    ],
    [
      'a redirect to https',
      look,
      (origin: string) => ({ status: 301, headers: { location: origin.replace('http:', 'https:') }, body: '' }),
      'redirects to https://localhost',
      'answers http with a redirect to https',
    ],
    [
      'a proxy without anything behind it',
      look,
      () => ({ status: 502, body: 'Bad Gateway' }),
      'status 502',
      'Start Signet',
    ],
    [
      'something else',
      look,
      () => ({ body: '<h1>It works!</h1>' }),
      'does not answer with a discovery',
      'Something else',
    ],
  ] as [string, typeof look, (origin: string) => Reply, string, string][])(
    'answers with %s',
    async (_what, by, reply, says, cure) => {
      const { severity, seen, todo } = await answering(by, reply);
      expect(severity).toBe('problem');
      expect(seen).toContain(says);
      expect(todo).toContain(cure);
    },
  );

  test('does not answer, or not in time', async () => {
    const PUBLIC_URL = `http://localhost:${await freePort()}`;
    const absent = (await doctor({ PUBLIC_URL })).findings.find(({ check }) => check === 'address')!;
    expect(absent).toMatchObject({ severity: 'problem', seen: expect.stringContaining('cannot be fetched') });
    expect(absent.todo).toContain('Start Signet');
    const silent = await serve('localhost', () => new Promise<never>(() => {}));
    try {
      const findings = await look({ PUBLIC_URL: silent.origin }, { patience: 300 });
      expect(findings.find(({ check }) => check === 'address')!.seen).toContain('no answer in time');
    } finally {
      await silent.close();
    }
  });

  test('shows a certificate that expires in five days, which is also the one of TLS_CERT', async () => {
    const { cert, key } = certificate(new Date(Date.now() + 5.5 * 24 * 3600_000));
    const server = createServer({ cert, key }, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const PUBLIC_URL = `https://localhost:${(server.address() as AddressInfo).port}`;
      const { findings } = await doctor({ PUBLIC_URL, TLS_CERT: cert, TLS_KEY: key });
      const about = findings.filter(({ check }) => check === 'certificate');
      for (const what of ['The certificate of TLS_CERT expires in 5 days', `seen at ${PUBLIC_URL} expires in 5 days`])
        expect(about).toContainEqual({
          check: 'certificate',
          severity: 'warning',
          seen: expect.stringContaining(what),
          todo: expect.stringContaining('Renew it'),
        });
      expect(about.map(({ seen }) => seen).join()).toContain('not for localhost');
      expect(findings.find(({ check }) => check === 'address')).toMatchObject({
        severity: 'problem',
        todo: expect.stringContaining('certificate'),
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('mail', () => {
  const MAIL_FROM = 'Accounts <accounts@example.com>';

  test('works: a message arrives when asked for, and its purpose is named', async () => {
    const smtp = await startSmtp({ user: 'ada', password: mailPassword });
    try {
      const SMTP_URL = `smtp://ada:${mailPassword}@127.0.0.1:${smtp.port}`;
      const { code, findings } = await doctor({ SMTP_URL, MAIL_FROM }, '--send-test-mail', 'root@example.com');
      expect([code, findings.filter(({ check }) => check === 'mail').length]).toEqual([0, 2]);
      expect(smtp.mails.map(({ to }) => to)).toEqual([['root@example.com']]);
      expect(smtp.mails[0]!.raw).toMatch(/^X-Signet-Purpose: notice\r$/m);
    } finally {
      await smtp.close();
    }
  });

  test('the login is refused', async () => {
    const smtp = await startSmtp({ user: 'ada', password: 'another' });
    try {
      const SMTP_URL = `smtp://ada:${mailPassword}@127.0.0.1:${smtp.port}`;
      const { todo } = await wrong('mail', 'problem', doctor({ SMTP_URL, MAIL_FROM }));
      expect(todo).toContain('user and password in SMTP_URL');
    } finally {
      await smtp.close();
    }
  });

  test('the server is not there', async () => {
    const SMTP_URL = `smtp://127.0.0.1:${await freePort()}`;
    const { todo } = await wrong('mail', 'problem', doctor({ SMTP_URL, MAIL_FROM }));
    expect(todo).toContain('host and port of SMTP_URL');
  });

  test('a message is asked for, and there is no server; one setting of the two; or the address is none', async () => {
    const { todo } = await wrong('mail', 'problem', look({}, { mailTo: 'root@example.com' }));
    expect(todo).toContain('Set SMTP_URL');
    const alone = await look({ SMTP_URL: 'smtp://127.0.0.1:2525' });
    expect(alone.filter(({ check }) => check === 'mail')).toEqual([]);
    expect(alone[0]!.seen).toBe('SMTP_URL is set without MAIL_FROM. Set both or neither.');
    const { code } = await commandLine(settings)([
      'doctor',
      '--url-timeout',
      '2',
      '--send-test-mail',
      'a@b.example, c@d.example',
    ]);
    expect(code).toBe(2);
  });
});

describe('text messages', () => {
  const key = 'a-key-of-24-characters-or-more';
  const at = (port: number) => ({
    SMS_URL: `http://signet:${key}@127.0.0.1:${port}/send`,
    OUTBOUND_ALLOW: `127.0.0.1:${port}`,
  });

  test('the service may be reached, and takes a message only when asked', async () => {
    const receiver = await startSmsReceiver();
    try {
      const findings = await look(at(receiver.port));
      expect(findings.filter(({ check }) => check === 'sms')).toMatchObject([{ severity: 'ok' }]);
      expect(receiver.posted).toEqual([]);
      const asked = await doctor(at(receiver.port), '--send-test-sms', '+1 (555) 010-0123');
      expect([asked.code, asked.findings.filter(({ check }) => check === 'sms').length]).toEqual([0, 2]);
      expect(asked.output).not.toContain(key);
      expect(JSON.parse(receiver.posted[0]!.body)).toMatchObject({ to: '+15550100123', purpose: 'notice' });
      receiver.answers.push(403);
      const { seen, todo } = await wrong('sms', 'problem', look(at(receiver.port), { smsTo: '+15550100123' }));
      expect(seen).toContain('the SMS service answered 403');
      expect(todo).toContain('login or key in SMS_URL');
    } finally {
      await receiver.close();
    }
  });

  test('a host in a private network that is not allowed, and a message that nobody would take', async () => {
    const SMS_URL = `https://signet:${key}@127.0.0.1/send`;
    const { seen, todo } = await wrong('sms', 'problem', look({ SMS_URL }, { smsTo: '+15550100123' }));
    expect(seen).toContain('not public');
    expect(todo).toContain('OUTBOUND_ALLOW');
    expect((await wrong('sms', 'problem', look({}, { smsTo: '+15550100123' }))).todo).toBe('Set SMS_URL.');
    const { code } = await commandLine(settings)(['doctor', '--send-test-sms', '0151 12345678']);
    expect(code).toBe(2);
  });
});

test('for people: problems first, then warnings; no line above 80 columns, and what is for copying in one piece', () => {
  const long = 'many words that do not fit into one line of a terminal, '.repeat(4).trim();
  const text = told([
    { check: 'settings', severity: 'ok', seen: 'Fine.' },
    {
      check: 'clock',
      severity: 'warning',
      seen: long,
      todo: 'Then let somebody run "chmod -R go-w /a/directory with/a long name" as root.',
    },
    { check: 'database', severity: 'problem', seen: 'Gone.\u001b[2J', todo: 'Look.' },
  ]);
  const lines = text.split('\n');
  expect(lines.map((line) => line.slice(0, 25).trim()).filter((head) => head !== '')).toEqual([
    'problem  database',
    'warning  clock',
    'ok       settings',
    '1 problem, 1 warning, 1 o',
  ]);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(text).toContain('"chmod -R go-w /a/directory with/a long name"');
  expect(text).not.toContain('\u001b');
});

test('every finding of an unset SMTP_URL is without a thing to do', async () => {
  for (const finding of await look()) expect(finding).not.toHaveProperty('todo');
});

test('after all of that: healthy, so every cure was one', async () => {
  expect((await look()).filter(({ severity }) => severity !== 'ok')).toEqual([]);
});
