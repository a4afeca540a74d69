// `signet client create`.
import { Command, Option } from 'commander';
import type { Environment } from '../../config/names.ts';
import { isPublic } from '../../domain/client.ts';
import { registerClient } from '../../flows/clients/register.ts';
import { scopeDoubts } from '../../flows/provision/doubts.ts';
import { withTenant } from '../frame/backend.ts';
import { warn } from '../frame/doubts.ts';
import { repeatable, tenantOption, type TenantOption } from '../frame/options.ts';
import { asGiven, command } from '../frame/run.ts';
import { clientTypes, metadataFrom, type MetadataOptions } from './metadata.ts';
import { clientForScripts } from './shown.ts';

export function clientCreateCommand(env: Environment): Command {
  const shape = new Command('create')
    .description('Register a client. A confidential one gets a secret, which is shown this once.')
    .option('--id <id>', 'its client_id; made unless it is given')
    .option('--name <name>', 'what people read')
    .addOption(repeatable('--redirect-uri <uri>', 'where the browser may be sent back to'))
    .addOption(repeatable('--post-logout-redirect-uri <uri>', 'where it may be sent after signing out'))
    .addOption(
      new Option(
        '--type <type>',
        'web: on a server, has a secret (unless given); spa: in a browser; native: on a device; machine: acts for itself',
      ).choices(Object.keys(clientTypes)),
    )
    .option('--first-party', "the tenant's own: nobody is asked for consent")
    .option(
      '--scope <scopes>',
      'the scopes it may ask for, separated by spaces; roles and groups tell what people are in',
    )
    .option(
      '--id-token-claims',
      'for an application that reads nothing but ID tokens: name, roles and the like stand there',
    )
    .addOption(
      repeatable('--admin-role <role>', 'what a machine may do at the admin API by itself, such as "user_manager"'),
    )
    .option(
      '--from <file>',
      'all of this, and "exchange", "serves" and "may_act" for token exchange, as RFC 7591 metadata: a JSON file, or - for standard input',
    )
    .addOption(tenantOption());
  return command(shape, env, async (terminal, options: TenantOption & MetadataOptions) => {
    const metadata = await metadataFrom(options);
    await withTenant(terminal, { tenant: options.tenant, make: true }, async (deps, context) => {
      const doubts = typeof metadata.scope === 'string' ? await scopeDoubts(deps, context, metadata.scope) : [];
      const registration = registerClient(deps, context, metadata);
      const { client, secret } = await (options.from === undefined ? asGiven(registration) : registration);
      warn(terminal.out, doubts);
      const { disabled: _, ...registered } = clientForScripts(client);
      const kind = isPublic(client.metadata) ? 'public' : 'confidential';
      terminal.out.result(
        { ...registered, ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }) },
        [
          `Registered the ${kind} client ${client.id}.`,
          ...(secret === undefined ? [] : [`Its secret, shown only now: ${secret}`]),
          `Its issuer: ${context.tenant.issuer}`,
          `What to set in your library: docs/your-library.md`,
        ].join('\n'),
      );
    });
  });
}
