// `signet service disable USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { disableService } from '../../flows/service-accounts/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { command } from '../frame/run.ts';
import { sayDisabled } from '../user/state.ts';
import { serviceArgument } from './shown.ts';

export function serviceDisableCommand(env: Environment): Command {
  const shape = new Command('disable')
    .description(
      'Disable a service account: its sessions and grants end, and its keys are refused. APIs that look at status lists refuse the access tokens within seconds, others when they expire.',
    )
    .argument('<username>', serviceArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) =>
      sayDisabled({ ...terminal, config, context }, await disableService(deps, context, named)),
    ),
  );
}
