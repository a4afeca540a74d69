// What people allowed clients, as administrators see it and take it back.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { inReadingOrder } from '../../domain/scope.ts';
import { listAccess, revokeConsent } from '../../storage/consents.ts';
import { eventOf } from '../events.ts';
import { userById } from '../users/change.ts';
import { lockReachableUser } from '../users/find.ts';

export type Consent = Awaited<ReturnType<typeof listAccess>>[number];

/** One for each client, the last first, as on the account page. @throws Refusal not_found for the person. */
export async function listConsents(deps: Deps, context: RequestContext, userId: string): Promise<readonly Consent[]> {
  const { id } = await userById(deps, context, userId, 'person');
  const consents = await listAccess(deps.db, context.tenant.id, id, context.now);
  return consents.map((consent) => ({ ...consent, scopes: inReadingOrder(consent.scopes) }));
}

/** With every grant that came of it. @throws Refusal not_found for the person, or when the client has nothing of theirs; forbidden. */
export async function endConsent(
  deps: Deps,
  context: RequestContext,
  { userId, clientId }: { readonly userId: string; readonly clientId: string },
): Promise<void> {
  const { id } = await userById(deps, context, userId, 'person');
  await deps.db.transaction(async (tx) => {
    await lockReachableUser(tx, context, id, id);
    if (!(await revokeConsent(tx, context.tenant.id, id, clientId, eventOf(deps, context))))
      throw new Refusal('not_found', `The user ${id} allows the client ${clientId} nothing.`);
  });
}
