// `signet service key list USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../../config/names.ts';
import { listServiceKeys } from '../../../flows/service-accounts/keys.ts';
import { withTenant } from '../../frame/backend.ts';
import { tenantOption, type TenantOption } from '../../frame/options.ts';
import { command } from '../../frame/run.ts';
import { keyColumns, keyForScripts, serviceArgument } from '../shown.ts';

export function serviceKeyListCommand(env: Environment): Command {
  const shape = new Command('list')
    .description('List the keys of a service account by their names, and when each was last used.')
    .argument('<username>', serviceArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, username: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context) => {
      const keys = await listServiceKeys(deps, context, username);
      const shown = keys.map((key) => keyForScripts(key, context.now));
      terminal.out.list(shown, keyColumns, `${username} has no keys.`);
    }),
  );
}
