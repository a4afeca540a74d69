// The shape of a provisioning file.
import Type, { type Static } from 'typebox';
import { closed } from '../../schemas/parts.ts';
import { client, type ClientEntry } from '../../schemas/client.ts';
import { resource, type ResourceEntry } from '../../schemas/resource.ts';
import { serviceAccount, type ServiceAccountEntry } from '../../schemas/service-account.ts';
import { user, type UserEntry } from '../../schemas/user.ts';
import { settings, tenant } from '../../schemas/tenant.ts';

/** The whole file. Everything may be left out; what is left out stays as it is. */
export const fileSchema = Type.Object(
  {
    tenant: Type.Optional(tenant),
    settings: Type.Optional(settings),
    resources: Type.Optional(Type.Array(resource, { maxItems: 1000 })),
    clients: Type.Optional(Type.Array(client, { maxItems: 10_000 })),
    users: Type.Optional(Type.Array(user, { maxItems: 100_000 })),
    service_accounts: Type.Optional(Type.Array(serviceAccount, { maxItems: 10_000 })),
  },
  closed,
);

export type ProvisioningFile = Static<typeof fileSchema>;

/** What of a file has the right shape: undefined stands for an entry that has not. */
export type SoundPart = {
  /** null: there is one, but not of the right shape. */
  readonly tenant: ProvisioningFile['tenant'] | null;
  readonly settings: ProvisioningFile['settings'];
  readonly resources: readonly (ResourceEntry | undefined)[];
  readonly clients: readonly (ClientEntry | undefined)[];
  readonly users: readonly (UserEntry | undefined)[];
  readonly serviceAccounts: readonly (ServiceAccountEntry | undefined)[];
};
