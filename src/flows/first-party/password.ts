// POST /auth/password: a person changes their password by an application of the tenant's own.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { changeOwnPassword } from '../users/change-own-password.ts';
import { freshBearer } from './bearer.ts';

/**
 * The session of the token goes on, with what came of it.
 * @throws OAuthError invalid_token, insufficient_user_authentication; as {@link changeOwnPassword}.
 */
export async function changePassword(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  given: { current: string; wanted: string },
): Promise<void> {
  await changeOwnPassword(deps, context, await freshBearer(deps, context, accessToken), given);
}
