// Status lists as they are published: which bits are set, and a signed token for each list that somebody asks for.
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import { contentTag } from '../../crypto/hash.ts';
import { signJwt, type SigningKey } from '../../crypto/jwt.ts';
import type { Deps } from '../../deps.ts';
import { defaultSigningAlgs } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { endpoints } from '../../domain/endpoints.ts';
import {
  bitsPerHour,
  bitsPerList,
  hourOf,
  hourOfBit,
  type ListName,
  listNumber,
  nameOf,
  oldestHour,
  parseListName,
} from '../../domain/status-list.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Memory } from '../../storage/memory.ts';
import { placesTaken, revokedSince } from '../../storage/status-bits.ts';
import { signingKey } from '../keys/ring.ts';

const deflated = promisify(deflate);
const gzipped = promisify(gzip);

/** Seconds after which whoever has a list asks again: Token Status List 5.1 `ttl`. */
export const statusListTtl = 2;

/** Seconds: a list is signed anew after the first (verifiers let two servers differ by as much), and not taken after the second. */
const signedFor = 900;
const validFor = 3600;

/** Hours from now on in which a token may expire at most. */
const longestAhead = 24 * 31;

/** A list as it is sent. `etag`: of its bits and of when they were signed; a weak one, because it is the same for both forms. */
export type PublishedList = { readonly body: Buffer; readonly gzip: Buffer; readonly etag: string };

type Bits = { readonly bytes: Buffer; change: number };
type Signed = { readonly list: PublishedList; readonly change: number; readonly at: number; readonly kid: string };

type Lists = {
  /** By their number; a list that is not here has no bit set. */
  readonly bits: Map<number, Bits>;
  readonly signed: Map<string, Signed>;
  readonly signing: Map<string, Promise<PublishedList>>;
  position: string;
  reading: Promise<void> | undefined;
};

/** By tenant and generation. Each process has one of its own. */
const listsBy = new WeakMap<Memory, Map<string, Lists>>();
/** Tenants whose lists are in memory. */
const mostTenants = 1000;
/** Signed lists of one tenant that are in memory. */
const mostSigned = 500;

/**
 * Token Status List 8.1: the list of this name as it is now. Of a generation that is not
 * the present one, every token is revoked. @returns undefined for what is no list in which a token of the present has a place.
 */
export async function statusList(
  deps: Deps,
  context: RequestContext,
  name: string,
): Promise<PublishedList | undefined> {
  const { tenant, now } = context;
  const asked = parseListName(name);
  if (!asked || asked.hour < oldestHour(now) || asked.hour > hourOf(now / 1000) + longestAhead) return undefined;
  const lists = listsOf(deps.memory, tenant);
  const isPresent = asked.generation === tenant.statusGeneration;
  // Strangers may ask for as many names as they like: they are signed, and neither packed nor kept.
  if (!isPresent)
    return publish(context, await signingKey(deps, tenant, defaultSigningAlgs.accessToken), asked, await lstOfEveryBit);
  await readRevoked(deps, tenant, lists, now);
  const bits = lists.bits.get(listNumber(asked));
  if (!bits && !lists.signed.has(name) && !(await isListTaken(deps, tenant, asked))) return undefined;
  const change = bits?.change ?? 0;
  const known = lists.signed.get(name);
  const key = await signingKey(deps, tenant, defaultSigningAlgs.accessToken);
  // By a key that was taken back nobody would believe it.
  const isCurrent = known?.change === change && known.kid === key.kid;
  if (isCurrent && now >= known.at && now - known.at < signedFor * 1000) return known.list;
  // Whoever comes while this one is being signed may need a later one.
  const version = `${name} ${change} ${key.kid}`;
  let signing = lists.signing.get(version);
  if (!signing) {
    // What changes while it is packed belongs to the next one.
    signing = (bits ? packed(Buffer.from(bits.bytes)) : lstOfNoBit)
      .then((lst) => publish(context, key, asked, lst))
      .finally(() => lists.signing.delete(version));
    lists.signing.set(version, signing);
  }
  const list = await signing;
  if (lists.signed.size >= mostSigned) lists.signed.delete(lists.signed.keys().next().value!);
  lists.signed.set(name, { list, change, at: now, kid: key.kid });
  return list;
}

/** Token Status List 4.2: as ZLIB in base64url. */
async function packed(bytes: Buffer): Promise<string> {
  return (await deflated(bytes)).toString('base64url');
}

const lstOfEveryBit = packed(Buffer.alloc(bitsPerList / 8, 0xff));
const lstOfNoBit = packed(Buffer.alloc(bitsPerList / 8));

/** Whether some token of the present may have a place in it. */
async function isListTaken({ db }: Deps, { id }: Tenant, { hour, part }: ListName): Promise<boolean> {
  return (await placesTaken(db, id, hour)) > part * bitsPerList;
}

function listsOf(memory: Memory, { id, statusGeneration }: Tenant): Lists {
  let all = listsBy.get(memory);
  if (!all) listsBy.set(memory, (all = new Map()));
  const key = `${id} ${statusGeneration}`;
  let lists = all.get(key);
  if (!lists) {
    if (all.size >= mostTenants) all.delete(all.keys().next().value!);
    lists = {
      bits: new Map(),
      signed: new Map(),
      signing: new Map(),
      position: '0',
      reading: undefined,
    };
    all.set(key, lists);
  }
  return lists;
}

/** A bit is only ever set: what the database should forget stays revoked here. */
async function readRevoked(deps: Deps, tenant: Tenant, lists: Lists, now: number): Promise<void> {
  // Whoever comes meanwhile takes what this one reads: many requests, one question.
  lists.reading ??= (async () => {
    let { position, revoked } = await revokedSince(deps.db, tenant.id, lists.position, now);
    // A standby took over that had not heard of everything: what it did since may stand before our place.
    if (BigInt(position) < BigInt(lists.position))
      ({ position, revoked } = await revokedSince(deps.db, tenant.id, '0', now));
    for (const { first, count } of revoked) for (let bit = first; bit < first + count; bit += 1) set(lists, bit);
    for (const number of lists.bits.keys())
      if (number < listNumber({ hour: oldestHour(now), part: 0 })) lists.bits.delete(number);
    lists.position = position;
  })().finally(() => {
    lists.reading = undefined;
  });
  await lists.reading;
}

function set(lists: Lists, bit: number): void {
  const place = bit % bitsPerHour;
  const number = listNumber({ hour: hourOfBit(bit), part: Math.floor(place / bitsPerList) });
  const idx = place % bitsPerList;
  let bits = lists.bits.get(number);
  if (!bits) lists.bits.set(number, (bits = { bytes: Buffer.alloc(bitsPerList / 8), change: 0 }));
  const mask = 1 << (idx & 7);
  if ((bits.bytes[idx >> 3]! & mask) !== 0) return;
  bits.bytes[idx >> 3]! |= mask;
  bits.change += 1;
}

/** Token Status List 5.1. */
async function publish(
  { tenant, now }: RequestContext,
  key: SigningKey,
  asked: ListName,
  lst: string,
): Promise<PublishedList> {
  const iat = Math.floor(now / 1000);
  const token = await signJwt(key, 'statuslist+jwt', {
    iss: tenant.issuer,
    sub: `${tenant.issuer}${endpoints.status}/${nameOf(asked)}`,
    iat,
    exp: iat + validFor,
    ttl: statusListTtl,
    status_list: { bits: 1, lst },
  });
  const body = Buffer.from(token);
  return { body, gzip: await gzipped(body), etag: `W/"${contentTag(Buffer.from(`${iat} ${lst}`))}"` };
}
