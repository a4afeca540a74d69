// `signet admin create`: the first administrator without the setup link, or one more.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { type PasswordOptions, passwordSource, shownPassword, withPasswordOptions } from '../frame/password.ts';
import { asGiven, command } from '../frame/run.ts';
import { createChecked, personOf, type PersonOptions, withPersonOptions } from '../user/options.ts';
import { madeInWords, userForScripts } from '../user/shown.ts';

export function adminCreateCommand(env: Environment): Command {
  const shape = withPasswordOptions(withPersonOptions(new Command('create')))
    .description(
      'Make an owner, the first or one more, who may do everything in the tenant. Without an option for it, the password is asked for.',
    )
    .addOption(tenantOption());
  return command(shape, env, async (terminal, options: TenantOption & PersonOptions & PasswordOptions) => {
    const [person, source] = [personOf(options), passwordSource(options)];
    await withTenant(terminal, { tenant: options.tenant, make: true }, async (deps, context) => {
      const given = await source(deps);
      const entry = { ...person, admin_roles: [ownerRole], password: given.password };
      const user = await asGiven(createChecked(deps, context, entry, { mustChange: given.generated }));
      terminal.out.result({ ...userForScripts(user), ...shownPassword(given) }, madeInWords(user, given));
    });
  });
}
