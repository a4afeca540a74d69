// Password hashes: argon2id in PHC strings of our own, a few at a time, with a bounded queue.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashRaw } from '@node-rs/argon2';
import { Unavailable } from '../domain/errors.ts';
import type { Tracing } from '../domain/tracing.ts';
import { type HashParameters, encodePhc, parsePhc } from '../domain/phc.ts';

/** How busy the hasher is now; `refused` since it was made. */
export type HashLoad = { readonly running: number; readonly waiting: number; readonly refused: number };

export type PasswordHasher = {
  /** A PHC string. @throws Unavailable when the queue is full. */
  hash(password: string): Promise<string>;
  /**
   * True when `password`, in NFC or as it was typed, is the one of `phc`: hashes that were made elsewhere may be of either.
   * Without `phc` it takes as long and is false; a hash of less work is topped up, so that nobody learns by the time which
   * names there are. @throws Unavailable when the queue is full.
   */
  verify(password: string, phc: string | undefined): Promise<boolean>;
  /** True when `phc` was made with weaker parameters than the settings ask for. */
  needsRehash(phc: string): boolean;
  load(): HashLoad;
};

// The package's own name for it is a `const enum`, which disappears with the types.
const argon2id = 2;

/** RFC 9106 argon2id. At most `concurrency` hashes run at once and `queue` wait; 16-byte salts, 32-byte hashes. */
export function passwordHasher(
  parameters: HashParameters,
  bounds: { concurrency: number; queue: number },
  trace: Tracing['passwordHash'] = (work) => work(),
): PasswordHasher {
  const { run, load } = bounded(bounds.concurrency, bounds.queue);
  const compute = (password: string, cost: HashParameters, salt: Buffer, length: number) =>
    trace(() =>
      run(() =>
        hashRaw(password, {
          algorithm: argon2id,
          salt,
          outputLen: length,
          memoryCost: cost.memoryKiB,
          timeCost: cost.iterations,
          parallelism: cost.parallelism,
        }),
      ),
    );
  const nobody = { ...parameters, salt: randomBytes(16), hash: randomBytes(32) };
  return {
    async hash(password) {
      const salt = randomBytes(16);
      return encodePhc({ ...parameters, salt, hash: await compute(password.normalize('NFC'), parameters, salt, 32) });
    },
    async verify(password, phc) {
      const stored = phc === undefined ? undefined : parsePhc(phc);
      const against = stored ?? nobody;
      const lacking = workOf(parameters) - workOf(against);
      let isRight = false;
      for (const form of new Set([password.normalize('NFC'), password])) {
        const computed = await compute(form, against, against.salt, against.hash.length);
        if (lacking > 0) await compute(form, topUp(lacking, parameters.memoryKiB), nobody.salt, 32);
        isRight ||= timingSafeEqual(computed, against.hash);
      }
      return isRight && stored !== undefined;
    },
    needsRehash(phc) {
      const stored = parsePhc(phc);
      if (!stored) return true;
      return (
        stored.memoryKiB < parameters.memoryKiB ||
        stored.iterations < parameters.iterations ||
        stored.parallelism < parameters.parallelism
      );
    },
    load,
  };
}

/** What the time of a hash grows with: KiB that are written. */
function workOf({ memoryKiB, iterations }: HashParameters): number {
  return memoryKiB * iterations;
}

/** A hash of so much work in no more memory than `most`. RFC 9106 3.1 wants 8 KiB at least. */
function topUp(work: number, most: number): HashParameters {
  const iterations = Math.ceil(work / most);
  return { memoryKiB: Math.max(8, Math.floor(work / iterations)), iterations, parallelism: 1 };
}

/** Runs at most `concurrency` jobs at once; more than `queue` waiting are refused at once. */
function bounded(concurrency: number, queue: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  let refused = 0;
  const run = async <T>(job: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= queue) {
        refused += 1;
        throw new Unavailable('too many password hashes are waiting', 2);
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await job();
    } finally {
      // The place goes straight to the next in line, so that nobody can slip in between.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
  return { run, load: (): HashLoad => ({ running, waiting: waiting.length, refused }) };
}
