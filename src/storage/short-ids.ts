// Ids by their last characters, as people type them from a table. Ids begin with the time, so that only their ends tell them apart.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { sessionIsAlive } from './sessions.ts';
import { statement } from './statement.ts';

// sessions_pkey: all living ones of the tenant are looked at, for one command of an operator.
const sessions = statement(
  { tenantId: 'uuid', now: 'timestamptz', end: 'text' },
  (_q, p) =>
    sql<{ id: string }>`SELECT s.id FROM sessions s
      WHERE s.tenant_id = ${p.tenantId} AND right(s.id::text, length(${p.end})) = ${p.end} AND ${sessionIsAlive(p.now, 's')}
      ORDER BY s.id LIMIT 2`,
);

// outbox_pkey, in the same way
const messages = statement(
  { tenantId: 'uuid', end: 'text' },
  (_q, p) =>
    sql<{ id: string }>`SELECT id FROM outbox
      WHERE tenant_id = ${p.tenantId} AND right(id::text, length(${p.end})) = ${p.end}
      ORDER BY id LIMIT 2`,
);

/** Up to two living sessions of the tenant whose ids end so. */
export async function sessionsEndingIn(db: Db, tenantId: string, end: string, now: number): Promise<string[]> {
  return (await sessions.all(db, { tenantId, now, end })).map(({ id }) => id);
}

/** Up to two messages of the tenant whose ids end so. */
export async function messagesEndingIn(db: Db, tenantId: string, end: string): Promise<string[]> {
  return (await messages.all(db, { tenantId, end })).map(({ id }) => id);
}
