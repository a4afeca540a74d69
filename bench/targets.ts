// The measured servers as processes of their own, on one PostgreSQL, each in its own database.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type SecretBox, secretBox } from '../src/crypto/secret-box.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded/postgres.ts';
import { createAgent } from '../test/support/agent.ts';
import type { FloorSettings } from './floor/server.ts';
import { type Machine, parentOf, placed } from './machine.ts';
import type { PeerSettings } from './peer/server.ts';
import { populate } from './populate.ts';
import { cookiesOf, type Recorded, recordSignet } from './record.ts';
import type { ServerName } from './results.ts';
import { pathFor, type Target, users } from './world.ts';

export const root = join(import.meta.dirname, '..');

/** A process that we started: its end is ours as well. */
export type Server = { readonly pid: number; output(): string; stop(): Promise<void> };

/** Starts a command and waits until it writes `ready`. What it logs to standard output goes to a file. */
export async function startServer(
  command: readonly [string, ...string[]],
  options: { ready: string; directory: string; env?: Readonly<Record<string, string>>; log: string },
): Promise<Server> {
  const [file, ...args] = command;
  const log = await open(join(options.directory, options.log), 'a');
  const isOnOutput = options.ready === 'ready\n';
  const child = spawn(file, args, {
    cwd: options.directory,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '2',
      ...options.env,
    },
    stdio: ['ignore', isOnOutput ? 'pipe' : log.fd, 'pipe'],
  });
  await log.close();
  // However this process ends: what it started ends too.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', (error) => ((output += String(error)), resolve()));
  });
  await new Promise<void>((resolve, reject) => {
    const hear = (text: string) => {
      output += text;
      if (output.includes(options.ready)) resolve();
    };
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr!.setEncoding('utf8').on('data', hear);
    void ended.then(() => reject(new Error(`${command.join(' ')} ended:\n${output}`)));
  });
  return {
    pid: child.pid!,
    output: () => output,
    async stop() {
      child.kill('SIGINT');
      await ended;
      process.off('exit', kill);
    },
  };
}

export const signetIsReady = 'Signet is ready';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, 'localhost', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export type Bench = {
  readonly directory: string;
  readonly recorded: Recorded;
  readonly targets: Readonly<Record<ServerName, Target>>;
  readonly databases: Readonly<Record<'signet' | 'floor', string>>;
  /** Of the SECRET_KEY that Signet was started with. */
  readonly box: SecretBox;
  readonly postmaster: number | undefined;
  readonly postgresVersion: string;
};

/** With what `npm start`, the image and the unit start Node. */
export const startOptions: readonly string[] = ['--max-semi-space-size=8'];

/** Everything that is measured, running until the stack ends; `nodeOptions` are for Signet. */
export async function startBench(
  machine: Machine,
  stack: AsyncDisposableStack,
  nodeOptions: readonly string[] = [],
): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // PostgreSQL may run as somebody else, who must be able to pass through.
  await chmod(directory, 0o711);
  const postgres = await startEmbeddedPostgres(join(directory, 'data'), { durable: true });
  stack.defer(() => postgres.stop());
  const admin = await connectAdmin(postgres);
  stack.defer(() => admin.end());
  const [signetPort, floorPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const secretKey = randomBytes(32).toString('base64');
  const node = (...args: string[]) => placed(machine, 'server core', [process.execPath, ...args]);

  const signetUrl = await createDatabase(admin, postgres, 'bench_signet');
  const recorded = await recordSignet(signetUrl, secretKey, signetPort, directory);
  await populate(signetUrl, 'signet');
  const floorUrl = await createDatabase(admin, postgres, 'bench_floor', 'bench_signet');
  const peerUrl = await createDatabase(admin, postgres, 'bench_peer');

  const signet = await startServer(node(...startOptions, ...nodeOptions, join(root, 'bin/signet.js'), 'serve'), {
    ready: signetIsReady,
    directory,
    env: { PORT: String(signetPort), DATABASE_URL: signetUrl, SECRET_KEY: secretKey },
    log: 'signet.log',
  });
  stack.defer(() => signet.stop());
  const settingsFile = async (name: string, settings: FloorSettings | PeerSettings) => {
    const path = join(directory, `${name}.json`);
    await writeFile(path, JSON.stringify(settings));
    return path;
  };
  const floorFile = await settingsFile('floor', { port: floorPort, databaseUrl: floorUrl, recorded });
  const floor = await startServer(node(join(root, 'bench/floor/server.ts'), floorFile), {
    ready: 'ready\n',
    directory,
    log: 'floor.log',
  });
  stack.defer(() => floor.stop());
  const peerFile = await settingsFile('peer', { port: peerPort, databaseUrl: peerUrl });
  const peer = await startServer(node(join(root, 'bench/peer/server.ts'), peerFile), {
    ready: 'ready\n',
    directory,
    log: 'peer.log',
  });
  stack.defer(() => peer.stop());

  const peerBrowsers = await signInAtPeer(`http://localhost:${peerPort}`);
  await populate(peerUrl, 'peer');
  const { rows } = await admin.query<{ pid: number; version: string }>(
    "SELECT pg_backend_pid() AS pid, current_setting('server_version') AS version",
  );
  const { issuer, browsers } = recorded;
  const host = 'localhost';
  const targets: Bench['targets'] = {
    floor: { name: 'floor', host, port: floorPort, issuer, pid: floor.pid, browsers },
    signet: { name: 'signet', host, port: signetPort, issuer, pid: signet.pid, browsers },
    peer: {
      name: 'peer',
      host,
      port: peerPort,
      issuer: `http://localhost:${peerPort}`,
      pid: peer.pid,
      browsers: peerBrowsers,
    },
  };
  return {
    directory,
    recorded,
    targets,
    databases: { signet: signetUrl, floor: floorUrl },
    box: secretBox([Buffer.from(secretKey, 'base64')]),
    postmaster: parentOf(rows[0]!.pid),
    postgresVersion: rows[0]!.version,
  };
}

async function connectAdmin({ connection }: EmbeddedPostgres): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, port: 5432 });
  await client.connect();
  return client;
}

async function createDatabase(
  admin: pg.Client,
  { connection }: EmbeddedPostgres,
  name: string,
  template = 'template1',
): Promise<string> {
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return `postgres://${connection.user}@${encodeURIComponent(connection.host)}/${name}`;
}

async function signInAtPeer(issuer: string): Promise<string[]> {
  const browsers: string[] = [];
  for (const { username } of users) {
    const agent = createAgent();
    const path = `${pathFor('peer')}&login_hint=${username}`;
    const { location } = await agent.follow(await agent.get(`${issuer}${path}`), issuer);
    if (location === undefined || !new URL(location).searchParams.has('code'))
      throw new Error(`the peer did not answer with a code but with ${location}`);
    for (const name of agent.cookies.keys()) if (!name.startsWith('_session')) agent.cookies.delete(name);
    browsers.push(cookiesOf(agent));
  }
  return browsers;
}

/** What the process's log holds, for an error message. */
export function readLog(directory: string, name: string): Promise<string> {
  return readFile(join(directory, name), 'utf8').catch(() => '');
}
