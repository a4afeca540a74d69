// Audit events: written in the transaction of what they record, never changed.
import { type Expression, type RawBuilder, sql } from 'kysely';
import type { AuditEvent } from '../domain/audit.ts';
import type { Db } from './database.ts';
import { type Markers, statement } from './statement.ts';

const insert = statement(
  {
    tenantId: 'uuid',
    id: 'uuid',
    at: 'timestamptz',
    type: 'text',
    userId: 'uuid?',
    clientId: 'text?',
    sessionId: 'uuid?',
    grantId: 'uuid?',
    requestId: 'text?',
    ip: 'text?',
    data: 'jsonb',
  },
  (q, p) =>
    q.insertInto('audit_events').values({
      tenant_id: p.tenantId,
      id: p.id,
      at: p.at,
      type: p.type,
      user_id: p.userId,
      client_id: p.clientId,
      session_id: p.sessionId,
      grant_id: p.grantId,
      request_id: p.requestId,
      ip: p.ip,
      data: p.data,
    }),
);

/** Where and when an event happened. `at` in milliseconds. */
export type EventOrigin = {
  readonly tenantId: string;
  readonly eventId: string;
  readonly at: number;
  readonly requestId?: string | undefined;
  readonly ip?: string | undefined;
};

/** Writes one event. Call it on the transaction that does what the event tells. */
export async function recordEvent(tx: Db, origin: EventOrigin, event: AuditEvent): Promise<void> {
  await insert.run(tx, {
    tenantId: origin.tenantId,
    id: origin.eventId,
    at: origin.at,
    type: event.type,
    userId: event.userId ?? null,
    clientId: event.clientId ?? null,
    sessionId: event.sessionId ?? null,
    grantId: event.grantId ?? null,
    requestId: origin.requestId ?? null,
    ip: origin.ip ?? null,
    data: event.data ?? {},
  });
}

/** The parameters that statements with an event of their own take for it. */
export const eventParams = { eventId: 'uuid', now: 'timestamptz', requestId: 'text?', ip: 'text?' } as const;

/** The values for {@link eventParams}, where undefined means unknown. */
export type EventValues = {
  readonly eventId: string;
  readonly now: number;
  readonly requestId: string | undefined;
  readonly ip: string | undefined;
};

/** {@link EventValues} as {@link eventParams} take them. */
export function eventValues(event: EventValues) {
  return { ...event, requestId: event.requestId ?? null, ip: event.ip ?? null };
}

type Part = RawBuilder<unknown> | Expression<unknown>;

/**
 * The row of a statement that records what it does: `INSERT` without a name of its own, to stand in a `WITH`. `from` is
 * what must have happened (`FROM made`); the other parts may name its columns.
 */
export function auditRow(
  p: Markers<typeof eventParams> & { readonly tenantId: Expression<string> },
  {
    type,
    from,
    user = sql`NULL::uuid`,
    client = sql`NULL::text`,
    session = sql`NULL::uuid`,
    grant = sql`NULL::uuid`,
    data = sql`'{}'::jsonb`,
  }: { type: Part; from: Part; user?: Part; client?: Part; session?: Part; grant?: Part; data?: Part },
): RawBuilder<unknown> {
  return sql`INSERT INTO audit_events (tenant_id, id, at, type, user_id, client_id, session_id, grant_id, request_id, ip, data)
        SELECT ${p.tenantId}, ${p.eventId}, ${p.now}, ${type}, ${user}, ${client}, ${session}, ${grant}, ${p.requestId}, ${p.ip}, ${data}
        ${from}`;
}
