// `signet client delete ID`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { deleteClient } from '../../flows/clients/delete.ts';
import { findNamedClient } from '../../flows/clients/list.ts';
import { withTenant } from '../frame/backend.ts';
import { confirm, yesOption, type YesOption } from '../frame/confirm.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { counted, visible } from '../frame/output.ts';
import { warnOfClient } from '../frame/provisioned.ts';
import { command } from '../frame/run.ts';

export function clientDeleteCommand(env: Environment): Command {
  const shape = new Command('delete')
    .description(
      'Delete a client with everything that people authorized it to do. Its tokens are refused here at once, by APIs that look at status lists within seconds, by others when they expire.',
    )
    .argument('<id>', 'its client_id')
    .addOption(yesOption())
    .addOption(tenantOption());
  return command(shape, env, (terminal, id: string, options: TenantOption & YesOption) =>
    withTenant(terminal, options, async (deps, context, { config, patient }) => {
      const { metadata } = await findNamedClient(deps, context, id);
      const named = metadata.client_name === undefined ? id : `${id} (${visible(metadata.client_name)})`;
      await confirm(
        `Delete the client ${named} of the tenant ${context.tenant.slug}, with every grant, token and consent?`,
        options,
      );
      const { grants } = await deleteClient({ ...deps, db: patient }, { ...context, now: deps.clock() }, id);
      await warnOfClient({ ...terminal, config, context }, id, () => [{ todo: 'take the client out' }]);
      terminal.out.result(
        { client_id: id, grants_revoked: grants },
        `Deleted the client ${id}: ${counted(grants, 'grant')} ended.`,
      );
    }),
  );
}
