// Whether an administrator may do one thing: by the token, by the roles, and by how long ago they signed in.
import type { AdminScope } from '../../domain/admin-rights.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { assertFreshSignIn } from '../fresh-sign-in.ts';
import type { Administrator } from './administrator.ts';

/**
 * RFC 6750 3.1, RFC 9470 3. `isDangerous`: a person must have signed in of late; a program cannot, and its scopes decide.
 * @throws OAuthError insufficient_scope when the token lacks it, insufficient_user_authentication; Refusal forbidden when the
 * roles do.
 */
export function assertMay(
  { context, scopes }: Administrator,
  { scope, isDangerous = false }: { readonly scope: AdminScope; readonly isDangerous?: boolean | undefined },
): void {
  if (!scopes.includes(scope)) throw new OAuthError('insufficient_scope', `This needs the scope ${scope}.`);
  if (!context.rights.has(scope))
    throw new Refusal('forbidden', `Your roles do not allow ${scope}, whatever the token says.`);
  if (isDangerous) assertFreshSignIn(context);
}
