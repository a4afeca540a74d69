// A Signet for tests: in this process, on a database of its own, with a clock that can be moved.
import { randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import pino, { type Logger } from 'pino';
import type { Config } from '../../src/config/read.ts';
import { applyProvisioning } from '../../src/flows/provision/apply.ts';
import { type RunningServer, startServer } from '../../src/start/server.ts';
import type { SentStatement } from '../../src/storage/database.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';

export type TestClock = { now: number; advance(seconds: number): void };

export type TestSignet = {
  readonly issuer: string;
  readonly server: RunningServer;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  readonly config: Config;
  /** Applies a provisioning file given as an object. */
  provision(file: ProvisioningFile): Promise<void>;
  /** Ends it and drops its database. */
  stop(): Promise<void>;
};

export type TestOptions = {
  readonly provision?: ProvisioningFile;
  readonly config?: Partial<Config>;
  readonly log?: Logger;
  readonly observe?: (statement: SentStatement) => void;
  readonly random?: (bytes: number) => Buffer;
  /** Another Signet on the same database and with the same clock and secret key: a second process, as far as state goes. */
  readonly beside?: TestSignet;
};

/** Starts it. The clock begins at the real time and stands still until it is advanced. */
export async function startSignet(options: TestOptions = {}): Promise<TestSignet> {
  const { beside } = options;
  const database = beside?.database ?? (await createDatabase());
  const clock = beside?.clock ?? standingClock();
  const port = await freePort();
  const config: Config = {
    publicUrl: beside?.issuer ?? `${options.config?.tls ? 'https' : 'http'}://localhost:${port}`,
    host: 'localhost',
    port,
    databaseUrl: database.url,
    databasePoolSize: 20,
    preparedStatements: true,
    dataDir: '/nonexistent',
    secretKeys: beside?.config.secretKeys ?? [randomBytes(32)],
    trustProxy: [],
    logLevel: 'silent',
    // Cheap on purpose: what a hash costs is measured elsewhere.
    passwordHash: { memoryKiB: 256, iterations: 2, parallelism: 1, concurrency: 2, queue: 64 },
    drainSeconds: 0,
    ...options.config,
  };
  const server = await startServer(config, {
    clock: () => clock.now,
    log: options.log ?? pino({ level: 'silent' }),
    ...(options.observe ? { observe: options.observe } : {}),
    ...(options.random ? { random: options.random } : {}),
  });
  const provision = async (file: ProvisioningFile) => {
    await applyProvisioning(server.deps, parseProvisioning(JSON.stringify(file), 'test'));
  };
  if (options.provision) await provision(options.provision);
  await server.settled();
  return {
    issuer: config.publicUrl,
    server,
    clock,
    database,
    config,
    provision,
    async stop() {
      await server.stop(0);
      if (!beside) await database.drop();
    },
  };
}

function standingClock(): TestClock {
  return {
    now: Math.floor(Date.now() / 1000) * 1000,
    advance(seconds) {
      this.now += seconds * 1000;
    },
  };
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
