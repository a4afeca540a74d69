// `signet service key add USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../../config/names.ts';
import { addServiceKey } from '../../../flows/service-accounts/keys.ts';
import { withTenant } from '../../frame/backend.ts';
import { tenantOption, type TenantOption } from '../../frame/options.ts';
import { asGiven, command, CommandError } from '../../frame/run.ts';
import {
  expiresInOption,
  type ExpiresInOption,
  expiryForScripts,
  expiryFrom,
  expiryInWords,
} from '../../frame/expiry.ts';
import { serviceArgument, yearOfKey } from '../shown.ts';

type Options = TenantOption & ExpiresInOption & { readonly name?: string };

export function serviceKeyAddCommand(env: Environment): Command {
  const shape = new Command('add')
    .description('Give a service account one more key, which is shown this once.')
    .argument('<username>', serviceArgument)
    .option('--name <name>', 'what the key is called; required')
    .addOption(expiresInOption('the key', yearOfKey))
    .addOption(tenantOption());
  return command(shape, env, async (terminal, username: string, options: Options) => {
    const { name, tenant } = options;
    // Not by commander, which would say this before it says that an option is misspelt.
    if (name === undefined) throw new CommandError('usage', '--name is missing.');
    await withTenant(terminal, { tenant }, async (deps, context) => {
      const expiresAt = expiryFrom(options, context.now);
      const { user, key } = await asGiven(addServiceKey(deps, context, username, { name, expiresAt }));
      terminal.out.note(`The key ${name} of ${user.username}, shown only now. It ${expiryInWords(expiresAt)}.`);
      const { id } = user;
      terminal.out.result(
        { id, username: user.username, key_name: name, key, expires_at: expiryForScripts(expiresAt) },
        key,
      );
    });
  });
}
