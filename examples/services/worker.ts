// The worker: a program without a user that calls the order service with a token of its own, one for many calls.
import * as openid from 'openid-client';
import { patience, shop } from './shop.ts';

export type WorkerOptions = {
  /** Where Signet is: the issuer, character by character. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the order service is. */
  readonly orders: string;
};

export type Worker = {
  /** The orders of a user. @throws Error when they cannot be had. */
  ordersOf(userId: string): Promise<readonly unknown[]>;
  /** How many tokens it has asked for so far. */
  readonly tokensAsked: number;
};

/** @throws when Signet cannot be reached at the issuer. */
export async function createWorker({ issuer, clientId, clientSecret, orders }: WorkerOptions): Promise<Worker> {
  // Plain http is for a Signet on this machine; everywhere else an issuer begins with https.
  const execute = issuer.startsWith('http:') ? [openid.allowInsecureRequests] : [];
  const signet = await openid.discovery(new URL(issuer), clientId, clientSecret, undefined, { execute });
  let current: Promise<string> | undefined;
  let renewAt = 0;
  let tokensAsked = 0;

  async function askForToken(): Promise<string> {
    tokensAsked += 1;
    const tokens = await openid.clientCredentialsGrant(signet, { resource: shop, scope: 'orders:read' });
    renewAt = Date.now() + (tokens.expires_in ?? 0) * 800;
    return tokens.access_token;
  }

  /** One for all calls, also for those that come while it is asked for; another when a fifth of its time is left. */
  function accessToken(): Promise<string> {
    if (current && Date.now() < renewAt) return current;
    renewAt = Infinity;
    current = askForToken();
    current.catch(forget);
    return current;
  }

  function forget(): void {
    current = undefined;
  }

  return {
    async ordersOf(userId) {
      const url = new URL('/orders', orders);
      url.searchParams.set('userId', userId);
      const authorization = `Bearer ${await accessToken()}`;
      const answer = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(patience) });
      // The next call comes with another one.
      if (answer.status === 401) forget();
      if (!answer.ok) throw new Error(`The order service answered ${answer.status}: ${await answer.text()}`);
      return ((await answer.json()) as { orders: unknown[] }).orders;
    },
    get tokensAsked() {
      return tokensAsked;
    },
  };
}
