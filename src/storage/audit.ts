// Audit events: written in the transaction of what they record, never changed.
import { type Expression, type RawBuilder, sql } from 'kysely';
import type { Actor, AuditEvent } from '../domain/audit.ts';
import type { Db } from './database.ts';
import { type Markers, statement, type Part } from './statement.ts';

/** The parameters that statements with an event of their own take for it. */
export const eventParams = {
  eventId: 'uuid',
  now: 'timestamptz',
  requestId: 'text?',
  ip: 'text?',
  actorKind: 'text',
  actorId: 'text?',
} as const;

/** What happened, when, and who did it from where. */
export type EventValues = {
  readonly eventId: string;
  readonly now: number;
  readonly requestId: string | undefined;
  readonly ip: string | undefined;
  readonly actor: Actor;
};

/** {@link EventValues} as {@link eventParams} take them. */
export function eventValues({ eventId, now, requestId, ip, actor }: EventValues) {
  return {
    eventId,
    now,
    requestId: requestId ?? null,
    ip: ip ?? null,
    actorKind: actor.kind,
    actorId: 'id' in actor ? actor.id : null,
  };
}

/** The parts of an audit row that differ; they may name columns of what stands in `from`. */
type AuditRow = {
  /** What must have happened for the row to be written: `FROM made`. */
  readonly from: Part;
  readonly type: Part;
  /** Of a second row in one statement; the event's own unless given. */
  readonly id?: Part;
  readonly user?: Part;
  readonly client?: Part;
  readonly session?: Part;
  readonly grant?: Part;
  readonly data?: Part;
};

/** The `INSERT` of an audit row: for the `WITH` of the statement that does what it records, or to end it. */
export function auditRow(
  p: Markers<typeof eventParams> & { readonly tenantId: Expression<string> },
  { from, type, id, user, client, session, grant, data }: AuditRow,
): RawBuilder<unknown> {
  return sql`INSERT INTO audit_events (tenant_id, id, at, type, actor_kind, actor_id, user_id, client_id, session_id, grant_id, request_id, ip, data)
        SELECT ${p.tenantId}, ${id ?? p.eventId}, ${p.now}, ${type}, ${p.actorKind}, ${p.actorId}, ${user ?? sql`NULL::uuid`}, ${client ?? sql`NULL::text`},
          ${session ?? sql`NULL::uuid`}, ${grant ?? sql`NULL::uuid`}, ${p.requestId}, ${p.ip}, ${data ?? sql`'{}'::jsonb`}
        ${from}`;
}

const insert = statement(
  {
    tenantId: 'uuid',
    type: 'text',
    userId: 'uuid?',
    clientId: 'text?',
    sessionId: 'uuid?',
    grantId: 'uuid?',
    data: 'jsonb',
    ...eventParams,
  },
  (_q, p) =>
    auditRow(p, {
      from: sql``,
      type: p.type,
      user: p.userId,
      client: p.clientId,
      session: p.sessionId,
      grant: p.grantId,
      data: p.data,
    }),
);

/** Writes one event. Call it on the transaction that does what the event tells. */
export async function recordEvent(tx: Db, tenantId: string, event: AuditEvent, values: EventValues): Promise<void> {
  await insert.run(tx, {
    tenantId,
    type: event.type,
    userId: event.userId ?? null,
    clientId: event.clientId ?? null,
    sessionId: event.sessionId ?? null,
    grantId: event.grantId ?? null,
    data: event.data ?? {},
    ...eventValues(values),
  });
}
