// Where the status of an access token stands: taken from blocks of places that this process holds, without asking the database.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { OAuthError } from '../../domain/errors.ts';
import { bitAt, hourOf, hourOfBit, oldestHour, placeOwner, type StatusPlace } from '../../domain/status-list.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Memory } from '../../storage/memory.ts';
import { takeStatusBlock } from '../../storage/status-bits.ts';

/** A bit that such tokens have already. `of`: {@link placeOwner}. */
export type KnownBit = { readonly bit: number; readonly of: string };

/** Places from `first` on, in a random order; those before `next` are given away. */
type Block = { readonly first: number; readonly order: Uint16Array; next: number };

type Held = {
  readonly hour: number;
  block: Block | undefined;
  spare: Block | undefined;
  taking: Promise<void> | undefined;
};

/** By tenant, generation of its lists, clients as they are, and hour. Each process has one of its own. */
const heldBy = new WeakMap<Memory, Map<string, Held>>();

/** Those of the longest ago go first; what is left of them is never used. */
const mostHeld = 10_000;

/** Doubled with each block that is used up. */
const smallestBlock = 64;
const largestBlock = 16_384;

/**
 * Token Status List 6.2: the place of a token that expires at `exp` (seconds). One that is known, if it is of that hour; else
 * one that no other token ever had. Nobody can tell from it whose it is, nor when it was given. One round trip for a whole block.
 * @throws OAuthError invalid_client when the client was disabled or deleted meanwhile.
 */
export async function statusPlace(
  deps: Deps,
  tenant: Tenant,
  {
    client,
    through,
    known,
    exp,
  }: {
    readonly client: Client;
    /** The other clients that the token came through. */
    readonly through: readonly Client[];
    readonly known: readonly KnownBit[];
    readonly exp: number;
  },
): Promise<StatusPlace> {
  const hour = hourOf(exp);
  const { version } = client;
  const of = placeOwner([client, ...through]);
  // Of an older version it may be among those that were revoked when the client was disabled.
  const found = known.find((one) => one.of === of && hourOfBit(one.bit) === hour);
  if (found) return { bit: found.bit, isNew: false, version, of };
  const held = heldOf(deps, `${tenant.id} ${tenant.statusGeneration} ${of} ${hour}`, hour);
  const block = { clientId: client.id, through: through.map(({ id }) => id), hour };
  for (;;) {
    const place = nextOf(held);
    if (held.spare === undefined && isHalfUsed(held.block)) held.taking ??= take(deps, tenant, block, held);
    if (place !== undefined) {
      // The block that follows comes beside the requests, and whoever needs it hears of a failure.
      held.taking?.catch(() => undefined);
      return { bit: bitAt(hour, place), isNew: true, version, of };
    }
    await held.taking;
  }
}

function heldOf({ memory, clock }: Deps, key: string, hour: number): Held {
  let all = heldBy.get(memory);
  if (!all) heldBy.set(memory, (all = new Map()));
  let held = all.get(key);
  if (!held) {
    const oldest = oldestHour(clock());
    for (const [other, one] of all) {
      if (one.hour >= oldest && all.size < mostHeld) break;
      all.delete(other);
    }
    all.set(key, (held = { hour, block: undefined, spare: undefined, taking: undefined }));
  }
  return held;
}

function nextOf(held: Held): number | undefined {
  if (held.block === undefined || held.block.next === held.block.order.length) {
    held.block = held.spare;
    held.spare = undefined;
  }
  const { block } = held;
  if (block === undefined) return undefined;
  const place = block.first + block.order[block.next]!;
  block.next += 1;
  return place;
}

function isHalfUsed(block: Block | undefined): boolean {
  return block === undefined || block.next * 2 >= block.order.length;
}

async function take(
  deps: Deps,
  tenant: Tenant,
  block: { readonly clientId: string; readonly through: readonly string[]; readonly hour: number },
  held: Held,
): Promise<void> {
  try {
    const size = held.block ? Math.min(2 * held.block.order.length, largestBlock) : smallestBlock;
    const first = await takeStatusBlock(deps.db, tenant.id, { ...block, size });
    if (first === undefined) throw new OAuthError('invalid_client', 'The client was disabled.');
    held.spare = { first, order: shuffled(deps, size), next: 0 };
  } finally {
    held.taking = undefined;
  }
}

/** Durstenfeld's shuffle of 0 to `size` - 1. */
function shuffled(deps: Deps, size: number): Uint16Array {
  const order = Uint16Array.from({ length: size }, (_, n) => n);
  const random = deps.random(4 * size);
  for (let left = size; left > 1; left -= 1) {
    const other = random.readUInt32LE(4 * (left - 1)) % left;
    [order[left - 1], order[other]] = [order[other]!, order[left - 1]!];
  }
  return order;
}
