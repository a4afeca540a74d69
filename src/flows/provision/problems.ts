// Mistakes in a provisioning file, each with its place.

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

/** Where in the file's structure something stands. */
export type Path = readonly (string | number)[];

/** A mistake before it has a place. */
export type Mistake = { readonly path: Path; readonly problem: string };
