// `signet keys revoke KID`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { listKeys } from '../../flows/keys/change.ts';
import { publishedKey, revokeKey } from '../../flows/keys/revoke.ts';
import { withTenant } from '../frame/backend.ts';
import { confirm, yesOption, type YesOption } from '../frame/confirm.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { command, withHint } from '../frame/run.ts';
import { longId } from '../frame/short-id.ts';

const hint = '"signet keys list" shows those there are.';

export function keysRevokeCommand(env: Environment): Command {
  const shape = new Command('revoke')
    .description('Take back a signing key that somebody else may have. Every token that it signed is refused.')
    .argument('<kid>', 'the id of the key, as "signet keys list" shows it, or the whole one')
    .addOption(tenantOption())
    .addOption(yesOption());
  return command(shape, env, (terminal, typed: string, options: TenantOption & YesOption) =>
    withTenant(terminal, options, async (deps, context) => {
      const kids = (await listKeys(deps, context)).map((key) => key.kid);
      const kid = await longId(typed, async (end) => kids.filter((one) => one.endsWith(end)));
      const { alg, state } = await withHint(hint, publishedKey(deps, context, kid));
      await confirm(
        `${kid} is the ${state} ${alg} key of the tenant ${context.tenant.slug}. Every token that it signed is refused from now on. Revoke it?`,
        options,
      );
      const { revoked, successor } = await withHint(hint, revokeKey(deps, { ...context, now: deps.clock() }, kid));
      const lines = [
        `Revoked the ${revoked.state} ${revoked.alg} key ${kid}. Within a second no Signet process accepts what it signed; copies of the key set elsewhere may hold it for up to 5 minutes.`,
        ...(successor === undefined ? [] : [`The ${revoked.alg} key ${successor} is active now.`]),
        ...(revoked.state === 'active' ? ['Sessions and refresh tokens go on: clients get new tokens with them.'] : []),
      ];
      terminal.out.result({ kid, alg: revoked.alg, was: revoked.state, successor }, lines.join('\n'));
    }),
  );
}
