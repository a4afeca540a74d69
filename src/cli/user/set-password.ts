// `signet user set-password USER`.
import { Command } from 'commander';
import type { Environment } from '../../config-names.ts';
import { findNamedUser } from '../../flows/users/find.ts';
import { setPassword } from '../../flows/users/passwords.ts';
import { withTenant } from '../backend.ts';
import { tenantOption, type TenantOption } from '../options.ts';
import { visible } from '../output.ts';
import { type PasswordOptions, passwordSource, shownPassword, withPasswordOptions } from '../password.ts';
import { formerPassword, warnOfUser } from '../provisioned.ts';
import { command } from '../run.ts';
import { endedInWords, passwordInWords, userArgument } from './shown.ts';

export function userSetPasswordCommand(env: Environment): Command {
  const shape = withPasswordOptions(new Command('set-password'))
    .description(
      'Give a user another password. Their sessions and grants end; APIs take access tokens until they expire.',
    )
    .argument('<user>', userArgument)
    .addOption(tenantOption());
  return command(shape, env, async (terminal, named: string, options: TenantOption & PasswordOptions) => {
    const source = passwordSource(options);
    await withTenant(terminal, { tenant: options.tenant }, async (deps, context, { config }) => {
      // Nobody types a password for a user who is not there.
      await findNamedUser(deps, context, named);
      const given = await source(deps);
      const { user, ended } = await setPassword(deps, { ...context, now: deps.clock() }, named, given.password);
      await warnOfUser({ ...terminal, config, context }, user, (entry) => formerPassword(entry, given.password));
      terminal.out.result(
        { id: user.id, username: user.username, ...ended, ...shownPassword(given) },
        [`Set another password for ${visible(user.username)}: ${endedInWords(ended)}.`, ...passwordInWords(given)].join(
          '\n',
        ),
      );
    });
  });
}
