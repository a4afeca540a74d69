// `signet client secret revoke ID SECRET`.
import { Command } from 'commander';
import type { Environment } from '../../../config/names.ts';
import { registeredSecretId } from '../../../domain/client-secret.ts';
import { revokeClientSecret } from '../../../flows/clients/secrets.ts';
import { withTenant } from '../../frame/backend.ts';
import { tenantOption, type TenantOption } from '../../frame/options.ts';
import { visible } from '../../frame/output.ts';
import { warnOfClient } from '../../frame/provisioned.ts';
import { command } from '../../frame/run.ts';

export function clientSecretRevokeCommand(env: Environment): Command {
  const shape = new Command('revoke')
    .description('Take a secret from a client. It is refused within a second; tokens that it got go on.')
    .argument('<id>', 'its client_id')
    .argument('<secret>', 'the id of the secret, as it is listed')
    .addOption(tenantOption());
  return command(shape, env, (terminal, id: string, secretId: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) => {
      const left = await revokeClientSecret(deps, context, id, secretId);
      if (secretId === registeredSecretId)
        await warnOfClient({ ...terminal, config, context }, id, ({ client_secret: declared }) =>
          declared === undefined ? [] : [{ name: 'client_secret', todo: 'put another secret there, or take it out' }],
        );
      if (left === 0)
        terminal.out.note(`The client ${visible(id)} has no secret now: it is refused until it gets one.`);
      terminal.out.result(
        { client_id: id, secret_id: secretId, secrets_left: left },
        `Revoked the secret ${visible(secretId)} of ${visible(id)}.`,
      );
    }),
  );
}
