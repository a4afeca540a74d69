// A Signet for tests: in this process, on a database of its own, with a clock that can be moved.
import pino, { type Logger } from 'pino';
import type { Config } from '../../src/config/read.ts';
import { applyProvisioning } from '../../src/flows/provision/apply.ts';
import type { RunningServer } from '../../src/start/server.ts';
import type { SentStatement } from '../../src/storage/database.ts';
import { startOnFreePort } from '../../src/testing/start.ts';
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
  /** What the operating system says of the time, as far as it is compared with the database's. */
  readonly machineClock?: () => number;
  /** Another Signet on the same database and with the same clock and secret key: a second process, as far as state goes. */
  readonly beside?: TestSignet;
};

/** Starts it. The clock begins at the real time and stands still until it is advanced. */
export async function startSignet(options: TestOptions = {}): Promise<TestSignet> {
  const { beside } = options;
  const clock = beside?.clock ?? standingClock();
  const { server, config, database, stop } = await startOnFreePort({
    openDatabase: async () => (beside ? { ...beside.database, drop: async () => {} } : createDatabase()),
    config: {
      databasePoolSize: 20,
      ...(beside && { publicUrl: beside.issuer, secretKeys: beside.config.secretKeys! }),
      ...options.config,
    },
    replaced: {
      clock: () => clock.now,
      log: options.log ?? pino({ level: 'silent' }),
      ...(options.observe ? { observe: options.observe } : {}),
      ...(options.random ? { random: options.random } : {}),
      ...(options.machineClock ? { machineClock: options.machineClock } : {}),
    },
  });
  const provision = async (file: ProvisioningFile) => {
    await applyProvisioning(server.deps, parseProvisioning(JSON.stringify(file), 'test'));
  };
  if (options.provision) await provision(options.provision);
  await server.settled();
  return { issuer: config.publicUrl, server, clock, database, config, provision, stop };
}

function standingClock(): TestClock {
  return {
    now: Math.floor(Date.now() / 1000) * 1000,
    advance(seconds) {
      this.now += seconds * 1000;
    },
  };
}
