// /admin/api/settings: the tenant's name and policies.
import type { Tenant } from '../../domain/tenant.ts';
import { changeSettings, tenantNow } from '../../flows/tenants/settings.ts';
import { settingsFields, settingsShown, shownSettings } from '../../schemas/tenant.ts';
import type { Answer, Operation } from './operation.ts';

export const settingsOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/settings',
    scope: 'admin:settings:read',
    summary: 'Show the settings in force',
    answers: { status: 200, schema: settingsShown },
    run: async (deps, { context }) => shown(await tenantNow(deps, context)),
  },
  {
    method: 'PATCH',
    path: '/settings',
    scope: 'admin:settings:write',
    summary: 'Change settings',
    description: 'What is removed with null has its default again.',
    isDangerous: true,
    body: { schema: settingsFields, as: 'patch' },
    answers: { status: 200, schema: settingsShown },
    run: async (deps, { context, body, ifMatch }) =>
      shown(await changeSettings(deps, context, { patch: body, ifMatch })),
  },
];

function shown(tenant: Tenant): Answer {
  const body = shownSettings(tenant);
  return { status: 200, body, tagged: body };
}
