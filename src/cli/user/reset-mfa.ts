// `signet user reset-mfa USER`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { resetSecondFactors } from '../../flows/users/reset-second-factors.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { counted, visible } from '../frame/output.ts';
import { command } from '../frame/run.ts';
import { endedForScripts, endedInWords, userArgument } from './shown.ts';

export function userResetMfaCommand(env: Environment): Command {
  const shape = new Command('reset-mfa')
    .description(
      'Remove the second factors and recovery codes of a user, whose telephone is lost. Their sessions and grants end; be sure who asks.',
    )
    .argument('<user>', userArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context) => {
      const { user, removed, ended } = await resetSecondFactors(deps, context, named);
      const name = visible(user.username);
      terminal.out.result(
        { id: user.id, username: user.username, factors_removed: removed, ...endedForScripts(ended) },
        removed === 0
          ? `${name} has no second factor.`
          : `Removed ${counted(removed, 'second factor')} of ${name}: ${endedInWords(ended)}.`,
      );
    }),
  );
}
