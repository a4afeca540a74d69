// A Signet on a free port and a database of its own: what signet/testing and the tests of this project start alike.
import { randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Config } from '../config/read.ts';
import type { Replaced } from '../start/backend.ts';
import { type RunningServer, startServer } from '../start/server.ts';

/** A database that goes when it is not needed any more. */
export type OwnDatabase = { readonly url: string; drop(): Promise<void> };

export type Start<D extends OwnDatabase> = {
  /** The port to listen on; without it, one that is free. */
  readonly port?: number | undefined;
  readonly openDatabase: () => Promise<D>;
  /** What differs from a small server for tests. */
  readonly config?: Partial<Config> | undefined;
  readonly replaced: Replaced;
};

export type Started<D> = {
  readonly server: RunningServer;
  readonly config: Config;
  readonly database: D;
  /** Ends the server and drops the database. */
  readonly stop: () => Promise<void>;
};

const mostTries = 5;

/** On a port that was free a moment ago: when another takes it first, on the next. @throws what a start throws. */
export async function startOnFreePort<D extends OwnDatabase>(start: Start<D>): Promise<Started<D>> {
  for (let tries = 1; ; tries += 1) {
    const port = start.port ?? (await freePort());
    await using starting = new AsyncDisposableStack();
    const database = await start.openDatabase();
    starting.defer(() => database.drop());
    const config: Config = {
      publicUrl: `${start.config?.tls ? 'https' : 'http'}://localhost:${port}`,
      host: 'localhost',
      port,
      databaseUrl: database.url,
      databasePoolSize: 10,
      preparedStatements: true,
      dataDir: '/nonexistent',
      secretKeys: [randomBytes(32)],
      trustProxy: [],
      logLevel: 'silent',
      // Cheap on purpose: nobody's password is kept here.
      passwordHash: { memoryKiB: 256, iterations: 2, parallelism: 1, concurrency: 4, queue: 1000 },
      drainSeconds: 0,
      ...start.config,
    };
    try {
      const server = await startServer(config, start.replaced);
      starting.defer(() => server.stop(0));
      const running = starting.move();
      return { server, config, database, stop: () => running.disposeAsync() };
    } catch (error) {
      if (start.port !== undefined || !isTaken(error) || tries === mostTries) throw error;
    }
  }
}

/**
 * A port that was free a moment ago, and stays so until it is used: below those that the system gives to outgoing
 * connections (from 32768 on Linux), and one of so many that nobody else takes the same.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_768);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.on('error', () => resolve(false));
      probe.listen(port, 'localhost', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

function isTaken(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || (cause instanceof Error && isTaken(cause));
}
