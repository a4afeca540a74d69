// Mistakes in a provisioning file, each with its place.

/** Nothing of the file was applied. Each problem names line, column and what to do. */
export class ProvisioningError extends Error {
  override readonly name = 'ProvisioningError';
  readonly problems: readonly string[];
  /** What was given breaks the rules by itself, whatever is stored. */
  readonly isOfInput: boolean;

  constructor(problems: readonly string[], { isOfInput = false }: { isOfInput?: boolean } = {}) {
    super(
      `The provisioning file has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.join('\n')}`,
    );
    this.problems = problems;
    this.isOfInput = isOfInput;
  }
}

/** Where in the file's structure something stands. */
export type Path = readonly (string | number)[];

/** A mistake before it has a place. `at` name: it is the name that is wrong, not what stands behind it. */
export type Mistake = { readonly path: Path; readonly at?: 'name'; readonly problem: string };

/** The way from a part of the file to its position in the text (`name:line:column` and what it is called). */
export type PositionOf = (path: Path, at?: 'name') => string;

// All begin with the name of the same file, so that lines and columns are what is compared, as numbers.
const byPlace = new Intl.Collator('en', { numeric: true });

/** The mistakes as people read them, in the order of the file. */
export function withPositions(mistakes: readonly Mistake[], position: PositionOf): string[] {
  return mistakes
    .map(({ path, at, problem }) => `${position(path, at)} ${problem}`)
    .toSorted((one, other) => byPlace.compare(one, other));
}
