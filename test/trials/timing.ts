// Whether the time of an answer tells who has an account: 200 samples of each, known and unknown by turns. `npm run trial:timing`
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { freePort } from '../../src/testing/start.ts';
import { postJson } from '../support/first-party.ts';
import { startProcess } from '../support/signet-process.ts';
import { check, say } from './saying.ts';

const SAMPLES = 200;
/** Milliseconds between the medians. */
const LARGEST_GAP = 5;
/** Below it, chance alone hardly gives such a difference. */
const SMALLEST_P = 0.01;

const known = (nth: number) => ({ username: `known${nth}`, email: `known${nth}@example.com` });
const unknown = (nth: number) => ({ username: `nobody${nth}`, email: `nobody${nth}@example.com` });

/** How each is asked, and the status that it is answered with, whoever it is about. */
const ways: Record<
  string,
  {
    status: number;
    ask: (issuer: string, who: ReturnType<typeof known>) => Promise<number>;
    /** Not measured. */
    before?: (issuer: string, who: ReturnType<typeof known>) => Promise<unknown>;
  }
> = {
  'POST /auth/password/forgot': {
    status: 202,
    ask: async (issuer, { email }) => (await postJson(`${issuer}/auth/password/forgot`, { email })).status,
  },
  'POST /auth/passwordless/request': {
    status: 202,
    ask: async (issuer, { email }) => (await postJson(`${issuer}/auth/passwordless/request`, { email })).status,
  },
  'POST /auth/passwordless/verify, with a wrong code': {
    status: 401,
    before: (issuer, { email }) => postJson(`${issuer}/auth/passwordless/code`, { email }),
    ask: async (issuer, { email }) =>
      (await postJson(`${issuer}/auth/passwordless/verify`, { email, code: 'none' })).status,
  },
  'POST /auth/login, with a wrong password': {
    status: 401,
    ask: async (issuer, { username }) =>
      (await postJson(`${issuer}/auth/login`, { username, password: 'not the one they have' })).status,
  },
};

const directory = mkdtempSync(join(tmpdir(), 'signet-trial-'));
chmodSync(directory, 0o711);
const postgres = await startEmbeddedPostgres(directory, { throwaway: true, maxConnections: 40 });
const port = await freePort();
const issuer = `http://localhost:${port}`;
const file = join(directory, 'world.json');
const users = Array.from({ length: SAMPLES }, (_, nth) => ({
  ...known(nth),
  password: `a pass phrase of number ${nth}`,
}));
writeFileSync(file, JSON.stringify({ users }));
const { host, user, database } = postgres.connection;
const signet = await startProcess({
  PORT: String(port),
  DATABASE_URL: `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`,
  SECRET_KEY: randomBytes(32).toString('base64'),
  PROVISION: file,
});
const client = new pg.Client({ ...postgres.connection, port: 5432 });
await client.connect();
try {
  for (const [way, { status, ask, before }] of Object.entries(ways)) {
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
    let isAlike = true;
    for (let nth = -10; nth < SAMPLES; nth += 1) {
      const pair = [
        ['known', known(Math.max(0, nth))],
        ['unknown', unknown(nth)],
      ] as const;
      for (const [kind, who] of nth % 2 === 0 ? pair : pair.toReversed()) {
        await client.query('DELETE FROM limits');
        await before?.(issuer, who);
        const begun = performance.now();
        const answered = await ask(issuer, who);
        const took = performance.now() - begun;
        isAlike &&= answered === status;
        // The first ones warm everything up.
        if (nth >= 0) times[kind].push(took);
      }
    }
    const gap = Math.abs(median(times.known) - median(times.unknown));
    const p = mannWhitney(times.known, times.unknown);
    say(
      `${way}: medians ${median(times.known).toFixed(2)} and ${median(times.unknown).toFixed(2)} ms, p = ${p.toFixed(3)}`,
    );
    check('the same status', isAlike);
    check(`the medians are less than ${LARGEST_GAP} ms apart`, gap < LARGEST_GAP);
    check(`chance alone may give the difference (p > ${SMALLEST_P})`, p > SMALLEST_P);
  }
} finally {
  await client.end();
  signet.kill('SIGKILL');
  await signet.ended;
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

/** The two-sided p of Mann and Whitney's U test, by its normal approximation. */
function mannWhitney(one: readonly number[], other: readonly number[]): number {
  const wins = one.reduce(
    (sum, value) => sum + other.reduce((count, than) => count + (value < than ? 1 : value === than ? 0.5 : 0), 0),
    0,
  );
  const mean = (one.length * other.length) / 2;
  const deviation = Math.sqrt((one.length * other.length * (one.length + other.length + 1)) / 12);
  return 2 * (1 - normal(Math.abs(wins - mean) / deviation));
}

/** The standard normal distribution (Abramowitz and Stegun, 26.2.17). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const terms = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - density * terms;
}
