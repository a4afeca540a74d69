-- Events of one type, newest first, for administrators who search the audit log by what happened (src/storage/audit-search.ts).
-- The id makes places unique. Whatever is there when a month's partition is made is made with it (LIKE ... INCLUDING ALL).
CREATE INDEX audit_events_type_idx ON audit_events (tenant_id, type, at, id);
