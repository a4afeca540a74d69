// `signet user disable USER`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { Refusal } from '../../domain/errors.ts';
import { disableUser } from '../../flows/users/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { visible } from '../frame/output.ts';
import { warnOfUser } from '../frame/provisioned.ts';
import { command, CommandError } from '../frame/run.ts';
import { endedForScripts, endedInWords, userArgument } from './shown.ts';

type Options = TenantOption & { readonly force?: boolean };

export function userDisableCommand(env: Environment): Command {
  const shape = new Command('disable')
    .description(
      'Disable a user: their sessions and grants end, and they cannot sign in again. APIs take access tokens until they expire.',
    )
    .argument('<user>', userArgument)
    .option('--force', 'also the last administrator who can sign in')
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant, force = false }: Options) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) => {
      const { user, ended } = await disableUser(deps, context, named, { force }).catch(nameForce);
      await warnOfUser({ ...terminal, config, context }, user, ({ disabled }) =>
        disabled === false ? [{ name: 'disabled', todo: 'set it to true, or take it out' }] : [],
      );
      const name = visible(user.username);
      terminal.out.result(
        {
          id: user.id,
          username: user.username,
          disabled: true,
          changed: ended !== undefined,
          ...endedForScripts(ended ?? { sessions: 0, grants: 0 }),
        },
        ended ? `Disabled ${name}: ${endedInWords(ended)}.` : `${name} was disabled already.`,
      );
    }),
  );
}

function nameForce(error: unknown): never {
  if (!(error instanceof Refusal) || error.code !== 'last_administrator') throw error;
  throw new CommandError('failed', `${error.message} To disable them all the same, say --force.`);
}
