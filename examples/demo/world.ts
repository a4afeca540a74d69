// What the demo's Signet holds: a few people, and the three applications as its clients.
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';

export const jane = { username: 'jane', password: 'apples at dawn, please' };
export const sam = { username: 'sam', password: 'boats at dusk, please' };

/** Where everything is, each without a slash at the end. */
export type Addresses = {
  readonly signet: string;
  readonly harbor: string;
  readonly ledger: string;
  readonly orchard: string;
};

/** Client ids and secrets, as the applications and Signet know them. */
export type Secrets = { readonly harbor: string; readonly ledger: string };

/** The applications as clients. Harbor asks for consent; Ledger belongs to the house and need not. */
export function clientsAt({ harbor, ledger, orchard }: Omit<Addresses, 'signet'>, secrets: Secrets) {
  return [
    {
      client_id: 'harbor',
      client_name: 'Harbor',
      client_secret: secrets.harbor,
      redirect_uris: [`${harbor}/callback`],
      post_logout_redirect_uris: [`${harbor}/signed-out`],
    },
    {
      client_id: 'ledger',
      client_name: 'Ledger',
      client_secret: secrets.ledger,
      redirect_uris: [`${ledger}/callback`],
      post_logout_redirect_uris: [`${ledger}/signed-out`],
      first_party: true,
    },
    {
      client_id: 'orchard',
      client_name: 'Orchard',
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${orchard}/`],
      post_logout_redirect_uris: [`${orchard}/`],
    },
  ] satisfies ProvisioningFile['clients'];
}

/** Everything, as a provisioning file. */
export function demoWorld(addresses: Addresses, secrets: Secrets): ProvisioningFile {
  return {
    tenant: { slug: 'default', name: 'Acme' },
    clients: clientsAt(addresses, secrets),
    users: [
      { ...jane, name: 'Jane Doe', email: 'jane.doe@acme.example', email_verified: true },
      { ...sam, name: 'Sam Okafor', email: 'sam.okafor@acme.example', email_verified: true },
    ],
  };
}
