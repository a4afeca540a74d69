// PgBouncer 1.18 or newer in transaction mode, for a person to try where it is installed: 1,000 sign-ins without a 500, with
// the documented setting and without it, and the timeouts in force. `npm run trial:pgbouncer`
import { execFileSync, spawn } from 'node:child_process';
import { cookieName } from '../support/cookies.ts';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { freePort } from '../../src/testing/start.ts';
import { createAgent } from '../support/agent.ts';
import { submitPassword } from '../support/flow.ts';
import { runSignet, type SignetProcess, startProcess } from '../support/signet-process.ts';
import { check, say } from './saying.ts';

const SIGN_INS = 1000;
const AT_ONCE = 4;
const people = Array.from({ length: 20 }, (_, index) => ({
  username: `person${index}`,
  password: `a pass phrase of number ${index}, and a long one`,
}));
/** What a pooler must be told to take, if nobody tells Signet that it is there. */
const taken = 'ignore_startup_parameters = options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout';

const version = execFileSync('pgbouncer', ['--version'], { encoding: 'utf8' }).split('\n')[0]!;
// The issuer stands in the database: every one of them has the same.
const port = await freePort();
const directory = mkdtempSync(join(tmpdir(), 'signet-trial-'));
chmodSync(directory, 0o711);
const postgres = await startEmbeddedPostgres(directory, { throwaway: true, maxConnections: 40 });
const direct = { ...postgres.connection, port: 5432 };
try {
  say(`${version}, in transaction mode`);
  await withPooler('', async (url) => {
    say('PREPARED_STATEMENTS=false, as docs/operating.md says; nothing is said to PgBouncer');
    await withSignet({ DATABASE_URL: url, PREPARED_STATEMENTS: 'false' }, async (issuer, signet) => {
      await signInOften(issuer);
      await lookAtTimeouts(issuer);
      check('nothing of it in the log', !/pooler/.test(signet.output()));
    });
    say('nobody says anything to anybody');
    const { code, output } = await runSignet(['src/cli/signet.ts', 'serve'], environment({ DATABASE_URL: url })).ended;
    check('it does not start, and says what to set', code === 1 && /pooler.*PREPARED_STATEMENTS=false/s.test(output));
  });
  await withPooler(taken, async (url) => {
    say('PgBouncer takes the settings and keeps them, and Signet was told nothing');
    await withSignet({ DATABASE_URL: url }, async (issuer, signet) => {
      await signInOften(issuer);
      await lookAtTimeouts(issuer);
      check('the log names the setting', /pooler.*PREPARED_STATEMENTS=false/.test(signet.output()));
    });
  });
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 20 });
}

async function withPooler(setting: string, work: (url: string) => Promise<void>): Promise<void> {
  const poolerPort = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  const { host, user, database } = direct;
  writeFileSync(
    file,
    `[databases]
signet = host=${host} port=5432 dbname=${database} user=${user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${poolerPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
${setting}
`,
  );
  chmodSync(file, 0o644);
  // As root it refuses to run; the socket belongs to whom the embedded PostgreSQL runs as.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const pooler = spawn('pgbouncer', ['-q', ...asUser, file], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(pooler, 'exit');
  try {
    await untilListening(poolerPort);
    await work(`postgres://signet@127.0.0.1:${poolerPort}/signet?sslmode=disable`);
  } finally {
    pooler.kill('SIGTERM');
    await ended;
  }
}

async function untilListening(at: number): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    const socket = connect(at, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await sleep(50);
  }
  throw new Error('PgBouncer does not listen');
}

function environment(others: Record<string, string>): Record<string, string> {
  const provision = join(directory, 'people.json');
  writeFileSync(provision, JSON.stringify({ users: people }));
  return {
    PORT: String(port),
    PROVISION: provision,
    SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    PASSWORD_HASH_MEMORY_KIB: '7168',
    DRAIN_SECONDS: '0',
    LOG_LEVEL: 'warn',
    ...others,
  };
}

async function withSignet(
  others: Record<string, string>,
  work: (issuer: string, signet: SignetProcess) => Promise<void>,
): Promise<void> {
  const signet = await startProcess(environment(others));
  try {
    await work(`http://localhost:${port}`, signet);
  } finally {
    signet.kill('SIGINT');
    check('told to end, it ends with 0', (await signet.ended).code === 0);
  }
}

async function signInOften(issuer: string): Promise<void> {
  const statuses = new Map<number, number>();
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  let left = SIGN_INS;
  let signedIn = 0;
  const work = async (worker: number) => {
    for (let turn = 0; left > 0; turn += 1) {
      left -= 1;
      const browser = createAgent();
      const page = await browser.get(`${issuer}/sign-in`);
      count(page.status);
      const answer = await submitPassword(browser, page, people[(turn * AT_ONCE + worker) % people.length]!);
      count(answer.status);
      const account = await browser.get(`${issuer}/account`);
      count(account.status);
      if (account.status === 200) signedIn += 1;
    }
  };
  const since = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(worker)));
  const seconds = (performance.now() - since) / 1000;
  const shown = [...statuses].map(([status, n]) => `${n} of ${status}`).join(', ');
  check(`${signedIn} of ${SIGN_INS} sign-ins in ${seconds.toFixed(0)} s: ${shown}`, signedIn === SIGN_INS);
  check(
    'no 500 and no 503',
    [...statuses.keys()].every((status) => status < 500),
  );
}

/** A table that somebody else holds: PostgreSQL itself gives up waiting, and nothing stays behind. */
async function lookAtTimeouts(issuer: string): Promise<void> {
  const holder = new pg.Client(direct);
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
  try {
    const since = performance.now();
    const asked = fetch(`${issuer}/account`, {
      headers: { cookie: `${cookieName({ issuer }, 'session')}=sgs_${'A'.repeat(43)}` },
    });
    const { status } = await asked;
    const seconds = (performance.now() - since) / 1000;
    check(
      `a table that is held: ${status} after ${seconds.toFixed(1)} s`,
      status === 503 && seconds > 2.5 && seconds < 4.5,
    );
    const { rows } = await holder.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    check('and nothing waits in PostgreSQL any more', rows.length === 0);
  } finally {
    await holder.end();
  }
}
