// Clients as statements read and write them: the columns of their secrets, and what they mean.
import { authMethodsOf, type Client, completeMetadata, type RegisteredMetadata } from '../domain/client.ts';
import { type ClientSecret, registeredSecret, registeredSecretId } from '../domain/client-secret.ts';

export const secretColumns = ['secret_mac', 'secret_sealed', 'added_secrets'] as const;

/** What {@link toClient} reads. */
export const clientColumns = [
  'id',
  'metadata',
  ...secretColumns,
  'admin_roles',
  'disabled_at',
  'version',
  'created_at',
] as const;

export type SecretRow = {
  readonly secret_mac: string | null;
  readonly secret_sealed: string | null;
  readonly added_secrets: unknown;
};

export function secretsOf({ secret_mac: mac, secret_sealed: sealed, added_secrets: added }: SecretRow): ClientSecret[] {
  // A process of an earlier version replaces the registered one alone, and means to end all.
  const standing = (added as AddedSecret[]).filter((one) => one.beside === (mac ?? ''));
  // In JSON what is undefined is not there.
  const others = standing.map((one) => ({
    id: one.id,
    mac: one.mac,
    sealed: one.sealed,
    addedAt: one.addedAt,
    expiresAt: one.expiresAt,
  }));
  return mac === null ? others : [registeredSecret({ mac, sealed: sealed ?? undefined }), ...others];
}

/** `beside`: the MAC of the registered one, where there is one. */
type AddedSecret = { beside: string; id: string; mac: string; sealed?: string; addedAt: number; expiresAt?: number };

/** The columns of {@link secretColumns}, as they are written. */
export function storedSecrets(secrets: readonly ClientSecret[]) {
  const registered = secrets.find(({ id }) => id === registeredSecretId);
  return {
    secretMac: registered?.mac ?? null,
    secretSealed: registered?.sealed ?? null,
    addedSecrets: secrets
      .filter((secret) => secret !== registered)
      .map((secret) => ({ ...secret, beside: registered?.mac ?? '' })),
  };
}

export function toClient(
  row: SecretRow & {
    id: string;
    metadata: unknown;
    admin_roles: string[];
    disabled_at: number | null;
    version: number;
    created_at: number;
  },
): Client {
  return {
    id: row.id,
    metadata: completeMetadata(row.metadata as RegisteredMetadata),
    authMethods: authMethodsOf(row.metadata as RegisteredMetadata),
    registeredTokenLifetime: (row.metadata as RegisteredMetadata).access_token_lifetime,
    secrets: secretsOf(row),
    adminRoles: row.admin_roles,
    disabled: row.disabled_at !== null,
    version: row.version,
    createdAt: row.created_at,
  };
}

/** As it was registered: without defaults. */
export type StoredClient = {
  readonly id: string;
  readonly metadata: RegisteredMetadata;
  readonly secrets: readonly ClientSecret[];
  readonly adminRoles: readonly string[];
  readonly disabled: boolean;
};

export function toRegistered(
  row: SecretRow & { metadata: unknown; admin_roles: string[]; disabled_at: number | null },
): Omit<StoredClient, 'id'> {
  return {
    metadata: row.metadata as RegisteredMetadata,
    secrets: secretsOf(row),
    adminRoles: row.admin_roles,
    disabled: row.disabled_at !== null,
  };
}
