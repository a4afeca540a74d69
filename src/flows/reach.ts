// Nobody grants, or gets at, what they do not hold themselves: asked by every flow that changes what stands for rights.
import {
  adminRoleNamed,
  type AdminRolesOf,
  adminScopesIn,
  builtInAdminRoles,
  covers,
  isAdminScope,
  type Rights,
  rightsOfRoles,
} from '../domain/admin-rights.ts';
import { completeMetadata, type RegisteredMetadata, scopesOf } from '../domain/client.ts';
import type { RequestContext } from '../domain/context.ts';
import { invalidInput, Refusal } from '../domain/errors.ts';

/** @throws Refusal forbidden when whoever asks holds less than `rights`. `whose` in words: "the user alice". */
export function assertReachesRights({ rights: held }: RequestContext, rights: Rights, whose: string): void {
  if (held === 'all' || covers(held, rights)) return;
  throw new Refusal(
    'forbidden',
    `${whose} may do what your roles and the scopes of this token do not both allow: somebody who may do all of it can change this.`,
  );
}

/** The same of somebody who has these roles. @throws Refusal forbidden. */
export function assertReaches(context: RequestContext, adminRoles: readonly string[], whose: string): void {
  if (adminRoles.length > 0) assertReachesRights(context, rightsOfRoles(context.tenant, adminRoles), whose);
}

/**
 * Of roles that are to be given. `known`: those that were there before, which may stay whether they still exist or not.
 * @throws Refusal invalid_input for one that there is not; forbidden for one that allows more than whoever asks may do.
 */
export function assertGrantable(
  context: RequestContext,
  adminRoles: readonly string[],
  known: readonly string[] = [],
): void {
  const added = adminRoles.filter((name) => !known.includes(name));
  const strange = added.find((name) => !adminRoleNamed(context.tenant, name));
  if (strange !== undefined)
    throw invalidInput([
      {
        path: ['admin_roles', adminRoles.indexOf(strange)],
        problem: `is no role here: there are ${rolesThereAre(context.tenant).join(', ')}`,
      },
    ]);
  const given = rightsOfRoles(context.tenant, added);
  if (context.rights === 'all' || covers(context.rights, given)) return;
  throw new Refusal(
    'forbidden',
    `The role ${added.join(' ')} allows what your roles and the scopes of this token do not both allow.`,
    {
      mistakes: [{ path: ['admin_roles'], problem: 'would give more than you hold' }],
    },
  );
}

/**
 * What can be got by whoever has a client in hand: what it may do itself, what people may do whose tokens come to it, and of the
 * tenant's own application everything, because it signs people in without a question.
 */
export function rightsBehind(
  tenant: AdminRolesOf,
  { metadata, adminRoles }: { readonly metadata: RegisteredMetadata; readonly adminRoles: readonly string[] },
): Rights {
  if (metadata.first_party) return new Set(adminScopesIn(tenant));
  const registered = scopesOf(completeMetadata(metadata)).filter(isAdminScope);
  return new Set([...rightsOfRoles(tenant, adminRoles), ...registered]);
}

function rolesThereAre({ settings }: AdminRolesOf): string[] {
  return [...Object.keys(builtInAdminRoles), ...Object.keys(settings.admin_roles)];
}
