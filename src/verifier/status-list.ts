// One status list: fetched, and taken only if it is the issuer's, in its time, and no older than the one before.
import type { JWTPayload } from 'jose';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { fetchStatusList, mostListBytes } from './issuer-documents.ts';
import type { KeySet } from './key-set.ts';
import { type Settings, usualAlgorithms } from './options.ts';
import { isInTime, judgeSignedToken } from './signed-token.ts';

/** Times in seconds since 1970. */
export type StatusList = {
  /** One bit for each token, from the lowest of the first byte on; 1: it was revoked. */
  readonly bits: Uint8Array;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Seconds for which the issuer lets it be used without asking again; Infinity when it does not say. */
  readonly ttl: number;
  readonly etag: string | undefined;
};

/** Seconds: after that the issuer signs a list anew that did not change. */
const servedFor = 900;

/** Seconds by which the clock of the issuer may be ahead: a list is signed when it changes, and nobody could wait for it. */
const aheadTolerance = 60;

/** Bytes: eight million tokens. */
const mostInflatedBytes = 1024 * 1024;

const inflated = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate);

/**
 * Token Status List 5.1, 8.3: the list at this address, with every bit that is set in the one that is held: a token that was
 * revoked stays revoked. @throws Error for a list that is not good, KeysUnavailable, and what `fetch` throws
 */
export async function loadStatusList(
  address: string,
  held: StatusList | undefined,
  settings: Settings,
  keySet: KeySet,
): Promise<StatusList> {
  const { issuer, algorithms, clockTolerance, now: clock } = settings;
  // One that has expired is not renewed.
  const isRenewable = held !== undefined && isInTime({ exp: held.expiresAt }, clock(), clockTolerance);
  const fetched = await fetchStatusList(address, isRenewable ? held.etag : undefined, settings);
  const now = clock();
  if (!fetched) return asSigned(held!, address, settings);
  const claims = await judgeSignedToken(fetched.token, {
    keyNamed: (kid) => keySet.current(kid, now) ?? keySet.keyNamed(kid),
    types: ['statuslist+jwt'],
    issuer,
    algorithms: [...algorithms, ...usualAlgorithms],
    now,
    clockTolerance,
    aheadTolerance,
    longest: mostListBytes,
  });
  if (typeof claims === 'string') throw fault(address, claims);
  const { sub, iat, exp } = claims;
  if (sub !== address) throw fault(address, 'of another address');
  if (iat === undefined) throw fault(address, 'without iat');
  const bits = joined(await bitsOf(claims, address), held?.bits);
  const list = { bits, issuedAt: iat, expiresAt: exp!, ttl: ttlOf(claims, address), etag: fetched.etag };
  return asSigned(list, address, settings);
}

/** @throws Error for a list that its issuer has long signed anew: a cache on the way, or somebody, keeps it back */
function asSigned(list: StatusList, address: string, { now, clockTolerance }: Settings): StatusList {
  if (list.issuedAt < now() / 1000 - servedFor - Math.max(clockTolerance, aheadTolerance))
    throw fault(address, 'signed too long ago');
  return list;
}

/** Token Status List 4.2: one bit for each token, as ZLIB (RFC 1950) in base64url. */
async function bitsOf(claims: JWTPayload, address: string): Promise<Buffer> {
  const { bits, lst } = (claims['status_list'] ?? {}) as { bits?: unknown; lst?: unknown };
  if (bits !== 1) throw fault(address, 'of other than one bit for each token');
  if (typeof lst !== 'string' || !/^[\w-]+$/.test(lst)) throw fault(address, 'without lst');
  return inflated(Buffer.from(lst, 'base64url'), { maxOutputLength: mostInflatedBytes });
}

function ttlOf({ ttl = Infinity }: JWTPayload & { ttl?: unknown }, address: string): number {
  if (typeof ttl === 'number' && ttl > 0) return ttl;
  throw fault(address, 'with a ttl that is no time');
}

/** All bits that are set in one of the two. */
function joined(fetched: Uint8Array, held: Uint8Array = new Uint8Array()): Uint8Array {
  const [all, more] = held.length > fetched.length ? [held.slice(), fetched] : [fetched, held];
  for (let at = 0; at < more.length; at += 1) all[at]! |= more[at]!;
  return all;
}

function fault(address: string, what: string): Error {
  return new Error(`${address} answered with a status list that is not good: ${what}.`);
}
