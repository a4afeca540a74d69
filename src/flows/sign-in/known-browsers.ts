// The signed cookie that says which accounts a browser has signed in to before: those have a budget of attempts of their own.
import type { Deps } from '../../deps.ts';
import { acrValues, reaches } from '../../domain/factors.ts';

const mostAccounts = 5;

type Known = { readonly userId: string; readonly deviceId: string; readonly mac: string };

/** What the browser is known by: a password, or a second factor as well. */
type By = 'password' | 'code';

/**
 * The id under which this browser is known to the account, or undefined. With a budget of codes of its own (`by`: 'code') only
 * where a second factor was proven: who has the password alone could else gather as many budgets as they like.
 */
export function knownBrowserOf(
  deps: Deps,
  tenantId: string,
  cookie: string | undefined,
  userId: string,
  by: By,
): string | undefined {
  const entry = parse(cookie).find((known) => known.userId === userId);
  if (!entry) return undefined;
  const enough = by === 'code' ? (['code'] as const) : (['code', 'password'] as const);
  return enough.some((proven) => deps.box.matches('known browser', about(tenantId, entry, proven), entry.mac))
    ? entry.deviceId
    : undefined;
}

/** The cookie after a sign-in that reached `acr`: this account first, older ones kept up to a few. */
export function withKnownBrowser(
  deps: Deps,
  tenantId: string,
  cookie: string | undefined,
  { userId, acr }: { readonly userId: string; readonly acr: string },
): string {
  const by: By = reaches(acr, acrValues[1]) ? 'code' : 'password';
  const deviceId = knownBrowserOf(deps, tenantId, cookie, userId, by) ?? deps.random(12).toString('base64url');
  const mac = deps.box.mac('known browser', about(tenantId, { userId, deviceId }, by));
  const entry = { userId, deviceId, mac };
  const others = parse(cookie).filter((known) => known.userId !== userId);
  return [entry, ...others]
    .slice(0, mostAccounts)
    .map((known) => `${known.userId}~${known.deviceId}~${known.mac}`)
    .join('!');
}

function about(tenantId: string, { userId, deviceId }: Omit<Known, 'mac'>, by: By): string {
  return `${tenantId} ${userId} ${deviceId}${by === 'code' ? ' code' : ''}`;
}

function parse(cookie: string | undefined): Known[] {
  return (cookie ?? '').split('!').flatMap((part) => {
    const match = /^([0-9a-f-]{36})~([A-Za-z0-9_-]{16})~([A-Za-z0-9_.-]{20,80})$/.exec(part);
    return match ? [{ userId: match[1]!, deviceId: match[2]!, mac: match[3]! }] : [];
  });
}
