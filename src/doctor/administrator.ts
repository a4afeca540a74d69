// Whether somebody can administer the installation, and whether it is the one that the settings mean.
import type { Deps } from '../deps.ts';
import { type Finding, ok, problem, warning } from '../domain/finding.ts';
import { findTenantBySlug } from '../storage/tenants.ts';
import { someOwnerCanSignIn, someoneIsOwner } from '../storage/users.ts';

/** `publicUrl`: undefined when it is not known. */
export async function checkAdministrator(
  deps: Pick<Deps, 'db' | 'channels'>,
  publicUrl: string | undefined,
): Promise<Finding[]> {
  const { db } = deps;
  const tenant = await findTenantBySlug(db, 'default');
  if (!tenant)
    return [
      warning(
        'administrator',
        'Nothing has been set up in this database yet.',
        'Start Signet once, and open the setup link that it shows.',
      ),
    ];
  const findings: Finding[] = [];
  if (publicUrl !== undefined && tenant.issuer !== publicUrl)
    findings.push(
      problem(
        'settings',
        `PUBLIC_URL is ${publicUrl}, but this database belongs to the issuer ${tenant.issuer}, so Signet does not start.`,
        'Set PUBLIC_URL (or PORT) back, or use another DATA_DIR or DATABASE_URL.',
      ),
    );
  findings.push(await checkPeople(deps, tenant.id));
  return findings;
}

async function checkPeople({ db, channels }: Pick<Deps, 'db' | 'channels'>, tenantId: string): Promise<Finding> {
  const byMail = channels.includes('mail');
  if (await someOwnerCanSignIn(db, tenantId, { byMail }))
    return ok('administrator', 'There is an owner who can sign in.');
  return (await someoneIsOwner(db, tenantId))
    ? warning(
        'administrator',
        'Whoever administers Signet is disabled, or has neither a password nor a verified e-mail address.',
        'Let one of them in with "signet admin reset", or make another with "signet admin create".',
      )
    : warning(
        'administrator',
        'Nobody administers Signet yet.',
        'Start Signet and open the setup link that it shows, or set ADMIN_EMAIL and ADMIN_PASSWORD.',
      );
}
