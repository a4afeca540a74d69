// Makes a client, or brings it to what is wanted: for registration, commands and provisioning files alike.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import {
  authMethodsOf,
  type Client,
  completeMetadata,
  isPublic,
  signingAlgsOf,
  type RegisteredMetadata,
} from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { alreadyThere, invalidInput } from '../../domain/errors.ts';
import { type ClientEntry, metadataOf } from '../../schemas/client.ts';
import { adminApiOf, isResourceIdentifier } from '../../domain/resource.ts';
import { isUuid } from '../../domain/uuid.ts';
import type { Resource } from '../../domain/resource.ts';
import type { Tenant } from '../../domain/tenant.ts';
import * as storage from '../../storage/clients.ts';
import type { Db } from '../../storage/database.ts';
import { listResources } from '../../storage/resources.ts';
import { eventOf, record } from '../events.ts';
import { withKeysFor } from '../keys/provide.ts';
import type { SaveOutcome } from '../save-outcome.ts';
import { aboutSecret } from './authenticate.ts';
import { announceClient, dropClient } from './change.ts';
import { everyOrigin, tenantResources } from './current.ts';

/** Why a confidential client cannot be made without a secret. */
export const secretMissing = 'needs client_secret, or token_endpoint_auth_method none';

/** In one statement, unless its algorithms lack a key. `entry` was checked (schemas/client.ts). @throws Refusal exists. */
export async function createClient(deps: Deps, context: RequestContext, entry: ClientEntry): Promise<Client> {
  const { tenant } = context;
  const id = entry.client_id;
  await assertOwnName(tenant, id, () => tenantResources(deps, tenant));
  const metadata = metadataOf(entry);
  assertServesOthers(tenant, metadata);
  const secretMac = secretMacFor(deps, tenant.id, entry, undefined);
  const disabled = entry.disabled ?? false;
  const client = { id, metadata, secretMac, disabled };
  await withKeysFor(deps, context, signingAlgsOf(metadata), async (db) => {
    const made = await storage.createClient(db, tenant.id, client, [id, everyOrigin], eventOf(deps, context));
    if (!made) throw alreadyThere(`client ${id}`);
  });
  dropClient(deps, context, id);
  return { id, metadata: completeMetadata(metadata), authMethods: authMethodsOf(metadata), secretMac, disabled };
}

/**
 * Replaces the metadata of a client that is there as a whole; its secret stays unless the entry has another. The caller saw
 * to it that its algorithms have keys.
 * Call {@link dropClient} when the transaction of `tx` is kept. @throws Refusal invalid_input for a secret that is missing.
 */
export async function saveClient(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: ClientEntry,
): Promise<SaveOutcome> {
  const { tenant, now } = context;
  const id = entry.client_id;
  const known = await storage.lockClient(tx, tenant.id, id);
  if (!known) await assertOwnName(tenant, id, () => listResources(tx, tenant.id));
  const metadata = metadataOf(entry);
  assertServesOthers(tenant, metadata);
  const secretMac = secretMacFor(deps, tenant.id, entry, known?.secretMac);
  const disabled = entry.disabled ?? known?.disabled ?? false;
  if (
    known &&
    secretMac === known.secretMac &&
    disabled === known.disabled &&
    isDeepStrictEqual(known.metadata, metadata)
  )
    return 'unchanged';
  await storage.saveClient(tx, tenant.id, { id, metadata, secretMac, disabled }, now);
  await record(deps, tx, context, {
    type: known ? 'client.updated' : 'client.created',
    clientId: id,
    data: { disabled, secret_changed: secretMac !== known?.secretMac },
  });
  await announceClient(tx, context, id);
  return known ? 'updated' : 'created';
}

/**
 * OWASP ASVS 9.2.4: an ID token is for a client by its name, an access token for an API by its identifier; were they the same,
 * one could be taken for the other. The resources are read only for a name that an API may have. @throws Refusal invalid_input.
 */
async function assertOwnName(
  tenant: Tenant,
  clientId: string,
  resources: () => Promise<readonly Resource[]>,
): Promise<void> {
  // RFC 9700 4.15: a token of the client itself has its id as `sub`, as that of a person has theirs.
  if (isUuid(clientId.toLowerCase()))
    throw invalidInput([{ path: ['client_id'], problem: 'looks like the id of a user: take another' }]);
  const isApi = isResourceIdentifier(clientId) && (await resources()).some(({ identifier }) => identifier === clientId);
  if (clientId !== tenant.issuer && !isApi) return;
  throw invalidInput([{ path: ['client_id'], problem: 'is the name of an API or of the issuer: take another' }]);
}

/** What the issuer's own API is told stays with it. */
function assertServesOthers(tenant: Tenant, { serves = [] }: RegisteredMetadata): void {
  const own = serves.findIndex(
    (identifier) => identifier === tenant.issuer || identifier === adminApiOf(tenant.issuer),
  );
  if (own >= 0) throw invalidInput([{ path: ['serves', own], problem: 'is the issuer, which serves itself' }]);
}

/** The MAC to store: `known` where it is of the same secret. @throws Refusal invalid_input where one is needed and none is there. */
function secretMacFor(deps: Deps, tenantId: string, entry: ClientEntry, known: string | undefined): string | undefined {
  if (isPublic(completeMetadata(metadataOf(entry)))) return undefined;
  const { client_id: id, client_secret: secret } = entry;
  if (secret === undefined) {
    if (known === undefined) throw invalidInput([{ path: [], problem: secretMissing }]);
    return known;
  }
  const about = aboutSecret(tenantId, id, secret);
  return known !== undefined && deps.box.isCurrent(known) && deps.box.matches('client secret', about, known)
    ? known
    : deps.box.mac('client secret', about);
}
