// `signet/testing`: a real Signet on a real PostgreSQL inside somebody else's test run.
/// <reference lib="esnext.disposable" preserve="true" />
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { Config } from '../config/read.ts';
import { applyObject } from '../flows/provision/apply-object.ts';
import { ProvisioningError } from '../flows/provision/problems.ts';
import { type RunningServer, startServer } from '../start/server.ts';
import { type AuthorizeOptions, createBrowser } from './browser.ts';
import { createClock, type TestClock } from './clock.ts';
import { requestTokens, type SignIn, type TokenResponse } from './code-flow.ts';
import { openTestDatabase } from './database.ts';
import { createKnown, type Provisioning } from './known.ts';

export type { AuthorizeOptions, Provisioning, SignIn, TestClock, TokenResponse };

export type TestOptions = Provisioning & {
  /** Where its clock begins: milliseconds since 1970, or a date. Without it, at the real time. */
  readonly now?: number | Date;
  /** The port of its issuer. Without it, one that is free. */
  readonly port?: number;
  /** A PostgreSQL server to use instead of the embedded one; a database is made there, and dropped by `stop()`. */
  readonly databaseUrl?: string;
  /** What it writes to standard output. Without it, `error`: only what is a fault of Signet itself. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
};

export type TestBrowser = {
  /**
   * Plays the browser for an authorization request that the application under test made: signs in and consents where
   * asked, and gives the address to which the browser is sent back. @throws Error with what the page said.
   */
  authorize(url: string | URL, username: string, options?: AuthorizeOptions): Promise<URL>;
};

export type TestSignet = AsyncDisposable & {
  /** The issuer of every token; discovery is at `${issuer}/.well-known/openid-configuration`. */
  readonly issuer: string;
  /** Where it listens: the same as the issuer. */
  readonly url: string;
  readonly clock: TestClock;
  /** Adds to what is there, or changes it. @throws Error with every mistake; nothing was changed then. */
  provision(more: Provisioning): Promise<void>;
  /** Signs a user in and gives the tokens: the authorization code flow with PKCE, without a browser. @throws Error with what went wrong. */
  signIn(who: SignIn): Promise<TokenResponse>;
  /** `authorize` of a new browser, in which nobody is signed in. */
  readonly authorize: TestBrowser['authorize'];
  /** A browser that stays signed in, for single sign-on and `prompt=none`. */
  openBrowser(): TestBrowser;
  /** Ends it; its database is gone then. */
  stop(): Promise<void>;
};

// Cheap on purpose: nobody's password is kept here.
const passwordHash = { memoryKiB: 256, iterations: 2, parallelism: 1, concurrency: 4, queue: 1000 };
const TRIES = 5;

/** Starts it; as many as you like, in as many processes as you like. @throws Error with every mistake in what it was given. */
export async function startSignet(options: TestOptions = {}): Promise<TestSignet> {
  const { now, port, databaseUrl, logLevel = 'error', ...given } = options;
  const clock = createClock(now);
  await using starting = new AsyncDisposableStack();
  const server = await listening({ port, databaseUrl, logLevel, clock }, starting);
  const { publicUrl: issuer } = server.deps;
  const known = createKnown();
  const provision = async (more: Provisioning) => {
    const whole = known.complete(more);
    await applyObject(server.deps, whole).catch(reworded);
    known.keep(whole);
  };
  await provision(given);
  const openBrowser = (): TestBrowser => {
    const browser = createBrowser(issuer);
    return {
      authorize(url, username, { password, consent = 'allow' } = {}) {
        const person = { username, password: () => password ?? known.passwordOf(username) };
        return browser.authorize(url, person, consent);
      },
    };
  };
  const running = starting.move();
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= running.disposeAsync());
  return {
    issuer,
    url: server.url,
    clock,
    provision,
    signIn: async ({ client, username, password, ...asked }) =>
      requestTokens(issuer, known.client(client), asked, (url) => openBrowser().authorize(url, username, { password })),
    authorize: (url, username, how) => openBrowser().authorize(url, username, how),
    openBrowser,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type Listening = {
  readonly port: number | undefined;
  readonly databaseUrl: string | undefined;
  readonly logLevel: Config['logLevel'];
  readonly clock: TestClock;
};

/** On a port that was free a moment ago: when another takes it first, on the next. What is started goes onto the stack. */
async function listening(
  { port: wanted, databaseUrl, logLevel, clock }: Listening,
  stack: AsyncDisposableStack,
): Promise<RunningServer> {
  for (let tries = 1; ; tries += 1) {
    await using starting = new AsyncDisposableStack();
    const port = wanted ?? (await freePort());
    const database = await openTestDatabase(databaseUrl);
    starting.defer(() => database.drop());
    const config: Config = {
      publicUrl: `http://localhost:${port}`,
      host: 'localhost',
      port,
      databaseUrl: database.url,
      databasePoolSize: 10,
      preparedStatements: true,
      dataDir: '/nonexistent',
      secretKeys: [randomBytes(32)],
      trustProxy: [],
      logLevel,
      passwordHash,
      drainSeconds: 0,
    };
    try {
      const server = await startServer(config, { clock: () => clock.now });
      starting.defer(() => server.stop(0));
      stack.use(starting.move());
      return server;
    } catch (error) {
      if (wanted !== undefined || !isTaken(error) || tries === TRIES) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, 'localhost', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function isTaken(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || (cause instanceof Error && isTaken(cause));
}

/** There is no file here. */
function reworded(error: unknown): never {
  if (!(error instanceof ProvisioningError)) throw error;
  const what = error.problems.length === 1 ? 'a mistake' : `${error.problems.length} mistakes`;
  throw new Error(`What Signet was given has ${what}:\n${error.problems.join('\n')}`, { cause: error });
}
