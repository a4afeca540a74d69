-- A time that PostgreSQL knows and no calendar month does (BC, infinity) can be sorted into no month, and no backup of it put
-- back. Rows that are there are not looked at (NOT VALID): a large log would take long, and what is wrong is set right below.
ALTER TABLE audit_events ADD CONSTRAINT audit_events_at_check
  CHECK (at >= '1970-01-01T00:00:00Z' AND at < '10000-01-01T00:00:00Z') NOT VALID;
-- Only where no month's partition is. Another id: one event may have been written with two such times.
UPDATE audit_events
  SET id = gen_random_uuid(), at = CASE WHEN at < '1970-01-01T00:00:00Z' THEN timestamptz '1970-01-01T00:00:00Z' ELSE timestamptz '9999-12-31T23:59:59Z' END
  WHERE at < '1970-01-01T00:00:00Z' OR at >= '10000-01-01T00:00:00Z';

-- Makes the partition of a month of the audit log, with the rows that wait for it, by the rights of who owns the tables: a role
-- that serves and may make no table has it made by this, and nothing else. Does nothing when it is there, or too far ahead.
-- Nothing is looked up where others may make something: every name is of PostgreSQL itself or has its schema with it.
DO $migration$
BEGIN
  EXECUTE format($create$
CREATE OR REPLACE FUNCTION %1$I.add_audit_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO' AS $function$
DECLARE
  home constant text := quote_ident(%1$L) || '.';
  log constant text := home || 'audit_events';
  other constant text := home || 'audit_events_other';
  part text;
  first timestamptz;
  next timestamptz;
  has_events boolean;
  holder oid;
BEGIN
  IF month IS NULL OR NOT isfinite(month) OR month < date '1970-01-01' OR month >= date '10000-01-01' THEN
    RAISE EXCEPTION 'The audit log has months of the years 1970 to 9999 only.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  part := home || quote_ident('audit_events_' || to_char(month::timestamp, 'YYYY_MM'));
  first := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  next := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
  -- Nothing is written for the month until its partition is there; every other month goes on.
  EXECUTE 'LOCK TABLE ' || other || ' IN ACCESS EXCLUSIVE MODE';
  IF to_regclass(part) IS NOT NULL THEN
    RETURN;
  END IF;
  -- Further ahead only behind events, for a clock that is: whoever may call this fills no database with empty tables.
  IF first > now() + interval '13 months' THEN
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || log || ' WHERE at >= ' || quote_literal(first - interval '4 months') || ')'
      INTO has_events;
    IF NOT has_events THEN
      RETURN;
    END IF;
  END IF;
  EXECUTE 'CREATE TABLE ' || part || ' (LIKE ' || log || ' INCLUDING ALL)';
  -- What ALTER DEFAULT PRIVILEGES gives on every new table: in the log nobody but the owner changes or deletes.
  FOR holder IN
    SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass(part) AND a.grantee <> c.relowner
  LOOP
    EXECUTE 'REVOKE ALL ON TABLE ' || part || ' FROM '
      || CASE WHEN holder = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(holder)) END;
  END LOOP;
  EXECUTE 'WITH moved AS (DELETE FROM ' || other || ' WHERE at >= ' || quote_literal(first) || ' AND at < ' || quote_literal(next)
    || ' RETURNING *) INSERT INTO ' || part || ' SELECT * FROM moved';
  EXECUTE 'ALTER TABLE ' || log || ' ATTACH PARTITION ' || part
    || ' FOR VALUES FROM (' || quote_literal(first) || ') TO (' || quote_literal(next) || ')';
END
$function$
$create$, current_schema());
END
$migration$;

-- Who may call it is who may serve (src/storage/roles.ts). One that has it by ALTER DEFAULT PRIVILEGES alone was never told so.
DO $$
DECLARE
  holder oid;
BEGIN
  FOR holder IN
    SELECT DISTINCT a.grantee FROM pg_proc p, aclexplode(p.proacl) a
    WHERE p.oid = 'add_audit_month(date)'::regprocedure AND a.grantee <> p.proowner
      AND NOT EXISTS (
        SELECT 1 FROM pg_class c, aclexplode(c.relacl) b
        WHERE c.oid = 'audit_events'::regclass AND b.grantee = a.grantee AND b.privilege_type = 'INSERT')
  LOOP
    EXECUTE 'REVOKE ALL ON FUNCTION add_audit_month(date) FROM '
      || CASE WHEN holder = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(holder)) END;
  END LOOP;
END
$$;
