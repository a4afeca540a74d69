// The example applications for tests: started on a free port under any host of this machine, and entered by a browser.
import type { Page } from 'playwright-core';
import { clientsAt } from '../../examples/demo/world.ts';
import { startHarbor } from '../../examples/harbor/harbor.ts';
import { startLedger } from '../../examples/ledger/ledger.ts';
import { startOrchard } from '../../examples/orchard/orchard.ts';
import type { ClientEntry } from '../../src/schemas/client.ts';
import { passTo, type Person } from './sign-in-page.ts';
import { freePort } from '../../src/testing/start.ts';

export type Application = {
  readonly origin: string;
  /** How it is registered at Signet; somebody else's, who needs consent. */
  readonly registration: ClientEntry & { readonly client_id: string };
  stop(): Promise<void>;
};

const secret = 'a-secret-that-has-at-least-32-characters';

/** Starts one of them. It is not registered yet. */
export async function startApplication(
  issuer: string,
  clientId: 'harbor' | 'ledger' | 'orchard',
  host: string,
): Promise<Application> {
  const port = await freePort();
  const url = `http://${host}:${port}`;
  const start = { harbor: startHarbor, ledger: startLedger, orchard: startOrchard }[clientId];
  const running = await start({ issuer, clientId, clientSecret: secret, url, port });
  const clients = clientsAt({ harbor: url, ledger: url, orchard: url }, { harbor: secret, ledger: secret });
  const registration = clients.find(({ client_id }) => client_id === clientId)!;
  return { origin: url, registration: { ...registration, first_party: false }, stop: () => running.stop() };
}

/** Signs in at Harbor or Ledger: says what Signet asked for on the way. */
export async function enter(page: Page, { origin }: Application, person: Person): ReturnType<typeof passTo> {
  await page.goto(`${origin}/sign-in`);
  return passTo(page, `${origin}/`, person);
}

/**
 * Begins a sign-in at Harbor or Ledger with other parameters in the authorization request than it sends by itself. It
 * has to be on 127.0.0.1: this request is not the browser's, and other hosts are found only by browsers.
 */
export async function beginWith(page: Page, { origin }: Application, change: Record<string, string>): Promise<void> {
  const redirect = await page.request.get(`${origin}/sign-in`, { maxRedirects: 0 });
  const request = new URL(redirect.headers()['location']!);
  for (const [name, value] of Object.entries(change)) request.searchParams.set(name, value);
  await page.goto(request.href);
}

/** Has Ledger, on 127.0.0.1, refresh its tokens for whoever is signed in in this browser. */
export async function refreshAt(page: Page, { origin }: Application): Promise<'refreshed' | 'ended' | 'nobody'> {
  const answer = await (await page.request.post(`${origin}/refresh`)).text();
  if (answer.includes('id="refreshes"')) return 'refreshed';
  return answer.includes('id="ended"') ? 'ended' : 'nobody';
}
