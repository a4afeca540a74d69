// The hash of a password that somebody chose, if it may be one.
import type { Deps } from '../../deps.ts';
import { invalidInput } from '../../domain/errors.ts';
import { chosenPasswordProblem } from '../../schemas/password.ts';

/**
 * The hash of a password that somebody chose, which must not be made of the names `around` it. It takes long: call it outside
 * of transactions. @throws Refusal invalid_input.
 */
export async function hashOfChosen(
  deps: Deps,
  password: string,
  around: readonly (string | undefined)[],
): Promise<string> {
  const problem = chosenPasswordProblem(password, around);
  if (problem !== undefined) throw invalidInput([{ path: ['password'], problem }]);
  return deps.hasher.hash(password);
}
