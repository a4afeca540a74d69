// `signet service enable USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { enableService } from '../../flows/service-accounts/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { visible } from '../frame/output.ts';
import { warnOfUser } from '../frame/provisioned.ts';
import { command } from '../frame/run.ts';
import { serviceArgument } from './shown.ts';

export function serviceEnableCommand(env: Environment): Command {
  const shape = new Command('enable')
    .description('Let a disabled service account sign in again, with the keys it has. What was ended stays ended.')
    .argument('<username>', serviceArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) => {
      const { user, enabled } = await enableService(deps, context, named);
      await warnOfUser({ ...terminal, config, context }, user, ({ disabled }) =>
        disabled === true ? [{ name: 'disabled', todo: 'take it out' }] : [],
      );
      const name = visible(user.username);
      terminal.out.result(
        { id: user.id, username: user.username, disabled: false, changed: enabled },
        enabled ? `Enabled ${name}.` : `${name} was not disabled.`,
      );
    }),
  );
}
