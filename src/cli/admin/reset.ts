// `signet admin reset USER`: lets somebody in as an administrator who cannot get in any more.
import { Command } from 'commander';
import type { Environment } from '../../config-names.ts';
import { type Rescued, resetAdministrator } from '../../flows/users/administrators.ts';
import { adminRole } from '../../flows/setup.ts';
import { findNamedUser } from '../../flows/users/find.ts';
import { withTenant } from '../backend.ts';
import { tenantOption, type TenantOption } from '../options.ts';
import { visible } from '../output.ts';
import { type PasswordOptions, passwordSource, shownPassword, withPasswordOptions } from '../password.ts';
import { formerPassword, warnOfUser } from '../provisioned.ts';
import { command } from '../run.ts';
import { endedInWords, passwordInWords, userArgument } from '../user/shown.ts';

export function adminResetCommand(env: Environment): Command {
  const shape = withPasswordOptions(new Command('reset'))
    .description(
      'Let a user in as an administrator: enabled, with the role "admin" and a new password, and wrong ones before are forgotten.',
    )
    .argument('<user>', userArgument)
    .addOption(tenantOption());
  return command(shape, env, async (terminal, named: string, options: TenantOption & PasswordOptions) => {
    const source = passwordSource(options);
    await withTenant(terminal, { tenant: options.tenant }, async (deps, context, { config }) => {
      await findNamedUser(deps, context, named);
      const given = await source(deps);
      const rescued = await resetAdministrator(deps, { ...context, now: deps.clock() }, named, given.password);
      const { user, enabled, roleAdded, ended } = rescued;
      await warnOfUser({ ...terminal, config, context }, user, (entry) => [
        ...formerPassword(entry, given.password),
        ...(entry.disabled ? [{ name: 'disabled', todo: 'take it out' }] : []),
        ...(entry.roles?.includes(adminRole) === false ? [{ name: 'roles', todo: `add ${adminRole} to them` }] : []),
      ]);
      terminal.out.result(
        { id: user.id, username: user.username, enabled, role_added: roleAdded, ...ended, ...shownPassword(given) },
        [inWords(rescued), ...passwordInWords(given)].join('\n'),
      );
    });
  });
}

function inWords({ user, enabled, roleAdded, ended }: Rescued): string {
  const changes = [
    ...(enabled ? ['enabled'] : []),
    ...(roleAdded ? ['made an administrator'] : []),
    'given another password',
  ];
  return `${visible(user.username)} was ${changes.join(', ')}, and may sign in: ${endedInWords(ended)}.`;
}
