// Ids of new rows, and the origin that every audit event carries.
import type { Deps } from '../deps.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { RequestContext } from '../domain/context.ts';
import { uuidv7 } from '../domain/uuid.ts';
import { recordEvent } from '../storage/audit.ts';
import type { Db } from '../storage/database.ts';

/** A UUIDv7 of this moment. */
export function newId(deps: Deps, now: number): string {
  return uuidv7(now, deps.random(10));
}

/** What a statement that records its own event needs to know of the request. */
export function eventOf(deps: Deps, context: RequestContext) {
  return { eventId: newId(deps, context.now), now: context.now, requestId: context.requestId, ip: context.ip };
}

/** Records `event` on the transaction that does what it tells. */
export async function record(deps: Deps, tx: Db, context: RequestContext, event: AuditEvent): Promise<void> {
  const origin = {
    tenantId: context.tenant.id,
    eventId: newId(deps, context.now),
    at: context.now,
    requestId: context.requestId,
    ip: context.ip,
  };
  await recordEvent(tx, origin, event);
}
