// A check taken out of the source, and the test that must then fail.

export type Mutant = {
  /** What is no longer checked. */
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly remove: string;
  readonly insert: string;
  readonly test: string;
  /** Only the tests whose names match; undefined: the whole file. */
  readonly title?: string;
};
