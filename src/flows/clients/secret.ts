// Client secrets as they are stored: as a MAC, and sealed where they are needed as a key.
import type { Deps } from '../../deps.ts';
import type { ClientMetadata } from '../../domain/client.ts';
import type { ClientSecret } from '../../domain/client-secret.ts';

const purpose = 'client secret';

/** What the MAC of a client secret is over: bound to its client, so that a copied row opens nothing else. */
function about(tenantId: string, clientId: string, secret: string): string {
  return `${tenantId} ${clientId} ${secret}`;
}

/** What is stored of `secret`; sealed for a client that signs with it. */
export function storedSecret(
  deps: Deps,
  tenantId: string,
  { id, metadata }: { readonly id: string; readonly metadata: Pick<ClientMetadata, 'token_endpoint_auth_method'> },
  secret: string,
): Pick<ClientSecret, 'mac' | 'sealed'> {
  const isKey = metadata.token_endpoint_auth_method === 'client_secret_jwt';
  return {
    mac: deps.box.mac(purpose, about(tenantId, id, secret)),
    sealed: isKey ? deps.box.seal(purpose, `${tenantId} ${id}`, Buffer.from(secret)) : undefined,
  };
}

/** True when `stored` is of this secret; in constant time. */
export function isSecret(
  deps: Deps,
  tenantId: string,
  clientId: string,
  secret: string,
  { mac }: ClientSecret,
): boolean {
  return deps.box.matches(purpose, about(tenantId, clientId, secret), mac);
}

/** RFC 7518 3.2: the secret as the key of a MAC. @returns undefined when it was not kept, or SECRET_KEY does not open it. */
export function secretAsKey(
  deps: Deps,
  tenantId: string,
  clientId: string,
  stored: ClientSecret,
): Uint8Array | undefined {
  const { sealed } = stored;
  if (sealed === undefined) return undefined;
  try {
    const secret = deps.box.open(purpose, `${tenantId} ${clientId}`, sealed);
    // A process of an earlier version replaces the MAC alone: what is sealed is then the secret before.
    return isSecret(deps, tenantId, clientId, secret.toString(), stored) ? new Uint8Array(secret) : undefined;
  } catch (error) {
    deps.log.error({ client: clientId, error: (error as Error).message }, 'a client secret cannot be opened');
    return undefined;
  }
}
