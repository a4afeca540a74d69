// Whether programs may sign people in with a password, which not every installation wants.
import type { Deps } from '../deps.ts';
import { firstPartyClientId } from '../domain/client.ts';
import { type Finding, ok } from '../domain/finding.ts';
import { findClient } from '../storage/clients.ts';
import { listAllTenants } from '../storage/tenants.ts';

/** Not a fault either way: it is said, because nobody has to have asked for it. */
export async function checkFirstParty({ db }: Pick<Deps, 'db'>): Promise<Finding[]> {
  const open: string[] = [];
  for (const { id, slug } of await listAllTenants(db)) {
    const client = await findClient(db, id, firstPartyClientId);
    if (client && !client.disabled) open.push(slug);
  }
  return [
    open.length === 0
      ? ok('first-party', 'Nobody signs in at /auth/login without naming a client: first-party is disabled.')
      : ok(
          'first-party',
          `Programs may sign people in at /auth/login (client first-party, in ${inWords(open)}); a provisioning file can disable it.`,
        ),
  ];
}

/** A few names, and how many more. */
function inWords(slugs: readonly string[]): string {
  const [few, rest] = [slugs.slice(0, 3), slugs.length - 3];
  return `${few.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
