// Mistakes in a provisioning file, each with its position.
import type { Path, Mistake } from '../../domain/mistake.ts';

/** Nothing of the file was applied. Each problem names line, column and what to do. */
export class ProvisioningError extends Error {
  override readonly name = 'ProvisioningError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The provisioning file has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.join('\n')}`,
    );
    this.problems = problems;
  }
}

/** The way from a part of the file to its position in the text (`name:line:column` and what it is called). */
export type PositionOf = (path: Path, at?: 'name') => string;

// Numeric collation: line 9 before line 10.
const byPosition = new Intl.Collator('en', { numeric: true });

/** The mistakes as people read them, in the order of the file. */
export function withPositions(mistakes: readonly Mistake[], position: PositionOf): string[] {
  return mistakes
    .map(({ path, at, problem }) => `${position(path, at)} ${problem}`)
    .toSorted((one, other) => byPosition.compare(one, other));
}
