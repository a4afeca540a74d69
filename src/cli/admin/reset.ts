// `signet admin reset USER`: lets somebody in as an owner who cannot get in any more.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import { type Rescued, resetAdministrator } from '../../flows/users/administrators.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { visible } from '../frame/output.ts';
import { type PasswordOptions, withPasswordOptions } from '../frame/password.ts';
import { command } from '../frame/run.ts';
import { giveNewPassword } from '../user/new-password.ts';
import { endedInWords, userArgument } from '../user/shown.ts';

export function adminResetCommand(env: Environment): Command {
  const shape = withPasswordOptions(new Command('reset'))
    .description(
      'Let a user in as an owner: enabled, with the admin role "owner" and a new password, and wrong ones before are forgotten. Second factors stay: "user reset-mfa" removes them.',
    )
    .argument('<user>', userArgument)
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, options: TenantOption & PasswordOptions) =>
    giveNewPassword(terminal, named, options, resetAdministrator, {
      forScripts: ({ wasDisabled, roleAdded }) => ({
        disabled: false,
        was_disabled: wasDisabled,
        role_added: roleAdded,
      }),
      inWords,
      undoes: (entry) => [
        ...(entry.disabled ? [{ name: 'disabled', todo: 'take it out' }] : []),
        ...(entry.admin_roles?.includes(ownerRole) === false
          ? [{ name: 'admin_roles', todo: `add ${ownerRole} to them` }]
          : []),
      ],
    }),
  );
}

function inWords({ user, wasDisabled, roleAdded, hasSecondFactor, ended }: Rescued): string {
  const changes = [
    ...(wasDisabled ? ['enabled'] : []),
    ...(roleAdded ? ['made an owner'] : []),
    'given another password',
  ];
  const name = visible(user.username);
  const done = `${name} was ${changes.join(', ')}, and may sign in: ${endedInWords(ended)}.`;
  return hasSecondFactor
    ? `${done}\nThe second factor stays. If it is lost as well: signet user reset-mfa ${name}`
    : done;
}
