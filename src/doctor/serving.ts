// Whether the server has more rights than it needs although somebody made a role for it that has fewer.
import type { Deps } from '../deps.ts';
import { type Finding, warning } from '../domain/finding.ts';
import { isSuperuser, servingRoles } from '../storage/roles.ts';
import { listed } from './listed.ts';

export async function checkServing({ db }: Pick<Deps, 'db'>): Promise<Finding[]> {
  const roles = await servingRoles(db);
  if (roles.length === 0 || !(await isSuperuser(db))) return [];
  return [
    warning(
      'database',
      `The role of DATABASE_URL is a superuser, although ${listed(roles)} may serve without owning anything.`,
      'Give the server the address of that role; the superuser, or better the owner of the tables, only migrates.',
    ),
  ];
}
