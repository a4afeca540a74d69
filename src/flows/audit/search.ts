// The audit log as administrators read it: a page at a time, or all of it for an export.
import type { Deps } from '../../deps.ts';
import type { RecordedEvent } from '../../domain/audit.ts';
import type { RequestContext } from '../../domain/context.ts';
import { isUuid } from '../../domain/uuid.ts';
import { type AuditFilter, type AuditPlace, searchAuditEvents } from '../../storage/audit-search.ts';
import { cursorOf, noCursor, type Paged, placeIn } from '../cursor.ts';

/** Newest first; what is written meanwhile moves nothing. @throws Refusal invalid_input for a cursor that is none. */
export async function searchAudit(
  deps: Deps,
  { tenant }: RequestContext,
  {
    filter,
    cursor,
    limit,
  }: { readonly filter: AuditFilter; readonly cursor: string | undefined; readonly limit: number },
): Promise<Paged<RecordedEvent>> {
  const page = { after: auditPlace(cursor), limit: limit + 1 };
  const found = await searchAuditEvents(deps.db, tenant.id, filter, page);
  const items = found.slice(0, limit);
  return { items, cursor: found.length > limit ? cursorOf(partsOf(items.at(-1)!)) : undefined };
}

/** Events that an export holds at once. */
const exportPage = 500;

/**
 * Every event, newest first, a page at a time: the next one is read when it is asked for, on whichever connection is free.
 * The first one is read before this answers, so that a database that is away is known before anything is sent.
 */
export async function everyAuditEvent(
  deps: Deps,
  { tenant }: RequestContext,
  filter: AuditFilter,
): Promise<AsyncGenerator<readonly RecordedEvent[], void>> {
  const read = (after: AuditPlace | undefined) =>
    searchAuditEvents(deps.db, tenant.id, filter, { after, limit: exportPage });
  return pagesFrom(await read(undefined), read);
}

async function* pagesFrom(
  page: readonly RecordedEvent[],
  read: (after: AuditPlace) => Promise<readonly RecordedEvent[]>,
): AsyncGenerator<readonly RecordedEvent[], void> {
  while (page.length > 0) {
    yield page;
    if (page.length < exportPage) return;
    const { at, id } = page.at(-1)!;
    // Let go of before the next one is there.
    page = [];
    page = await read({ at, id });
  }
}

function partsOf({ at, id }: AuditPlace): readonly string[] {
  return [String(at), id];
}

function auditPlace(cursor: string | undefined): AuditPlace | undefined {
  const place = placeIn(cursor, 2);
  if (!place) return undefined;
  const [at, id] = place as [string, string];
  if (!/^\d{1,15}$/.test(at) || !isUuid(id)) throw noCursor();
  return { at: Number(at), id };
}
