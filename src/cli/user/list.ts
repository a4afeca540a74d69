// `signet user list`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { listUsers } from '../../flows/users/find.ts';
import { withTenant } from '../frame/backend.ts';
import { pageOptions, type PageOptions, tenantOption, type TenantOption } from '../frame/options.ts';
import { command } from '../frame/run.ts';
import { userColumns, userForScripts } from './shown.ts';

type Options = TenantOption & PageOptions & { readonly search?: string };

export function userListCommand(env: Environment): Command {
  const [limit, after] = pageOptions('username');
  const shape = new Command('list')
    .description('List users by their usernames.')
    .option('--search <text>', 'only whose username, e-mail address or name contains this')
    .addOption(limit)
    .addOption(after)
    .addOption(tenantOption());
  return command(shape, env, (terminal, options: Options) =>
    withTenant(terminal, { tenant: options.tenant }, async (deps, context) => {
      const { items, more } = await listUsers(deps, context, options);
      terminal.out.list(
        items.map(userForScripts),
        userColumns,
        options.search === undefined
          ? 'There are no users.'
          : `Nobody's username, e-mail address or name contains ${options.search}.`,
      );
      if (more) terminal.out.note(`There are more: --after ${items.at(-1)!.username}`);
    }),
  );
}
