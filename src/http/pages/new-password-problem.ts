// Why a new password may not be one, in words of a page.
import type { Refusal } from '../../domain/errors.ts';
import { shortestPassword } from '../../domain/user.ts';
import { samePassword } from '../../flows/users/change-own-password.ts';
import { guessablePassword } from '../../schemas/password.ts';
import type { Translate } from '../../texts/messages.ts';

export function newPasswordProblem({ mistakes }: Refusal, t: Translate): string {
  const problem = mistakes[0]?.problem;
  if (problem === samePassword) return t('password.error.same');
  if (problem === guessablePassword) return t('setup.error.password_guessable');
  return t('setup.error.password_short', { minimum: shortestPassword });
}
