// What a role may do that serves and does not own the tables: rows, and in the audit log only new ones.
import { allTables } from './backup.ts';
import { type Db, statementName } from './database.ts';

async function send<R>(db: Pick<Db, 'send'>, text: string, values: readonly unknown[] = []): Promise<R[]> {
  return (await db.send({ text, name: statementName(text) }, values)).rows as R[];
}

const every = 'SELECT, INSERT, UPDATE, DELETE';
/** What is not every right on the rows of a table. */
const fewer: Readonly<Record<string, string>> = {
  audit_events: 'SELECT, INSERT',
  // What no month has a partition for waits here, and is looked at by its own name.
  audit_events_other: 'SELECT',
  signet_migrations: 'SELECT',
  signet_migration_checksums: 'SELECT',
};

/**
 * Gives `role` what serving needs, and takes from it what else it had on these tables. Only their owner may call it.
 * @throws what PostgreSQL says: 42704 when there is no such role.
 */
async function letServe(tx: Pick<Db, 'send'>, role: string): Promise<void> {
  const to = quoted(role);
  const [{ schema }] = (await send<{ schema: string }>(tx, 'SELECT current_schema() AS schema')) as [
    { schema: string },
  ];
  await send(tx, `REVOKE ALL ON ALL TABLES IN SCHEMA ${quoted(schema)} FROM ${to}`);
  await send(tx, `GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${to}`);
  for (const table of new Set([...allTables, ...Object.keys(fewer)]))
    await send(tx, `GRANT ${fewer[table] ?? every} ON ${quoted(table)} TO ${to}`);
  await send(tx, `GRANT EXECUTE ON FUNCTION add_audit_month(date) TO ${to}`);
}

/**
 * {@link letServe} for `added`, and anew for each role that was given it before, whose rights on new tables are missing.
 * @returns all of them.
 */
export async function letRolesServe(db: Db, added: string | undefined): Promise<string[]> {
  return db.transaction(async (tx) => {
    const roles = new Set([...(await servingRoles(tx)), ...(added === undefined ? [] : [added])]);
    for (const role of roles) await letServe(tx, role);
    return [...roles];
  });
}

/** The roles that were given it: all but the owner that may write to the audit log. */
async function servingRoles(db: Pick<Db, 'send'>): Promise<string[]> {
  const rows = await send<{ role: string }>(
    db,
    `SELECT DISTINCT r.rolname AS role FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.oid = to_regclass('audit_events') AND a.grantee <> c.relowner AND a.privilege_type = 'INSERT' ORDER BY 1`,
  );
  return rows.map(({ role }) => role);
}

/** Whether this user owns the tables, so that it may also drop what is old. */
export async function ownsTables(db: Pick<Db, 'send'>): Promise<boolean> {
  const rows = await send<{ owns: boolean }>(
    db,
    `SELECT pg_has_role(relowner, 'USAGE') AS owns FROM pg_class WHERE oid = to_regclass('audit_events')`,
  );
  return rows[0]?.owns === true;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
