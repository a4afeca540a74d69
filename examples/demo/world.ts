// What the demo's Signet holds: a few people, and the applications and services as its clients.
import { tokenExchangeGrant } from '../../src/domain/client.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { crates, goods } from '../depot/services.ts';

export const jane = { username: 'jane', password: 'apples at dawn, please' };
export const sam = { username: 'sam', password: 'boats at dusk, please' };

/** Where everything is, each without a slash at the end. */
export type Addresses = {
  readonly signet: string;
  readonly harbor: string;
  readonly ledger: string;
  readonly orchard: string;
  readonly depot: string;
  readonly goods: string;
  readonly crates: string;
};

/** Client ids and secrets, as the applications and Signet know them. */
export type Secrets = {
  readonly harbor: string;
  readonly ledger: string;
  readonly depot: string;
  readonly goods: string;
};

/** The applications as clients. Harbor asks for consent; Ledger belongs to the house and need not. */
export function clientsAt(
  { harbor, ledger, orchard }: Pick<Addresses, 'harbor' | 'ledger' | 'orchard'>,
  secrets: Pick<Secrets, 'harbor' | 'ledger'>,
) {
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

/** Depot, which shows its token, and Goods, which exchanges it for one for Crates. */
function depotAt({ depot }: Addresses, secrets: Secrets) {
  return [
    {
      client_id: 'depot',
      client_name: 'Depot',
      client_secret: secrets.depot,
      scope: 'openid profile goods:read crates:read',
      redirect_uris: [`${depot}/callback`],
      post_logout_redirect_uris: [`${depot}/signed-out`],
      first_party: true,
    },
    {
      client_id: 'goods',
      client_name: 'Goods',
      client_secret: secrets.goods,
      grant_types: [tokenExchangeGrant],
      response_types: [],
      serves: [goods],
      exchange: [{ to: crates, scopes: ['crates:read'] }],
    },
  ] satisfies ProvisioningFile['clients'];
}

/** Everything, as a provisioning file. */
export function demoWorld(addresses: Addresses, secrets: Secrets): ProvisioningFile {
  return {
    tenant: { slug: 'default', name: 'Acme' },
    clients: [...clientsAt(addresses, secrets), ...depotAt(addresses, secrets)],
    resources: [
      {
        identifier: goods,
        name: 'Goods',
        scopes: [
          { name: 'goods:read', description: 'See your goods' },
          { name: 'crates:read', description: 'See your crates' },
        ],
      },
      { identifier: crates, name: 'Crates', scopes: [{ name: 'crates:read', description: 'See your crates' }] },
    ],
    users: [
      { ...jane, name: 'Jane Doe', email: 'jane.doe@acme.example', email_verified: true },
      { ...sam, name: 'Sam Okafor', email: 'sam.okafor@acme.example', email_verified: true },
    ],
  };
}
