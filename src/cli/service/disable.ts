// `signet service disable USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { disableService } from '../../flows/service-accounts/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { visible } from '../frame/output.ts';
import { warnOfUser } from '../frame/provisioned.ts';
import { command } from '../frame/run.ts';
import { endedForScripts, endedInWords } from '../user/shown.ts';
import { serviceArgument } from './shown.ts';

export function serviceDisableCommand(env: Environment): Command {
  const shape = new Command('disable')
    .description(
      'Disable a service account: its sessions and grants end, and its keys are refused. APIs take access tokens until they expire.',
    )
    .argument('<username>', serviceArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) => {
      const { user, ended } = await disableService(deps, context, named);
      await warnOfUser({ ...terminal, config, context }, user, ({ disabled }) =>
        disabled === false ? [{ name: 'disabled', todo: 'set it to true, or take it out' }] : [],
      );
      const name = visible(user.username);
      terminal.out.result(
        {
          id: user.id,
          username: user.username,
          disabled: true,
          changed: ended !== undefined,
          ...endedForScripts(ended ?? { sessions: 0, grants: 0 }),
        },
        ended ? `Disabled ${name}: ${endedInWords(ended)}.` : `${name} was disabled already.`,
      );
    }),
  );
}
