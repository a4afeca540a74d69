// Audit events for administrators, newest first: each way to narrow them down is a statement of its own, with an index to read.
import { sql } from 'kysely';
import type { Actor, AuditType, RecordedEvent } from '../domain/audit.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** Which events, in milliseconds: those at `from` are among them, those at `to` are not. undefined: whichever. */
export type AuditFilter = {
  readonly userId: string | undefined;
  readonly clientId: string | undefined;
  readonly type: AuditType | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
};

/** Where a page ended; `at` in milliseconds. */
export type AuditPlace = { readonly at: number; readonly id: string };

type Row = {
  id: string;
  at: number;
  type: AuditType;
  actor_kind: Actor['kind'];
  actor_id: string | null;
  user_id: string | null;
  client_id: string | null;
  session_id: string | null;
  grant_id: string | null;
  request_id: string | null;
  ip: string | null;
  data: Readonly<Record<string, unknown>>;
};

const asked = {
  tenantId: 'uuid',
  userId: 'uuid?',
  clientId: 'text?',
  type: 'text?',
  from: 'timestamptz',
  beforeAt: 'timestamptz',
  beforeId: 'uuid',
  limit: 'integer',
} as const;

type By = 'userId' | 'clientId' | 'type';

/** `at` stands beside the place for the months: those that it excludes are not opened. */
const statementFor = (...by: readonly By[]) =>
  statement(asked, (_q, p) => {
    const columns = { userId: sql`user_id`, clientId: sql`client_id`, type: sql`type` };
    const narrowed = by.map((one) => sql`AND ${columns[one]} = ${p[one]}`);
    return sql<Row>`SELECT id, at, type, actor_kind, actor_id, user_id, client_id, session_id, grant_id, request_id, ip, data
      FROM audit_events
      WHERE tenant_id = ${p.tenantId} ${sql.join(narrowed, sql` `)}
        AND at >= ${p.from} AND at <= ${p.beforeAt} AND (at, id) < (${p.beforeAt}, ${p.beforeId})
      ORDER BY at DESC, id DESC LIMIT ${p.limit}`;
  });

const statements = {
  // audit_events_pkey
  '': statementFor(),
  // audit_events_type_idx
  type: statementFor('type'),
  // audit_events_client_idx
  clientId: statementFor('clientId'),
  'clientId type': statementFor('clientId', 'type'),
  // audit_events_user_idx
  userId: statementFor('userId'),
  'userId type': statementFor('userId', 'type'),
  'userId clientId': statementFor('userId', 'clientId'),
  'userId clientId type': statementFor('userId', 'clientId', 'type'),
} as const;

/** The years 1970 to 9999: the log has no other times (migrations/0008). */
const earliest = 0;
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const beforeAll = '00000000-0000-0000-0000-000000000000';
const behindAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Up to `limit` of the tenant's events, newest first, those that come behind `after`. One statement. */
export async function searchAuditEvents(
  db: Db,
  tenantId: string,
  { userId, clientId, type, from = earliest, to }: AuditFilter,
  { after, limit }: { readonly after: AuditPlace | undefined; readonly limit: number },
): Promise<RecordedEvent[]> {
  const end = to !== undefined && to <= latest ? { at: to, id: beforeAll } : { at: latest, id: behindAll };
  const before = after && after.at < end.at ? after : end;
  if (before.at < earliest || from > latest) return [];
  const by = Object.entries({ userId, clientId, type }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const rows = await statements[by.join(' ') as keyof typeof statements].all(db, {
    tenantId,
    userId: userId ?? null,
    clientId: clientId ?? null,
    type: type ?? null,
    from: Math.max(from, earliest),
    beforeAt: before.at,
    beforeId: before.id,
    limit,
  });
  return rows.map(toEvent);
}

function toEvent(row: Row): RecordedEvent {
  return {
    id: row.id,
    at: row.at,
    type: row.type,
    actor: (row.actor_id === null ? { kind: row.actor_kind } : { kind: row.actor_kind, id: row.actor_id }) as Actor,
    ...(row.user_id !== null && { userId: row.user_id }),
    ...(row.client_id !== null && { clientId: row.client_id }),
    ...(row.session_id !== null && { sessionId: row.session_id }),
    ...(row.grant_id !== null && { grantId: row.grant_id }),
    ...(row.request_id !== null && { requestId: row.request_id }),
    ...(row.ip !== null && { ip: row.ip }),
    data: row.data,
  };
}
