// Whether programs may sign people in with a password, which not every installation wants.
import type { Deps } from '../deps.ts';
import { firstPartyClientId } from '../domain/client.ts';
import { type Finding, ok } from '../domain/finding.ts';
import { someTenant, tenantsWithClient } from '../storage/tenants.ts';
import { listed } from './listed.ts';

/** Not a fault either way: it is said, because nobody has to have asked for it. */
export async function checkFirstParty({ db }: Pick<Deps, 'db'>): Promise<Finding[]> {
  if (!(await someTenant(db)))
    return [ok('first-party', 'Nothing has been set up yet, so nobody signs in at /auth/login.')];
  const open = await tenantsWithClient(db, firstPartyClientId);
  return [
    open.length === 0
      ? ok('first-party', 'Nobody signs in at /auth/login without naming a client: first-party is disabled.')
      : ok(
          'first-party',
          `Programs may sign people in at /auth/login (client first-party, in ${listed(open)}); a provisioning file can disable it.`,
        ),
  ];
}
