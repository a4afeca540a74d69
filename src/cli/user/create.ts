// `signet user create`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { withTenant } from '../frame/backend.ts';
import { repeatable, tenantOption, type TenantOption } from '../frame/options.ts';
import { type PasswordOptions, passwordSource, shownPassword, withPasswordOptions } from '../frame/password.ts';
import { asGiven, command } from '../frame/run.ts';
import { roleDoubts, warn } from '../frame/doubts.ts';
import { createChecked, personOf, type PersonOptions, withPersonOptions } from './options.ts';
import { madeInWords, userForScripts } from './shown.ts';

type Options = TenantOption &
  PersonOptions &
  PasswordOptions & {
    readonly role: readonly string[];
    readonly adminRole: readonly string[];
    readonly group: readonly string[];
  };

export function userCreateCommand(env: Environment): Command {
  const shape = withPasswordOptions(withPersonOptions(new Command('create')))
    .description('Make a user who signs in with a password. Without an option for it, the password is asked for.')
    .addOption(repeatable('--role <role>', 'a role, as applications are told'))
    .addOption(repeatable('--admin-role <role>', 'what they may do at the admin API, such as "auditor"'))
    .addOption(repeatable('--group <group>', 'a group'))
    .addOption(tenantOption());
  return command(shape, env, async (terminal, options: Options) => {
    const [person, source] = [personOf(options), passwordSource(options)];
    await withTenant(terminal, { tenant: options.tenant, make: true }, async (deps, context) => {
      const given = await source(deps);
      const { role: roles, adminRole: adminRoles, group: groups } = options;
      const entry = { ...person, roles, admin_roles: adminRoles, groups, password: given.password };
      const doubts = await roleDoubts(deps, context, { roles, adminRoles });
      const user = await asGiven(createChecked(deps, context, entry, { mustChange: given.generated }));
      warn(terminal.out, doubts);
      terminal.out.result({ ...userForScripts(user), ...shownPassword(given) }, madeInWords(user, given));
    });
  });
}
