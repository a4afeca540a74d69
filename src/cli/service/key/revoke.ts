// `signet service key revoke USERNAME NAME`.
import { Command } from 'commander';
import type { Environment } from '../../../config/names.ts';
import { revokeServiceKey } from '../../../flows/service-accounts/keys.ts';
import { withTenant } from '../../frame/backend.ts';
import { tenantOption, type TenantOption } from '../../frame/options.ts';
import { visible } from '../../frame/output.ts';
import { warnOfServiceKey } from '../../frame/provisioned.ts';
import { command } from '../../frame/run.ts';
import { endedForScripts, endedInWords } from '../../user/shown.ts';
import { serviceArgument } from '../shown.ts';

export function serviceKeyRevokeCommand(env: Environment): Command {
  const shape = new Command('revoke')
    .description(
      'Take a key from a service account. Its sessions and grants end, whichever key they came of. APIs that look at status lists refuse the access tokens within seconds, others when they expire.',
    )
    .argument('<username>', serviceArgument)
    .argument('<name>', 'what the key is called')
    .addOption(tenantOption());
  return command(shape, env, (terminal, username: string, name: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) => {
      const { user, ended } = await revokeServiceKey(deps, context, username, name);
      await warnOfServiceKey({ ...terminal, config, context }, user, name);
      terminal.out.result(
        { id: user.id, username: user.username, key_name: name, ...endedForScripts(ended) },
        `Revoked the key ${visible(name)} of ${visible(user.username)}: ${endedInWords(ended)}.`,
      );
    }),
  );
}
