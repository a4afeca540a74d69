// What administrators change of their tenant: its settings, and its roles at the admin API.
import type { Deps } from '../../deps.ts';
import {
  adminRoleNamed,
  type AdminRole,
  type AdminRoles,
  builtInAdminRoles,
  isBuiltInAdminRole,
} from '../../domain/admin-rights.ts';
import { adminApiOf } from '../../domain/admin-api.ts';
import type { RequestContext } from '../../domain/context.ts';
import { alreadyThere, invalidInput, Refusal } from '../../domain/errors.ts';
import { completeSettings, type Tenant, type TenantSettings } from '../../domain/tenant.ts';
import { checkedAdminRolePatch, checkedNewAdminRole, shownAdminRole } from '../../schemas/admin-role.ts';
import { checkedSettingsPatch, shownSettings } from '../../schemas/tenant.ts';
import { recordChange } from '../../storage/changes.ts';
import { countClientsWithAdminRole } from '../../storage/client-list.ts';
import type { Db } from '../../storage/database.ts';
import { findTenantById, lockTenant, setTenantPolicies } from '../../storage/tenants.ts';
import { countUsersWithAdminRole } from '../../storage/users.ts';
import { assertMatches } from '../precondition.ts';
import { difference } from '../difference.ts';
import { record } from '../events.ts';
import { assertReachesRights } from '../reach.ts';

/** A tenant's own: they are read with it. */
const mostAdminRoles = 100;

/** As it is stored now, past what is held in memory. */
export async function tenantNow(deps: Deps, { tenant }: RequestContext): Promise<Tenant> {
  return (await findTenantById(deps.db, tenant.id))!;
}

/**
 * RFC 7396 of what was set; what is removed has its default again.
 * @throws Refusal precondition_required, precondition_failed, invalid_input.
 */
export async function changeSettings(
  deps: Deps,
  context: RequestContext,
  { patch, ifMatch }: { readonly patch: unknown; readonly ifMatch: string | undefined },
): Promise<Tenant> {
  return changeTenant(deps, context, (stored) => {
    const { admin_roles: roles, ...given } = stored.settings;
    assertMatches(ifMatch, shownSettings({ name: stored.name, settings: completeSettings(stored.settings) }));
    const { name, ...settings } = checkedSettingsPatch({ name: stored.name, ...given }, patch);
    if (settings.default_resource?.startsWith(adminApiOf(context.tenant.issuer)))
      throw invalidInput([{ path: ['default_resource'], problem: 'cannot be the admin API' }]);
    return { name: name!, settings: { ...settings, ...(roles && { admin_roles: roles }) } };
  });
}

/** By name: those that every tenant has, then its own. */
export function adminRolesIn({ settings }: Pick<Tenant, 'settings'>): readonly (readonly [string, AdminRole])[] {
  return [
    ...Object.entries(builtInAdminRoles),
    ...Object.entries(settings.admin_roles).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  ];
}

/** @throws Refusal not_found. */
export async function adminRoleNow(deps: Deps, context: RequestContext, name: string): Promise<AdminRole> {
  const role = adminRoleNamed(await tenantNow(deps, context), name);
  if (!role) throw noSuchRole(name);
  return role;
}

/** @throws Refusal invalid_input with every mistake; exists; forbidden when it would allow what whoever asks may not do. */
export async function createAdminRole(deps: Deps, context: RequestContext, given: unknown): Promise<string> {
  const { name, ...role } = checkedNewAdminRole(given);
  await changeAdminRoles(deps, context, name, (roles) => {
    if (Object.hasOwn(roles, name)) throw alreadyThere(`role ${name}`);
    if (Object.keys(roles).length >= mostAdminRoles)
      throw new Refusal('conflict', `There are ${mostAdminRoles} roles already, and no more are allowed.`);
    return role;
  });
  return name;
}

