// Ids by their ends, for commands: tables show no more of them.
import type { Deps } from '../deps.ts';
import type { RequestContext } from '../domain/context.ts';
import * as storage from '../storage/short-ids.ts';

/** Up to two living sessions of the tenant whose ids end so. */
export function sessionsEndingIn({ db }: Deps, { tenant, now }: RequestContext, end: string): Promise<string[]> {
  return storage.sessionsEndingIn(db, tenant.id, end, now);
}

/** Up to two messages of the tenant whose ids end so. */
export function messagesEndingIn({ db }: Deps, { tenant }: RequestContext, end: string): Promise<string[]> {
  return storage.messagesEndingIn(db, tenant.id, end);
}
