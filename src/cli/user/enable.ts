// `signet user enable USER`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { enableUser } from '../../flows/users/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { command } from '../frame/run.ts';
import { userArgument } from './shown.ts';
import { sayEnabled } from './state.ts';

export function userEnableCommand(env: Environment): Command {
  const shape = new Command('enable')
    .description('Let a disabled user sign in again. What was ended stays ended.')
    .argument('<user>', userArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) =>
      sayEnabled({ ...terminal, config, context }, await enableUser(deps, context, named)),
    ),
  );
}
