// Audit events as administrators are shown them, and what they may ask for.
import Type, { type Static } from 'typebox';
import { auditTypes, type RecordedEvent } from '../domain/audit.ts';
import { invalidInput } from '../domain/errors.ts';
import type { Mistake } from '../domain/mistake.ts';
import { clientIdPattern, closed, inWords, time } from './parts.ts';

const actor = Type.Object(
  {
    kind: Type.Enum(['user', 'client', 'operator', 'server', 'visitor']),
    id: Type.Optional(Type.String({ description: 'Of the user or the client.' })),
  },
  { ...closed, description: 'Who did it: an operator did at a terminal, a visitor is nobody who is known.' },
);

const uuid = Type.String({ format: 'uuid' });

/** What happened, to whom, when, and by whom. Never a secret. */
export const auditEventShown = Type.Object(
  {
    id: uuid,
    at: time,
    type: Type.Enum([...auditTypes]),
    actor,
    user_id: Type.Optional(uuid),
    client_id: Type.Optional(Type.String()),
    session_id: Type.Optional(uuid),
    grant_id: Type.Optional(uuid),
    request_id: Type.Optional(Type.String({ description: 'As in the log of the server.' })),
    ip: Type.Optional(Type.String()),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'Ids, names of fields and counts, by the type.' }),
  },
  { ...closed, title: 'AuditEvent' },
);
export type AuditEventShown = Static<typeof auditEventShown>;

export function shownAuditEvent(given: RecordedEvent): AuditEventShown {
  return {
    id: given.id,
    at: inWords(given.at),
    type: given.type,
    actor: given.actor,
    ...(given.userId !== undefined && { user_id: given.userId }),
    ...(given.clientId !== undefined && { client_id: given.clientId }),
    ...(given.sessionId !== undefined && { session_id: given.sessionId }),
    ...(given.grantId !== undefined && { grant_id: given.grantId }),
    ...(given.requestId !== undefined && { request_id: given.requestId }),
    ...(given.ip !== undefined && { ip: given.ip }),
    data: given.data ?? {},
  };
}

/** What events are narrowed down by, as parameters of a query. */
export const auditFilters = Type.Object(
  {
    user_id: Type.Optional(Type.String({ format: 'uuid', description: 'To whom it happened.' })),
    client_id: Type.Optional(
      Type.String({ pattern: clientIdPattern, description: 'With which client, or to which one.' }),
    ),
    type: Type.Optional(Type.Enum([...auditTypes])),
    from: Type.Optional(Type.String({ format: 'date-time', description: 'RFC 3339; what happened then is shown.' })),
    to: Type.Optional(Type.String({ format: 'date-time', description: 'RFC 3339; what happened then is not shown.' })),
  },
  closed,
);
type AuditFilters = Static<typeof auditFilters>;

/** Of a query that fits {@link auditFilters}. Times in milliseconds. @throws Refusal invalid_input for times that are none. */
export function auditFilterIn(query: Readonly<Record<string, string | undefined>>) {
  const asked = query as AuditFilters;
  const mistakes: Mistake[] = [];
  const moment = (name: 'from' | 'to') => {
    const given = asked[name];
    const at = given === undefined ? undefined : momentOf(given);
    if (Number.isNaN(at)) mistakes.push({ path: [name], problem: 'is no time that there is' });
    return at;
  };
  const [from, to] = [moment('from'), moment('to')];
  if (from !== undefined && to !== undefined && from > to) mistakes.push({ path: ['to'], problem: 'is before from' });
  if (mistakes.length > 0) throw invalidInput(mistakes);
  return { userId: asked.user_id, clientId: asked.client_id, type: asked.type, from, to };
}

/** The first whole millisecond that is not before it: events have no finer time. NaN for a leap second. */
function momentOf(given: string): number {
  const isFiner = /\.\d{3}\d*[1-9]/.test(given);
  return Date.parse(given.toUpperCase()) + (isFiner ? 1 : 0);
}
