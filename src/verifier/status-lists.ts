// Which status lists are held: those that tokens name, up to a bound.
import { keepList, type KeptList, type Status } from './kept-list.ts';
import type { KeySet } from './key-set.ts';
import type { Settings } from './options.ts';
import { loadStatusList } from './status-list.ts';
import type { StatusReference } from './status-reference.ts';

/** A reference that has found its list, so that nothing is searched the next time. */
export type ListedToken = StatusReference & { held?: HeldList };

/** `list`: undefined once it was dropped. `usedAt`: in the order of all uses. */
type HeldList = { list: KeptList | undefined; usedAt: number };

export type StatusLists = {
  /** The token's status if it can be said at `now` (milliseconds) without waiting. */
  statusNow(token: ListedToken, now: number): Status | undefined;
  /** The token's status; fetches its list if that is too old. @throws StatusUnavailable */
  status(token: ListedToken): Promise<Status>;
};

const mostLists = 1000;

/** Token Status List 8: lists of the issuer. Only for tokens with a good signature: their lists are fetched. */
export function createStatusLists(settings: Settings, keySet: KeySet): StatusLists {
  const all = new Map<string, HeldList>();
  let uses = 0;

  function listOf(token: ListedToken): KeptList {
    let { held } = token;
    if (held?.list === undefined) {
      held = all.get(token.address) ?? added(token.address);
      token.held = held;
    }
    uses += 1;
    held.usedAt = uses;
    return held.list!;
  }

  function added(address: string): HeldList {
    makeRoom(settings.now());
    const held = { list: keepList((former) => loadStatusList(address, former, settings, keySet), settings), usedAt: 0 };
    all.set(address, held);
    return held;
  }

  /** Drops what is over, and the one that has not been used for the longest time if none was. */
  function makeRoom(now: number): void {
    let oldest: string | undefined;
    for (const [address, { list, usedAt }] of all) {
      if (list!.isOver(now)) drop(address);
      else if (oldest === undefined || usedAt < all.get(oldest)!.usedAt) oldest = address;
    }
    if (all.size >= mostLists) drop(oldest!);
  }

  /** Tokens that are remembered with it find it gone, and keep no bits. */
  function drop(address: string): void {
    all.get(address)!.list = undefined;
    all.delete(address);
  }

  return {
    statusNow: (token, now) => listOf(token).statusNow(token.index, now),
    status: (token) => listOf(token).status(token.index),
  };
}
