// The circumstances of one request that every flow needs: whose issuer, when, from where.
import type { Tenant } from './tenant.ts';

/** The cookies that flows ask for; see http/cookies.ts. */
export type BrowserCookies = {
  /** Who is signed in. */
  readonly session: string | undefined;
  /** Which browser began a sign-in attempt. */
  readonly browser: string | undefined;
  /** Which accounts have signed in here before. */
  readonly known: string | undefined;
};

export type RequestContext = {
  readonly tenant: Tenant;
  /** Milliseconds; asked of the clock once per request. */
  readonly now: number;
  readonly requestId: string | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
};

/** For what the server does by itself, or at somebody's command. `now` in milliseconds. */
export function contextWithoutRequest(tenant: Tenant, now: number): RequestContext {
  return { tenant, now, requestId: undefined, ip: undefined, userAgent: undefined };
}