/** @throws Refusal not_found, conflict for a role that every tenant has; precondition_*, invalid_input, forbidden. */
export async function changeAdminRole(
  deps: Deps,
  context: RequestContext,
  name: string,
  { patch, ifMatch }: { readonly patch: unknown; readonly ifMatch: string | undefined },
): Promise<void> {
  await changeAdminRoles(deps, context, name, (roles) => {
    const known = own(roles, name);
    assertMatches(ifMatch, shownAdminRole(name, known));
    return checkedAdminRolePatch(known, patch);
  });
}

/** Not while somebody has it: a role of that name that is made later would be theirs. @throws Refusal as {@link changeAdminRole}. */
export async function deleteAdminRole(
  deps: Deps,
  context: RequestContext,
  name: string,
  { ifMatch }: { readonly ifMatch: string | undefined },
): Promise<void> {
  await changeAdminRoles(deps, context, name, async (roles, tx) => {
    assertMatches(ifMatch, shownAdminRole(name, own(roles, name)));
    const { id } = context.tenant;
    const people = await countUsersWithAdminRole(tx, id, name);
    const clients = await countClientsWithAdminRole(tx, id, name);
    if (people + clients === 0) return undefined;
    throw new Refusal(
      'conflict',
      `The role ${name} is that of ${people === 1 ? 'one person' : `${people} people`} and ${clients === 1 ? 'one client' : `${clients} clients`}: take it from them first.`,
    );
  });
}

/** Nobody makes, changes or deletes a role that allows, or would, more than they may. */
function changeAdminRoles(
  deps: Deps,
  context: RequestContext,
  name: string,
  change: (roles: AdminRoles, tx: Db) => AdminRole | undefined | Promise<AdminRole | undefined>,
): Promise<Tenant> {
  return changeTenant(deps, context, async ({ name: title, settings }, tx) => {
    const roles = settings.admin_roles ?? {};
    const wanted = await change(roles, tx);
    for (const role of [Object.hasOwn(roles, name) ? roles[name] : undefined, wanted])
      if (role) assertReachesRights(context, new Set(role.scopes), 'The role');
    const others = Object.entries(roles).filter(([other]) => other !== name);
    return {
      name: title,
      settings: { ...settings, admin_roles: Object.fromEntries([...others, ...(wanted ? [[name, wanted]] : [])]) },
    };
  });
}

function own(roles: AdminRoles, name: string): AdminRole {
  if (isBuiltInAdminRole(name))
    throw new Refusal('conflict', `The role ${name} is one that every tenant has: it cannot be changed.`);
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (!role) throw noSuchRole(name);
  return role;
}

type Stored = { readonly name: string; readonly settings: Partial<TenantSettings> };

async function changeTenant(
  deps: Deps,
  context: RequestContext,
  change: (stored: Stored, tx: Db) => Stored | Promise<Stored>,
): Promise<Tenant> {
  const { tenant, now } = context;
  const changed = await deps.db.transaction(async (tx) => {
    const stored = await lockTenant(tx, tenant.id);
    const wanted = await change(stored, tx);
    await setTenantPolicies(tx, tenant.id, wanted, now);
    await record(deps, tx, context, { type: 'tenant.updated', data: changedIn(stored, wanted) });
    await recordChange(tx, { kind: 'tenant', tenantId: tenant.id, entity: tenant.id }, now);
    return (await findTenantById(tx, tenant.id))!;
  });
  deps.memory.drop({ kind: 'tenant', tenantId: tenant.id, entity: tenant.id });
  return changed;
}

/** The names of what changed, and how it was and is. */
function changedIn(before: Stored, after: Stored) {
  const flat = ({ name, settings: { admin_roles: roles = {}, ...settings } }: Stored) => ({
    name,
    ...settings,
    ...Object.fromEntries(Object.entries(roles).map(([role, one]) => [`role ${role}`, one])),
  });
  const changes = difference(flat(before), flat(after));
  return { settings: [...new Set([...Object.keys(changes.before), ...Object.keys(changes.after)])], ...changes };
}

function noSuchRole(name: string): Refusal {
  return new Refusal('not_found', `There is no role ${name}.`);
}
