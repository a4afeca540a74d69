// A mistake in what somebody gave: which part of it, and what is wrong, in words.

/** The way to a part of something structured: names, and numbers in lists. */
export type Path = readonly (string | number)[];

/** Which part, and what is wrong with it. `at` name: it is the name that is wrong, not what stands behind it. */
export type Mistake = { readonly path: Path; readonly at?: 'name'; readonly problem: string };

/** A part as people call it: `clients[0].redirect_uris[1]`; undefined for the whole. */
export function pathInWords(path: Path): string | undefined {
  return path.length === 0
    ? undefined
    : path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}
