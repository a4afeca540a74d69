// `signet client secret list ID`.
import { Command } from 'commander';
import type { Environment } from '../../../config/names.ts';
import { type ClientSecret, liveSecrets } from '../../../domain/client-secret.ts';
import { listClientSecrets } from '../../../flows/clients/secrets.ts';
import { withTenant } from '../../frame/backend.ts';
import { expiryForScripts } from '../../frame/expiry.ts';
import { tenantOption, type TenantOption } from '../../frame/options.ts';
import { type Column, roughly, shownTime } from '../../frame/output.ts';
import { command } from '../../frame/run.ts';

/** Never the secret, of which only a MAC is stored. */
function secretForScripts(secret: ClientSecret, now: number) {
  const { id, addedAt, expiresAt } = secret;
  return {
    secret_id: id,
    added_at: addedAt === undefined ? null : shownTime(addedAt),
    expires_at: expiryForScripts(expiresAt),
    expired: liveSecrets([secret], now).length === 0,
  };
}

const columns: readonly Column<ReturnType<typeof secretForScripts>>[] = [
  { head: 'Secret', of: (secret) => secret.secret_id, whole: true },
  { head: 'Added', of: ({ added_at: at }) => (at === null ? undefined : roughly(at)) },
  { head: 'Expires', of: ({ expires_at: at }) => (at === null ? 'never' : roughly(at)) },
  { head: 'State', of: (secret) => (secret.expired ? 'expired' : 'good') },
];

export function clientSecretListCommand(env: Environment): Command {
  const shape = new Command('list')
    .description('List the secrets of a client by their ids, and when each expires.')
    .argument('<id>', 'its client_id')
    .addOption(tenantOption());
  return command(shape, env, (terminal, id: string, { tenant }: TenantOption) =>
    withTenant(terminal, { tenant }, async (deps, context) => {
      const secrets = await listClientSecrets(deps, context, id);
      const shown = secrets.map((secret) => secretForScripts(secret, context.now));
      terminal.out.list(shown, columns, `${id} has no secrets.`);
    }),
  );
}
