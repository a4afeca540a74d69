// Chooses the interleaving: holds statements of a running Signet, before they are sent or after their result is there.
import type { Db } from '../../src/storage/database.ts';
import type { TestSignet } from './signet.ts';

/** Statements that are held together. */
export type Hold = {
  /** Resolves when all of them stand at the gate; rejects when they do not come. */
  readonly arrived: Promise<void>;
  /** Lets the one through that came first. */
  pass(): void;
  /** Lets all of them through, and everything that comes later. */
  open(): void;
};

export type Gate = {
  /** Holds the next `count` statements that match. `after`: PostgreSQL has done it, and the server does not know yet. */
  hold(when: 'before' | 'after', matches: RegExp, count?: number): Hold;
  /** Opens every hold. */
  open(): void;
};

const patience = 10_000;

/** Puts a gate between the flows of `signet` and its database, transactions included. */
export function gateStatements(signet: TestSignet): Gate {
  const holds: { when: 'before' | 'after'; matches: RegExp; arrive(): Promise<void> | undefined; open(): void }[] = [];
  const stop = (when: 'before' | 'after', text: string) => {
    for (const hold of holds) {
      const held = hold.when === when && hold.matches.test(text) ? hold.arrive() : undefined;
      if (held) return held;
    }
    return undefined;
  };
  const gated = (db: Db): Db => ({
    patience: db.patience,
    async send(statement, values) {
      await stop('before', statement.text);
      const result = await db.send(statement, values);
      await stop('after', statement.text);
      return result;
    },
    transaction: (work) => db.transaction((tx) => work(gated(tx))),
  });
  const deps = signet.server.deps as { db: Db };
  deps.db = gated(deps.db);

  return {
    hold(when, matches, count = 1) {
      const waiting: (() => void)[] = [];
      const arrived = Promise.withResolvers<void>();
      const timer = setTimeout(
        () => arrived.reject(new Error(`only ${seen} of ${count} statements came that match ${matches.source}`)),
        patience,
      );
      let seen = 0;
      let isOpen = false;
      const hold = {
        when,
        matches,
        arrive() {
          if (isOpen || seen === count) return undefined;
          seen += 1;
          const passed = new Promise<void>((resolve) => waiting.push(resolve));
          if (seen === count) {
            clearTimeout(timer);
            arrived.resolve();
          }
          return passed;
        },
        open() {
          isOpen = true;
          clearTimeout(timer);
          for (const pass of waiting.splice(0)) pass();
        },
      };
      holds.push(hold);
      return { arrived: arrived.promise, pass: () => waiting.shift()?.(), open: () => hold.open() };
    },
    open() {
      for (const hold of holds.splice(0)) hold.open();
    },
  };
}

/** The statements that races are about, by what stands in their text. */
export const statements = {
  readCode: /from "authorization_codes" as "a"/,
  spendCode: /UPDATE authorization_codes SET spent_at/,
  issueCode: /INSERT INTO authorization_codes/,
  readRefreshToken: /from "refresh_tokens" as "t"/,
  /** Rotates, or uses without rotating. */
  useRefreshToken: /UPDATE refresh_tokens SET first_used_at/,
  beginSession: /INSERT INTO sessions/,
  renewSession: /UPDATE sessions SET secret_hash/,
  spendOneTimeToken: /UPDATE one_time_tokens SET used_at/,
} as const;
