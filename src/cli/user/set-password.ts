// `signet user set-password USER`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { setPassword, type ToChange } from '../../flows/users/passwords.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { visible } from '../frame/output.ts';
import { type PasswordOptions, withPasswordOptions } from '../frame/password.ts';
import { command } from '../frame/run.ts';
import { giveNewPassword } from './new-password.ts';
import { endedInWords, userArgument } from './shown.ts';

export function userSetPasswordCommand(env: Environment): Command {
  const shape = withPasswordOptions(new Command('set-password'))
    .description(
      'Give a user another password. Their sessions and grants end. APIs that look at status lists refuse the access tokens within seconds, others when they expire.',
    )
    .argument('<user>', userArgument)
    .option('--must-change', 'it must be changed at the first sign-in and ends in 7 days, like one that is made')
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, options: TenantOption & PasswordOptions & ToChange) =>
    giveNewPassword(terminal, named, options, setPassword, {
      inWords: ({ user, ended }) => `Set another password for ${visible(user.username)}: ${endedInWords(ended)}.`,
    }),
  );
}
