// `signet client secret add ID`.
import { Command } from 'commander';
import type { Environment } from '../../../config/names.ts';
import { addClientSecret } from '../../../flows/clients/secrets.ts';
import { withTenant } from '../../frame/backend.ts';
import {
  expiresInOption,
  type ExpiresInOption,
  expiryForScripts,
  expiryFrom,
  expiryInWords,
} from '../../frame/expiry.ts';
import { tenantOption, type TenantOption } from '../../frame/options.ts';
import { command } from '../../frame/run.ts';

export function clientSecretAddCommand(env: Environment): Command {
  const shape = new Command('add')
    .description('Give a client one more secret, which is shown this once. The other one stays right.')
    .argument('<id>', 'its client_id')
    .addOption(expiresInOption('the new secret', ['never', 'never']))
    .addOption(tenantOption());
  return command(shape, env, (terminal, id: string, options: TenantOption & ExpiresInOption) =>
    withTenant(terminal, { tenant: options.tenant }, async (deps, context) => {
      const expiresAt = expiryFrom(options, context.now);
      const { secretId, secret } = await addClientSecret(deps, context, id, expiresAt);
      terminal.out.note(`The secret ${secretId} of ${id}, shown only now. It ${expiryInWords(expiresAt)}.`);
      terminal.out.result(
        { client_id: id, secret_id: secretId, client_secret: secret, expires_at: expiryForScripts(expiresAt) },
        secret,
      );
    }),
  );
}
