// The circumstances of one request that every flow needs: whose issuer, when, from where.
import type { Tenant } from './tenant.ts';

export type RequestContext = {
  readonly tenant: Tenant;
  /** Milliseconds; asked of the clock once per request. */
  readonly now: number;
  readonly requestId: string | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
};
