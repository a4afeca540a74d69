-- Makes the partition of a month of the audit log, with the rows that wait for it, by the rights of who owns the tables: a role
-- that serves and may make no table has it made by this, and nothing else. Does nothing when it is there.
CREATE FUNCTION add_audit_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  part text := 'audit_events_' || to_char(month, 'YYYY_MM');
  first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  next timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
  -- Nothing is written for the month until its partition is there; every other month goes on.
  LOCK TABLE audit_events_other IN ACCESS EXCLUSIVE MODE;
  IF to_regclass(part) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_events INCLUDING ALL)', part);
  EXECUTE format(
    'WITH moved AS (DELETE FROM audit_events_other WHERE at >= %L AND at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
    first, next, part);
  EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, next);
END
$$;
REVOKE ALL ON FUNCTION add_audit_month(date) FROM PUBLIC;
-- Where its tables are, and nowhere else: what a caller puts in front of the search path is not taken for them.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION add_audit_month(date) SET search_path = %I, pg_temp', current_schema());
END
$$;
