// `signet service list`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { listServices } from '../../flows/service-accounts/find.ts';
import { withTenant } from '../frame/backend.ts';
import { pageOptions, type PageOptions, tenantOption, type TenantOption } from '../frame/options.ts';
import { command } from '../frame/run.ts';
import { listedForScripts, serviceColumns } from './shown.ts';

export function serviceListCommand(env: Environment): Command {
  const [limit, after] = pageOptions('username');
  const shape = new Command('list')
    .description('List service accounts by their usernames.')
    .addOption(limit)
    .addOption(after)
    .addOption(tenantOption());
  return command(shape, env, (terminal, options: TenantOption & PageOptions) =>
    withTenant(terminal, { tenant: options.tenant }, async (deps, context) => {
      const { items, more } = await listServices(deps, context, options);
      terminal.out.list(items.map(listedForScripts), serviceColumns, 'There are no service accounts.');
      if (more) terminal.out.note(`There are more: --after ${items.at(-1)!.user.username}`);
    }),
  );
}
