// Disabling a service account, which ends everything that its keys opened, and enabling it again.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import * as users from '../users/disable.ts';
import { findService } from './find.ts';

/** Its keys are kept, and refused. @throws Refusal not_found. */
export async function disableService(deps: Deps, context: RequestContext, username: string) {
  const { id } = await findService(deps, context, username);
  return users.disableUser(deps, context, id, { force: false });
}

/** What was ended stays ended; the keys open again. @throws Refusal not_found. */
export async function enableService(deps: Deps, context: RequestContext, username: string) {
  const { id } = await findService(deps, context, username);
  return users.enableUser(deps, context, id);
}
