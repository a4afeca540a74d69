// A sign-in attempt before anything is proven: sealed, in the hands of the browser, and no row of ours. Strangers store nothing.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Deps } from '../../deps.ts';
import type { WaitingChange } from '../../domain/account-change.ts';
import type { AuthorizationRequest } from '../../domain/authorization-request.ts';
import type { RequestContext } from '../../domain/context.ts';

/** What it carries. `browser`: SHA-256 of the cookie of the browser that it belongs to, in base64url; undefined: of the first that comes with it. */
export type SealedAttempt = {
  /** Of the row that it becomes when a factor is proven. */
  readonly id: string;
  readonly browser: string | undefined;
  readonly request: AuthorizationRequest | undefined;
  /** Instead of a request. */
  readonly accountChange?: WaitingChange | undefined;
  /** Milliseconds. */
  readonly expiresAt: number;
};

/** Characters. With host and path an address stays below 8 kB, which every browser, server and proxy takes. */
const longest = 7500;

/** Bytes of what is unpacked: a request's own limits are below it. */
const mostBytes = 32_768;

const purpose = 'sign-in attempt';

/** For a form or an address; undefined when the request is too long for one. */
export function sealAttempt(deps: Deps, { tenant }: RequestContext, attempt: SealedAttempt): string | undefined {
  const sealed = deps.box.seal(purpose, tenant.id, deflateRawSync(JSON.stringify(attempt)));
  return sealed.length > longest ? undefined : sealed;
}

/** True for what may be one: an id of a row has no dot. */
export function looksSealed(value: string): boolean {
  return value.length <= longest && /^[A-Za-z0-9_-]{8}\.[A-Za-z0-9_-]+$/.test(value);
}

/** Undefined when it is none of this tenant's, or has expired. */
export function openAttemptSeal(deps: Deps, context: RequestContext, value: string): SealedAttempt | undefined {
  const attempt = openLateSeal(deps, context, value);
  return attempt && attempt.expiresAt > context.now ? attempt : undefined;
}

/** The same of one that may have expired: good for saying where its person came from, and nothing else. */
export function openLateSeal(deps: Deps, { tenant }: RequestContext, value: string): SealedAttempt | undefined {
  if (!looksSealed(value)) return undefined;
  let packed: Buffer;
  try {
    packed = deps.box.open(purpose, tenant.id, value);
  } catch {
    return undefined;
  }
  return JSON.parse(inflateRawSync(packed, { maxOutputLength: mostBytes }).toString()) as SealedAttempt;
}
