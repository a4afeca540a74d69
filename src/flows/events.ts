// Ids of new rows, and what every audit event carries of its request.
import type { Deps } from '../deps.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { RequestContext } from '../domain/context.ts';
import { uuidv7 } from '../domain/uuid.ts';
import { type EventValues, recordEvent } from '../storage/audit.ts';
import type { Db } from '../storage/database.ts';
import { tell } from './deliver/notices.ts';

/** A UUIDv7 of this moment. */
export function newId(deps: Deps, now: number): string {
  return uuidv7(now, deps.random(10));
}

/** What a statement that records its own event needs to know of the request. */
export function eventOf(deps: Deps, { now, requestId, ip, actor }: RequestContext): EventValues {
  return { eventId: newId(deps, now), now, requestId, ip, actor };
}

/** Records `event` on the transaction that does what it tells, and tells its person where that is due. */
export async function record(deps: Deps, tx: Db, context: RequestContext, event: AuditEvent): Promise<void> {
  const { through } = context;
  const told = through === undefined ? event : { ...event, data: { ...event.data, through } };
  await recordEvent(tx, context.tenant.id, told, eventOf(deps, context));
  await tell(deps, tx, context, event);
}
