// What every flow is given as its first argument: built once at the entry, passed on, never looked up.
import type { Logger } from 'pino';
import type { PasswordHasher } from './crypto/passwords.ts';
import type { OutboundAnswer, OutboundRequest } from './delivery/fetcher.ts';
import type { SecretBox } from './crypto/secret-box.ts';
import type { Metrics } from './domain/metrics.ts';
import type { Channel } from './domain/outbox.ts';
import type { RememberedUntil } from './storage/remembered-until.ts';
import type { Memory } from './storage/memory.ts';
import type { Db, PatientDb } from './storage/database.ts';

export type Deps = {
  /** The issuer of the `default` tenant: an origin, with a path where a host is shared. */
  readonly publicUrl: string;
  readonly db: Db;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** The same of the operating system, to be compared with the database's: also where tests move `clock`. */
  readonly machineClock: () => number;
  readonly random: (bytes: number) => Buffer;
  readonly hasher: PasswordHasher;
  readonly box: SecretBox;
  readonly memory: Memory;
  /** For clients' secrets: from which network each is not looked at, and until when. */
  readonly closedUntil: RememberedUntil;
  /** Which networks sent a client's right secret. */
  readonly rightUntil: RememberedUntil;
  /** Who acts where no request does: the server by itself, or an operator at a terminal. */
  readonly actor: 'server' | 'operator';
  /** The only way to fetch an address: as settings allow it. @throws OutboundError */
  readonly outbound: (request: OutboundRequest) => Promise<OutboundAnswer>;
  /** In which ways people can be sent messages. */
  readonly channels: readonly Channel[];
  readonly log: Logger;
  readonly metrics: Metrics;
};

/** The same for work that may take long. */
export type PatientDeps = Deps & { readonly db: PatientDb };
