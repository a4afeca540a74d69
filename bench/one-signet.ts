// One Signet on the server's core, with a PostgreSQL of its own: for what is measured without a floor and a peer.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/embedded/postgres.ts';
import { type Machine, placed } from './machine.ts';
import { freePort, root, signetIsReady, startOptions, startServer } from './targets.ts';

export type OneSignet = { readonly issuer: string; readonly pid: number; readonly db: pg.Client };

/** Starts it with a provisioning file, below a directory of this name; it ends with the stack. */
export async function startOneSignet(
  stack: AsyncDisposableStack,
  machine: Machine,
  { name, world }: { readonly name: string; readonly world: object },
): Promise<OneSignet> {
  const directory = await mkdtemp(join(tmpdir(), `signet-bench-${name}-`));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o711);
  const postgres = await startEmbeddedPostgres(join(directory, 'data'), { durable: true });
  stack.defer(() => postgres.stop());
  const { host, user, database } = postgres.connection;
  const databaseUrl = `postgres://${user}@${encodeURIComponent(host)}/${database}`;
  const port = await freePort();
  const provision = join(directory, 'world.json');
  await writeFile(provision, JSON.stringify(world));
  const command = [process.execPath, ...startOptions, join(root, 'bin/signet.js'), 'serve'];
  const server = await startServer(placed(machine, 'server core', command), {
    ready: signetIsReady,
    directory,
    env: {
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      SECRET_KEY: randomBytes(32).toString('base64'),
      PROVISION: provision,
    },
    log: 'signet.log',
  });
  stack.defer(() => server.stop());
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  stack.defer(() => db.end());
  return { issuer: `http://localhost:${port}`, pid: server.pid, db };
}

const secret = 'a secret of the bench, long enough for it';

/** What every client there is registered with. */
export const machineClient = { client_secret: secret, grant_types: ['client_credentials'], response_types: [] };

/** `Authorization` of the client. */
export function basic(id: string): string {
  return `Basic ${Buffer.from(`${id}:${encodeURIComponent(secret).replaceAll('%20', '+')}`).toString('base64')}`;
}

/** An access token of the client for itself. @throws Error when there is none */
export async function tokenFor(issuer: string, id: string, resource: string): Promise<string> {
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(id) },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
  });
  if (!response.ok) throw new Error(`no token: ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}
