// What a role may do that serves and does not own the tables: rows, and in the audit log only new ones.
import { allTables } from './backup.ts';
import { type Db, statementName } from './database.ts';
import { stillMay, type Unfit, unfitToServe } from './fit-to-serve.ts';

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

/** The function that makes months: who may call it besides its owner is who may serve, and only {@link letServe} says so. */
const mark = 'add_audit_month(date)';

/** A role that may not serve, and why. */
export class UnfitRole extends Error {
  override readonly name = 'UnfitRole';
  readonly role: string;
  readonly unfit: Unfit;

  constructor(role: string, unfit: Unfit) {
    super(`${role} ${unfit}`);
    this.role = role;
    this.unfit = unfit;
  }
}

/** Before anything is changed. @throws UnfitRole unless `added`, and each role that may serve already, is fit to. */
export async function assertFitToServe(db: Pick<Db, 'send'>, added: string | undefined): Promise<void> {
  for (const role of await servingWith(db, added)) {
    const unfit = await unfitToServe(db, role);
    if (unfit) throw new UnfitRole(role, unfit);
  }
}

/**
 * Gives `role` what serving needs, and takes from it what else it had on our tables. Only their owner may call it.
 * @throws UnfitRole when it has more all the same, by others.
 */
async function letServe(tx: Pick<Db, 'send'>, role: string): Promise<void> {
  const to = quoted(role);
  const months = await logParts(tx);
  const ours = new Set([...allTables, ...Object.keys(fewer), 'signet_migrations_lock', ...months]);
  // Not all tables of the schema: those of others are not ours to give or take.
  await send(tx, `REVOKE ALL ON ${[...ours].map(quoted).join(', ')} FROM ${to}`);
  await letUseSchema(tx, to);
  for (const table of new Set([...allTables, ...Object.keys(fewer)]))
    await send(tx, `GRANT ${fewer[table] ?? every} ON ${quoted(table)} TO ${to}`);
  await send(tx, `GRANT EXECUTE ON FUNCTION ${mark} TO ${to}`);
  const unfit = await stillMay(tx, role, [...Object.keys(fewer), ...months]);
  if (unfit) throw new UnfitRole(role, unfit);
}

/** Whoever makes things beside the tables puts them in the way of who uses these: nobody but their owner does. */
async function letUseSchema(tx: Pick<Db, 'send'>, to: string): Promise<void> {
  const [home] = await send<{ schema: string; ours: boolean }>(
    tx,
    `SELECT nspname AS schema, pg_has_role(nspowner, 'USAGE') AS ours FROM pg_namespace WHERE nspname = current_schema()`,
  );
  const schema = quoted(home!.schema);
  await send(tx, `GRANT USAGE ON SCHEMA ${schema} TO ${to}`);
  // In the schema of another owner there is nothing of ours to take back.
  if (home!.ours) await send(tx, `REVOKE CREATE ON SCHEMA ${schema} FROM ${to}, PUBLIC`);
}

/** The partitions of the audit log. */
async function logParts(db: Pick<Db, 'send'>): Promise<string[]> {
  const rows = await send<{ name: string }>(
    db,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit_events'::regclass`,
  );
  return rows.map(({ name }) => name);
}

/**
 * {@link letServe} for `added`, and anew for each role that was given it before, whose rights on new tables are missing.
 * @returns all of them. @throws UnfitRole.
 */
export async function letRolesServe(db: Db, added: string | undefined): Promise<string[]> {
  return db.transaction(async (tx) => {
    const roles = await servingWith(tx, added);
    for (const role of roles) await letServe(tx, role);
    return roles;
  });
}

async function servingWith(db: Pick<Db, 'send'>, added: string | undefined): Promise<string[]> {
  return [...new Set([...(await servingRoles(db)), ...(added === undefined ? [] : [added])])];
}

/** The roles that were given it: who may only write to the audit log, such as a program that ships events, is none. */
export async function servingRoles(db: Pick<Db, 'send'>): Promise<string[]> {
  const rows = await send<{ role: string }>(
    db,
    `SELECT DISTINCT r.rolname AS role FROM pg_proc p, aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE p.oid = to_regprocedure('${mark}') AND a.grantee <> p.proowner AND a.privilege_type = 'EXECUTE' ORDER BY 1`,
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

/** Whether this user is one of PostgreSQL's superusers, from whom no right is kept. */
export async function isSuperuser(db: Pick<Db, 'send'>): Promise<boolean> {
  const rows = await send<{ super: boolean }>(
    db,
    'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]?.super === true;
}

/** The user that is connected, and whether it may make tables. */
export async function whoMakesTables(db: Pick<Db, 'send'>): Promise<{ user: string; may: boolean }> {
  const [row] = await send<{ user: string; may: boolean | null }>(
    db,
    `SELECT current_user AS user, has_schema_privilege(current_schema(), 'CREATE') AS may`,
  );
  return { user: row!.user, may: row!.may === true };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
