// `signet user disable USER`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { Refusal } from '../../domain/errors.ts';
import { disableUser } from '../../flows/users/disable.ts';
import { withTenant } from '../frame/backend.ts';
import { tenantOption, type TenantOption } from '../frame/options.ts';
import { command, CommandError } from '../frame/run.ts';
import { userArgument } from './shown.ts';
import { sayDisabled } from './state.ts';

type Options = TenantOption & { readonly force?: boolean };

export function userDisableCommand(env: Environment): Command {
  const shape = new Command('disable')
    .description(
      'Disable a user: their sessions and grants end, and they cannot sign in again. APIs that look at status lists refuse the access tokens within seconds, others when they expire.',
    )
    .argument('<user>', userArgument)
    .option('--force', 'also the last administrator who can sign in')
    .addOption(tenantOption());
  return command(shape, env, (terminal, named: string, { tenant, force = false }: Options) =>
    withTenant(terminal, { tenant }, async (deps, context, { config }) =>
      sayDisabled(
        { ...terminal, config, context },
        await disableUser(deps, context, named, { force }).catch(nameForce),
      ),
    ),
  );
}

function nameForce(error: unknown): never {
  if (!(error instanceof Refusal) || error.code !== 'last_administrator') throw error;
  throw new CommandError('failed', `${error.message} To disable them all the same, say --force.`);
}
