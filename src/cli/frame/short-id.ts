// Short ids: what tables show of a long id, and which long one is meant by what was typed.
import { CommandError } from './run.ts';

/** Ids begin with the time, and what was made at the same time begins alike: their ends differ. */
const shortest = 8;

/** The ends of `ids`, as short as tells these ones apart. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  let length = shortest;
  const areAlike = () => new Set(ids.map((id) => id.slice(-length))).size < new Set(ids).size;
  while (areAlike()) length += 1;
  return (id) => id.slice(-length);
}

/**
 * The id that `typed` stands for: itself, or the only one that ends so. `find` looks for up to two. What nothing ends in is
 * left to the flow, which says that there is none. @throws CommandError failed when more than one ends so.
 */
export async function longId(typed: string, find: (end: string) => Promise<readonly string[]>): Promise<string> {
  if (!/^[\w-]{4,35}$/.test(typed)) return typed;
  const found = await find(typed);
  if (found.length > 1 && !found.includes(typed))
    throw new CommandError('usage', `More than one id ends in ${typed}: give more of it; --json shows ids as a whole.`);
  return found.length === 1 ? found[0]! : typed;
}
