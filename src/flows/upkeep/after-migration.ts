// What the owner of the tables does after the migrations, for a role that serves and owns none.
import type { Deps } from '../../deps.ts';
import { letRolesServe } from '../../storage/roles.ts';
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
    throw inWords(error, serveAs);
  });
}

function inWords(error: unknown, role = ''): unknown {
  const { code } = error as { code?: string };
  if (code === '42704')
    return new Error(`PostgreSQL has no role ${role}. Make it with CREATE ROLE … LOGIN, then run this again.`);
  if (code === '42501')
    return new Error('Only the role that owns the tables may let others serve: run this as that one.');
  return error;
}
