// `signet service enable USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { enableService } from '../../flows/service-accounts/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { command } from '../frame/run.ts';
import { sayEnabled } from '../user/state.ts';
import { serviceArgument } from './shown.ts';

export function serviceEnableCommand(env: Environment): Command {
  const shape = new Command('enable')
    .description('Let a disabled service account sign in again, with the keys it has. What was ended stays ended.')
    .argument('<username>', serviceArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) =>
      sayEnabled({ ...terminal, config, context }, await enableService(deps, context, named)),
    ),
  );
}
