// Request parameters as they came: which were sent, and which more than once.

/** Parameters of one request, from a query, a form or a flat JSON object. Names and values are decoded. */
export type Params = {
  /** The value, or undefined when absent or empty (RFC 6749 3.1: empty means omitted). */
  get(name: string): string | undefined;
  /** Every value, for parameters that may repeat (RFC 8707 `resource`). */
  all(name: string): readonly string[];
  /** Every name that came. */
  readonly names: readonly string[];
  /** Names that came more than once. */
  readonly repeated: ReadonlySet<string>;
};

/** Parameters from decoded pairs, in their order. */
export function paramsFrom(pairs: Iterable<readonly [string, string]>): Params {
  const values = new Map<string, string[]>();
  const repeated = new Set<string>();
  for (const [name, value] of pairs) {
    const seen = values.get(name);
    if (seen) {
      seen.push(value);
      repeated.add(name);
    } else {
      values.set(name, [value]);
    }
  }
  return {
    get: (name) => values.get(name)?.[0] || undefined,
    all: (name) => (values.get(name) ?? []).filter((value) => value !== ''),
    names: [...values.keys()],
    repeated,
  };
}

/**
 * RFC 6749 3.1 and 3.2: the first parameter that came more than once although it must not. One that is not `known` is not
 * named: a stranger's words are never part of our sentence.
 */
export function firstRepeated(
  params: Params,
  known: readonly string[],
  mayRepeat: readonly string[] = [],
): string | undefined {
  const repeated = [...params.repeated].filter((name) => !mayRepeat.includes(name));
  return repeated.find((name) => known.includes(name)) ?? (repeated.length > 0 ? 'A parameter' : undefined);
}
