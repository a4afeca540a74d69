// One rule for every password that somebody chooses, whichever way it comes in.
import { passwordProblem } from '../domain/user.ts';
import { isGuessable } from './guessable.ts';

/** What is said of a password that is long enough and still guessed at once. */
export const guessablePassword =
  'is too easy to guess: it is common, a row of keys, or made of the names around it; a few words that do not belong together are hard';

/** Why somebody may not choose this password, or undefined when they may. `around`: the names that it must not be made of. */
export function chosenPasswordProblem(password: string, around: readonly (string | undefined)[]): string | undefined {
  const names = around.filter((name) => name !== undefined);
  return passwordProblem(password) ?? (isGuessable(password, names) ? guessablePassword : undefined);
}
