// The signed cookie that says which accounts a browser has signed in to before: those have a budget of attempts of their own.
import type { Deps } from '../../deps.ts';

const mostAccounts = 5;

type Known = { readonly userId: string; readonly deviceId: string; readonly mac: string };

/** The id under which this browser is known to the account, or undefined. */
export function knownBrowserOf(
  deps: Deps,
  tenantId: string,
  cookie: string | undefined,
  userId: string,
): string | undefined {
  const entry = parse(cookie).find((known) => known.userId === userId);
  return entry && deps.box.matches('known browser', about(tenantId, entry), entry.mac) ? entry.deviceId : undefined;
}

/** The cookie after a sign-in: this account first, older ones kept up to a few. */
export function withKnownBrowser(deps: Deps, tenantId: string, cookie: string | undefined, userId: string): string {
  const deviceId = knownBrowserOf(deps, tenantId, cookie, userId) ?? deps.random(12).toString('base64url');
  const entry = { userId, deviceId, mac: deps.box.mac('known browser', about(tenantId, { userId, deviceId })) };
  const others = parse(cookie).filter((known) => known.userId !== userId);
  return [entry, ...others]
    .slice(0, mostAccounts)
    .map((known) => `${known.userId}~${known.deviceId}~${known.mac}`)
    .join('!');
}

function about(tenantId: string, { userId, deviceId }: Omit<Known, 'mac'>): string {
  return `${tenantId} ${userId} ${deviceId}`;
}

function parse(cookie: string | undefined): Known[] {
  return (cookie ?? '').split('!').flatMap((part) => {
    const match = /^([0-9a-f-]{36})~([A-Za-z0-9_-]{16})~([A-Za-z0-9_.-]{20,80})$/.exec(part);
    return match ? [{ userId: match[1]!, deviceId: match[2]!, mac: match[3]! }] : [];
  });
}
