// `signet service create USERNAME`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { firstKeyName } from '../../domain/service-key.ts';
import { createService } from '../../flows/service-accounts/create.ts';
import { withTenant } from '../frame/backend.ts';
import { roleDoubts, warn } from '../frame/doubts.ts';
import { repeatable, tenantOption, type TenantOption } from '../frame/options.ts';
import { visible } from '../frame/output.ts';
import { asGiven, command } from '../frame/run.ts';
import { expiresInOption, type ExpiresInOption, expiryForScripts, expiryFrom, expiryInWords } from '../frame/expiry.ts';
import { serviceForScripts, yearOfKey } from './shown.ts';

type Options = TenantOption &
  ExpiresInOption & {
    readonly name?: string;
    readonly role: readonly string[];
    readonly group: readonly string[];
    readonly key: boolean;
  };

export function serviceCreateCommand(env: Environment): Command {
  const shape = new Command('create')
    .description('Make a service account and its first key, which is shown this once.')
    .argument('<username>', 'the name that it signs in with')
    .option('--name <name>', 'what people read')
    .addOption(repeatable('--role <role>', 'a role, as APIs are told'))
    .addOption(repeatable('--group <group>', 'a group'))
    .option('--no-key', 'make no key yet')
    .addOption(expiresInOption('the key', yearOfKey))
    .addOption(tenantOption());
  return command(shape, env, async (terminal, username: string, options: Options) =>
    withTenant(terminal, { tenant: options.tenant, make: true }, async (deps, context) => {
      const { name, role: roles, group: groups } = options;
      const expiresAt = expiryFrom(options, context.now);
      const first = options.key ? { name: firstKeyName, expiresAt } : undefined;
      const entry = { username, roles, groups, ...(name !== undefined && { name }) };
      const doubts = await roleDoubts(deps, context, { roles });
      const { user, key } = await asGiven(createService(deps, context, entry, first));
      warn(terminal.out, doubts);
      terminal.out.result(
        {
          ...serviceForScripts(user),
          ...(key !== undefined && { key_name: firstKeyName, key, expires_at: expiryForScripts(expiresAt) }),
        },
        [
          `Made the service account ${visible(user.username)}, whose id is ${user.id}.`,
          ...(key === undefined
            ? []
            : [`Its key "${firstKeyName}" ${expiryInWords(expiresAt)}. The key, shown only now: ${key}`]),
        ].join('\n'),
      );
    }),
  );
}
