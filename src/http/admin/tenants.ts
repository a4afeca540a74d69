// /admin/api/tenants: the tenants of the installation, for owners of the default one.
import { Refusal } from '../../domain/errors.ts';
import { makeTenant } from '../../flows/tenants/create.ts';
import { listTenants, tenantBySlug } from '../../flows/tenants/find.ts';
import { checkedNewTenant, newTenantAsked, shownTenant, tenantShown } from '../../schemas/tenant.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './paging.ts';

export const tenantOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/tenants',
    scope: 'admin:tenants:read',
    summary: 'List tenants',
    answers: { status: 200, schema: pageOf('Tenants', tenantShown) },
    run: async (deps) => ({ status: 200, body: { items: (await listTenants(deps)).map(shownTenant) } }),
  },
  {
    method: 'POST',
    path: '/tenants',
    scope: 'admin:tenants:write',
    summary: 'Make a tenant',
    description:
      'It has keys and the built-in client, and nobody in it yet: a provisioning file or the command line makes its first owner.',
    isDangerous: true,
    body: { schema: newTenantAsked },
    answers: { status: 201, schema: tenantShown },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const made = await makeTenant(deps, checkedNewTenant(body), context.actor);
      return { status: 201, body: shownTenant(made), tagged: shownTenant(made), location: `/tenants/${made.slug}` };
    },
  },
  {
    method: 'GET',
    path: '/tenants/{tenant}',
    scope: 'admin:tenants:read',
    summary: 'Show a tenant',
    answers: { status: 200, schema: tenantShown },
    run: async (deps, { params }) => {
      const tenant = await tenantBySlug(deps, params['tenant']!);
      if (!tenant) throw new Refusal('not_found', `There is no tenant ${params['tenant']!}.`);
      return { status: 200, body: shownTenant(tenant), tagged: shownTenant(tenant) };
    },
  },
];
