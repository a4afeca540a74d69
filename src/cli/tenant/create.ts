// `signet tenant create SLUG`.
import { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { makeTenant } from '../../flows/tenants/create.ts';
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
      const { issuer, name: shown } = await asGiven(makeTenant(deps, { slug, name, host }));
      terminal.out.result({ slug, issuer, name: shown }, `Made the tenant ${slug}. Its issuer is ${issuer}`);
    }),
  );
}
