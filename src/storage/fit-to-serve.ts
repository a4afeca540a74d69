// Whether a role is fit to serve: what it may do by itself, and through every role that it is a member of.
import { type Db, statementName } from './database.ts';

async function send<R>(db: Pick<Db, 'send'>, text: string, values: readonly unknown[] = []): Promise<R[]> {
  return (await db.send({ text, name: statementName(text) }, values)).rows as R[];
}

/** Why a role may not serve. */
export type Unfit =
  | 'is not there'
  | 'is a superuser'
  | 'owns the tables'
  | 'owns the database'
  | 'owns the schema'
  | 'makes roles'
  | 'writes everything'
  | 'makes tables'
  | 'changes the log';

// A role may become whatever it is a member of (SET ROLE), also where it does not inherit. A superuser is a member of all.
const may = (what: string) =>
  `EXISTS (SELECT 1 FROM pg_roles o WHERE pg_has_role(r.oid, o.oid, 'MEMBER') AND (${what}))`;

/** What it is, before anything is given to it; also where there are no tables yet. @returns undefined when nothing is wrong. */
export async function unfitToServe(db: Pick<Db, 'send'>, role: string): Promise<Unfit | undefined> {
  // Who is connected makes the tables that are not there yet.
  const owner = `coalesce((SELECT relowner FROM pg_class WHERE oid = to_regclass('audit_events')), (SELECT oid FROM pg_roles WHERE rolname = current_user))`;
  const rows = await send<{ unfit: Unfit | null }>(
    db,
    `SELECT CASE
       WHEN r.rolname = current_user OR r.oid = ${owner} THEN 'owns the tables'
       WHEN ${may('o.rolsuper')} THEN 'is a superuser'
       WHEN pg_has_role(r.oid, ${owner}, 'MEMBER') THEN 'owns the tables'
       WHEN pg_has_role(r.oid, d.datdba, 'MEMBER') THEN 'owns the database'
       WHEN pg_has_role(r.oid, n.nspowner, 'MEMBER') THEN 'owns the schema'
       -- Until PostgreSQL 15 it makes itself a member of whatever it likes.
       WHEN current_setting('server_version_num')::int < 160000 AND ${may('o.rolcreaterole')} THEN 'makes roles'
       WHEN ${may("o.rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')")} THEN 'writes everything'
     END AS unfit
     FROM pg_roles r, pg_database d, pg_namespace n
     WHERE r.rolname = $1::text AND d.datname = current_database() AND n.nspname = current_schema()`,
    [role],
  );
  return rows[0] === undefined ? 'is not there' : (rows[0].unfit ?? undefined);
}

/** What it may still do although its own rights are right: by PUBLIC, or by a role that it is a member of. */
export async function stillMay(
  db: Pick<Db, 'send'>,
  role: string,
  logs: readonly string[],
): Promise<Unfit | undefined> {
  const rows = await send<{ unfit: Unfit | null }>(
    db,
    `SELECT CASE
       WHEN ${may("has_schema_privilege(o.oid, n.oid, 'CREATE')")} THEN 'makes tables'
       WHEN EXISTS (
         SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = ANY ($2::text[])
           AND ${may("has_table_privilege(o.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER') OR has_any_column_privilege(o.oid, c.oid, 'UPDATE')")}
       ) THEN 'changes the log'
     END AS unfit
     FROM pg_roles r, pg_namespace n WHERE r.rolname = $1::text AND n.nspname = current_schema()`,
    [role, logs],
  );
  return rows[0]?.unfit ?? undefined;
}
