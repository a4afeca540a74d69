// `signet/testing`: a real Signet on a real PostgreSQL inside somebody else's test run.
/// <reference lib="esnext.disposable" preserve="true" />
import { applyObject } from '../flows/provision/apply-object.ts';
import { ProvisioningError } from '../flows/provision/problems.ts';
import { type AuthorizeOptions, createBrowser } from './browser.ts';
import { createClock, type TestClock } from './clock.ts';
import { requestTokens, type SignIn, type TokenResponse } from './code-flow.ts';
import { openTestDatabase } from './database.ts';
import { type CapturedMail, type CapturedSms, createMailbox } from './mailbox.ts';
import { createKnown, type Provisioning } from './known.ts';
import { startOnFreePort } from './start.ts';

export type { AuthorizeOptions, CapturedMail, CapturedSms, Provisioning, SignIn, TestClock, TokenResponse };

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
  /** The mails that it would have sent, in the order in which they came. */
  readonly mails: readonly CapturedMail[];
  /** The newest mail to `address`, and of `purpose` if it is given; waits for it. @throws Error when none comes in five seconds. */
  mailTo(address: string, purpose?: string): Promise<CapturedMail>;
  /** The text messages that it would have sent, in the order in which they came. */
  readonly sms: readonly CapturedSms[];
  /** The newest text message to `number` (E.164), and of `purpose` if it is given; waits for it. @throws Error when none comes in five seconds. */
  smsTo(number: string, purpose?: string): Promise<CapturedSms>;
  /** Ends it; its database is gone then. */
  stop(): Promise<void>;
};

/** Starts it; as many as you like, in as many processes as you like. @throws Error with every mistake in what it was given. */
export async function startSignet(options: TestOptions = {}): Promise<TestSignet> {
  const { now, port, databaseUrl, logLevel = 'error', ...given } = options;
  const clock = createClock(now);
  const mailbox = createMailbox();
  const { server, stop: end } = await startOnFreePort({
    port,
    openDatabase: () => openTestDatabase(databaseUrl),
    config: { logLevel },
    replaced: { clock: () => clock.now, mailCourier: mailbox.mailCourier, smsCourier: mailbox.smsCourier },
  });
  const { publicUrl: issuer } = server.deps;
  const known = createKnown();
  const provision = async (more: Provisioning) => {
    const whole = known.complete(more);
    await applyObject(server.deps, whole).catch(reworded);
    known.keep(whole);
  };
  await provision(given).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const openBrowser = (): TestBrowser => {
    const browser = createBrowser(issuer);
    return {
      authorize(url, username, { password, consent = 'allow' } = {}) {
        const person = { username, password: () => password ?? known.passwordOf(username) };
        return browser.authorize(url, person, consent);
      },
    };
  };
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= end());
  return {
    issuer,
    url: server.url,
    clock,
    provision,
    signIn: async ({ client, username, password, ...asked }) =>
      requestTokens(issuer, known.client(client), asked, (url) => openBrowser().authorize(url, username, { password })),
    authorize: (url, username, how) => openBrowser().authorize(url, username, how),
    openBrowser,
    mails: mailbox.mails,
    mailTo: (address, purpose) => mailbox.mailTo(address, purpose),
    sms: mailbox.sms,
    smsTo: (number, purpose) => mailbox.smsTo(number, purpose),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** There is no file here. */
function reworded(error: unknown): never {
  if (!(error instanceof ProvisioningError)) throw error;
  const what = error.problems.length === 1 ? 'a mistake' : `${error.problems.length} mistakes`;
  throw new Error(`What Signet was given has ${what}:\n${error.problems.join('\n')}`, { cause: error });
}
