// What the audit log says of a change: each member that changed, as it was and as it is.
import { isDeepStrictEqual } from 'node:util';

/** `before` and `after` of what changed; nothing of the rest. Give it nothing secret, and nothing that says who somebody is. */
export function difference(before: object, after: object): { readonly before: object; readonly after: object } {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(before[name as keyof typeof before], after[name as keyof typeof after]),
  );
  return { before: only(before, names), after: only(after, names) };
}

function only(whole: object, names: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(whole).filter(([name, value]) => names.includes(name) && value !== undefined),
  );
}
