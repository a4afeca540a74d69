// What the owner of the tables looks at before the migrations and does after them, for a role that serves and owns none.
import type { Deps } from '../../deps.ts';
import type { Unfit } from '../../storage/fit-to-serve.ts';
import { assertFitToServe, letRolesServe, UnfitRole } from '../../storage/roles.ts';
import { keepAuditMonths } from './audit-months.ts';

/**
 * Makes and drops the months of the audit log, and gives `serveAs` and every role that had them the rights to serve.
 * @returns the roles that may serve. @throws Error with what to do.
 */
export async function afterMigration(
  deps: Pick<Deps, 'db' | 'clock' | 'log'>,
  { auditMonths, serveAs }: { auditMonths: number | undefined; serveAs: string | undefined },
): Promise<string[]> {
  await keepAuditMonths(deps, auditMonths);
  return letRolesServe(deps.db, serveAs).catch((error: unknown) => {
    throw inWords(error);
  });
}

/** Before the first migration, so that a name that was mistyped changes nothing. @throws Error with what to do. */
export async function beforeMigration({ db }: Pick<Deps, 'db'>, serveAs: string | undefined): Promise<void> {
  await assertFitToServe(db, serveAs).catch((error: unknown) => {
    throw inWords(error);
  });
}

const another = 'Make another role with CREATE ROLE … LOGIN, and let that one serve.';
const member = 'or is a member of a role that';
/** What stands behind the name of the role, and what to do. */
const unfitInWords: Readonly<Record<Exclude<Unfit, 'is not there'>, string>> = {
  'is a superuser': `is a superuser, ${member} is, and no right can be kept from it. ${another}`,
  'owns the tables': `owns the tables, ${member} does, and may change or drop them. ${another}`,
  'owns the database': `owns the database, ${member} does. ${another}`,
  'owns the schema': `owns the schema of the tables, ${member} does, and may drop them. ${another}`,
  'makes roles': `has CREATEROLE, ${member} has, and may make itself a member of any role. Run ALTER ROLE … NOCREATEROLE, then this again.`,
  'writes everything': `is a member of pg_write_all_data or of another role that writes everything. REVOKE that from it, then run this again.`,
  'makes tables':
    'may make things in the schema of the tables, which others own. Run REVOKE CREATE ON SCHEMA … FROM it, the roles it is a member of, and PUBLIC, as the owner of the schema; then this again.',
  'changes the log':
    'may change or delete events of the audit log, by what PUBLIC or a role that it is a member of was given. REVOKE that there, then run this again.',
};

function inWords(error: unknown): unknown {
  if (error instanceof UnfitRole)
    return new Error(
      error.unfit === 'is not there'
        ? `PostgreSQL has no role ${error.role}. Make it with CREATE ROLE … LOGIN, then run this again.`
        : `${error.role} cannot be the role that serves: it ${unfitInWords[error.unfit]}`,
    );
  if ((error as { code?: string }).code === '42501')
    return new Error('Only the role that owns the tables may let others serve: run this as that one.');
  return error;
}
