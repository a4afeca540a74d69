// `signet tenant list`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { listTenants } from '../../flows/tenants/find.ts';
import { withBackend } from '../frame/backend.ts';
import { command } from '../frame/run.ts';

export function tenantListCommand(env: Environment): Command {
  const shape = new Command('list').description('List the tenants.');
  return command(shape, env, (terminal) =>
    withBackend(terminal, {}, async ({ deps }) => {
      const tenants = await listTenants(deps);
      terminal.out.list(
        tenants.map(({ slug, issuer, name }) => ({ slug, issuer, name })),
        [
          { head: 'Slug', of: (tenant) => tenant.slug, whole: true },
          { head: 'Issuer', of: (tenant) => tenant.issuer },
          { head: 'Name', of: (tenant) => tenant.name },
        ],
        'There are no tenants.',
      );
    }),
  );
}
