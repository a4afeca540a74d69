// /admin/api/roles: roles at the admin API, as sets of its scopes.
import type { AdminRole } from '../../domain/admin-rights.ts';
import {
  adminRoleNow,
  adminRolesIn,
  changeAdminRole,
  createAdminRole,
  deleteAdminRole,
  tenantNow,
} from '../../flows/tenants/settings.ts';
import { adminRole, adminRoleShown, newAdminRole, shownAdminRole } from '../../schemas/admin-role.ts';
import type { Answer, Operation } from './operation.ts';
import { pageOf } from './paging.ts';

export const roleOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/roles',
    scope: 'admin:roles:read',
    summary: 'List the roles of administrators',
    answers: { status: 200, schema: pageOf('Roles', adminRoleShown) },
    run: async (deps, { context }) => {
      const roles = adminRolesIn(await tenantNow(deps, context));
      return { status: 200, body: { items: roles.map(([name, role]) => shownAdminRole(name, role)) } };
    },
  },
  {
    method: 'POST',
    path: '/roles',
    scope: 'admin:roles:write',
    summary: 'Make a role of administrators',
    description: 'It can allow no more than whoever makes it may do.',
    isDangerous: true,
    body: { schema: newAdminRole },
    answers: { status: 201, schema: adminRoleShown },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const name = await createAdminRole(deps, context, body);
      return { ...shown(name, await adminRoleNow(deps, context, name)), status: 201, location: `/roles/${name}` };
    },
  },
  {
    method: 'GET',
    path: '/roles/{name}',
    scope: 'admin:roles:read',
    summary: 'Show a role of administrators',
    answers: { status: 200, schema: adminRoleShown },
    run: async (deps, { context, params }) =>
      shown(params['name']!, await adminRoleNow(deps, context, params['name']!)),
  },
  {
    method: 'PATCH',
    path: '/roles/{name}',
    scope: 'admin:roles:write',
    summary: 'Change a role of administrators',
    isDangerous: true,
    body: { schema: adminRole, as: 'patch' },
    answers: { status: 200, schema: adminRoleShown },
    refusals: [409],
    run: async (deps, { context, params, body, ifMatch }) => {
      await changeAdminRole(deps, context, params['name']!, { patch: body, ifMatch });
      return shown(params['name']!, await adminRoleNow(deps, context, params['name']!));
    },
  },
  {
    method: 'DELETE',
    path: '/roles/{name}',
    scope: 'admin:roles:write',
    summary: 'Delete a role of administrators',
    description: 'Not while somebody has it.',
    isDangerous: true,
    answers: { status: 204 },
    refusals: [409],
    run: async (deps, { context, params, ifMatch }) => {
      await deleteAdminRole(deps, context, params['name']!, { ifMatch });
      return { status: 204 };
    },
  },
];

function shown(name: string, role: AdminRole): Answer {
  const body = shownAdminRole(name, role);
  return { status: 200, body, tagged: body };
}
