// `signet tenant create SLUG`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { createByProvisioning } from '../../flows/provision/create.ts';
import { tenantBySlug } from '../../flows/tenants/find.ts';
import { withBackend } from '../frame/backend.ts';
import { slug as asSlug } from '../frame/options.ts';
import { asGiven, command } from '../frame/run.ts';

type Options = { readonly name?: string; readonly host?: string };

export function tenantCreateCommand(env: Environment): Command {
  const shape = new Command('create')
    .description('Make a tenant: an issuer of its own, with its own users, clients and keys.')
    .argument('<slug>', 'its name in addresses: PUBLIC_URL/t/SLUG', asSlug)
    .option('--name <name>', 'what people read')
    .option('--host <host>', 'a host of its own, instead of the path; a public one needs an https PUBLIC_URL');
  return command(shape, env, (terminal, slug: string, { name, host }: Options) =>
    withBackend(terminal, { make: true }, async ({ deps }) => {
      const tenant = { slug, ...(name !== undefined && { name }), ...(host !== undefined && { host }) };
      await asGiven(createByProvisioning(deps, { tenant }));
      const { issuer } = (await tenantBySlug(deps, slug))!;
      terminal.out.result({ slug, issuer, name: name ?? slug }, `Made the tenant ${slug}. Its issuer is ${issuer}`);
    }),
  );
}
