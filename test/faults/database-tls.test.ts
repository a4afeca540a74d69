// The way to PostgreSQL: what does not speak TLS, or shows a certificate of nobody, is not spoken to; and it says what to do.
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { certificate } from '../support/certificate.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { runSignet } from '../support/signet-process.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const pair = certificate();
let database: TestDatabase;
let plain: Server;
let secured: Server;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-tls-'));
  await writeFile(join(directory, 'root.pem'), pair.cert);
  database = await createDatabase();
  plain = await listening((client) => client.once('data', () => client.end('N')));
  secured = await listening((client) =>
    client.once('data', () => {
      client.write('S');
      const inside = new TLSSocket(client, { isServer: true, ...pair });
      const behind = toPostgres();
      inside.on('error', () => behind.destroy()).pipe(behind);
      behind.on('error', () => inside.destroy()).pipe(inside);
    }),
  );
});
afterAll(async () => {
  for (const server of [plain, secured]) server.close();
  await database.drop();
  await rm(directory, { recursive: true });
});

function listening(accept: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((client) => accept(client.on('error', () => client.destroy())));
    server.listen(0, 'localhost', () => resolve(server));
  });
}

/** The tests' own PostgreSQL, which listens on a socket. */
function toPostgres(): Socket {
  const { hostname } = new URL(database.url);
  return connect(join(decodeURIComponent(hostname), '.s.PGSQL.5432'));
}

const check = (server: Server, query: string) => {
  const { username, pathname } = new URL(database.url);
  const { port } = server.address() as AddressInfo;
  const url = `postgres://${username}@localhost:${port}${pathname}${query}`;
  const env = { DATABASE_URL: url, SECRET_KEY: Buffer.alloc(32, 7).toString('base64') };
  return runSignet(['src/cli/signet.ts', 'migrate', '--check'], env).ended;
};

test.each<[string, () => Server, () => string, number, RegExp]>([
  [
    'no TLS there',
    () => plain,
    () => '?sslmode=verify-full',
    1,
    /which does not speak TLS\. Switch ssl on there, or add/,
  ],
  ['an authority of nobody', () => secured, () => '?sslmode=verify-full', 1, /cannot be verified \(self-signed/],
  [
    'the certificate of another host',
    () => secured,
    () => `?sslmode=verify-full&sslrootcert=${encodeURIComponent(join(directory, 'root.pem'))}`,
    1,
    /cannot be verified \(.*\)\. Name its authority with sslrootcert=FILE in DATABASE_URL, and its host/,
  ],
  [
    'a word that nothing is verified',
    () => secured,
    () => '?sslmode=no-verify',
    0,
    /nothing proves that it is the database/,
  ],
])('%s', async (_what, server, query, code, words) => {
  const ended = await check(server(), query());
  expect([ended.code, ended.output]).toEqual([code, expect.stringMatching(words)]);
});
