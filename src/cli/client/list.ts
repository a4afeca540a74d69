// `signet client list`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { listClients } from '../../flows/clients/list.ts';
import { withTenant } from '../frame/backend.ts';
import { pageOptions, type PageOptions, tenantOption, type TenantOption } from '../frame/options.ts';
import { command } from '../frame/run.ts';
import { clientColumns, clientForScripts } from './shown.ts';

export function clientListCommand(env: Environment): Command {
  const [limit, after] = pageOptions('id');
  const shape = new Command('list')
    .description('List clients by their ids.')
    .addOption(limit)
    .addOption(after)
    .addOption(tenantOption());
  return command(shape, env, (terminal, options: TenantOption & PageOptions) =>
    withTenant(terminal, { tenant: options.tenant }, async (deps, context) => {
      const { items, more } = await listClients(deps, context, options);
      terminal.out.list(items.map(clientForScripts), clientColumns, 'There are no clients.');
      if (more) terminal.out.note(`There are more: --after ${items.at(-1)!.id}`);
    }),
  );
}
