// `signet client rotate-secret ID`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { rotateClientSecret } from '../../flows/clients/secrets.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { warnOfClient } from '../frame/provisioned.ts';
import { command } from '../frame/run.ts';

export function clientRotateSecretCommand(env: Environment): Command {
  const shape = new Command('rotate-secret')
    .description('Give a client another secret, which is shown this once. Every older one is refused within a second.')
    .argument('<id>', 'its client_id')
    .addOption(tenantOption());
  return command(shape, env, (terminal, id: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) => {
      const secret = await rotateClientSecret(deps, context, id);
      terminal.out.note(`The secret of ${id}, shown only now. Every older one is refused.`);
      await warnOfClient({ ...terminal, config, context }, id, ({ client_secret: former }) =>
        former === undefined ? [] : [{ name: 'client_secret', todo: 'put the new secret there, or take it out' }],
      );
      terminal.out.result({ client_id: id, client_secret: secret, client_secret_expires_at: 0 }, secret);
    }),
  );
}
