// Makes a client, or brings it to what is wanted: for registration, commands and provisioning files alike.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { noRights } from '../../domain/admin-rights.ts';
import { adminApiOf, withAdminApi } from '../../domain/admin-api.ts';
import {
  authMethodsOf,
  type Client,
  completeMetadata,
  signingAlgsOf,
  type RegisteredMetadata,
  usesSecret,
} from '../../domain/client.ts';
import {
  type ClientSecret,
  liveSecrets,
  mostSecrets,
  registeredSecret,
  registeredSecretId,
} from '../../domain/client-secret.ts';
import type { RequestContext } from '../../domain/context.ts';
import { alreadyThere, invalidInput } from '../../domain/errors.ts';
import { type ClientEntry, metadataOf } from '../../schemas/client.ts';
import { isResourceIdentifier, isSameResource } from '../../domain/resource.ts';
import { isUuid } from '../../domain/uuid.ts';
import type { Resource } from '../../domain/resource.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { StoredClient } from '../../storage/client-rows.ts';
import * as storage from '../../storage/clients.ts';
import type { Db } from '../../storage/database.ts';
import { listResources } from '../../storage/resources.ts';
import { eventOf, record } from '../events.ts';
import { withKeysFor } from '../keys/provide.ts';
import { difference } from '../difference.ts';
import { assertFreshSignIn } from '../fresh-sign-in.ts';
import { assertGrantable, assertReachesRights, rightsBehind } from '../reach.ts';
import type { SaveOutcome } from '../save-outcome.ts';
import { announceClient, dropClient } from './change.ts';
import { everyOrigin, tenantResources } from './current.ts';
import { isSecret, storedSecret } from './secret.ts';

/** Why a confidential client cannot be made without a secret. */
export const secretMissing = 'needs client_secret, or token_endpoint_auth_method none';
const secretNotKept = 'must be given again for client_secret_jwt: what is stored of it only recognizes it';

/** In one statement, unless its algorithms lack a key. `entry` was checked (schemas/client.ts). @throws Refusal exists. */
export async function createClient(deps: Deps, context: RequestContext, entry: ClientEntry): Promise<Client> {
  const { tenant } = context;
  const id = entry.client_id;
  await assertOwnName(tenant, id, () => tenantResources(deps, tenant));
  const metadata = metadataOf(entry);
  assertServesOthers(tenant, metadata);
  const adminRoles = [...new Set(entry.admin_roles)];
  assertGrantable(context, adminRoles);
  const behind = rightsBehind(tenant, { metadata, adminRoles });
  assertReachesRights(context, behind, 'Such a client');
  const secrets = secretsFor(deps, context, entry, []);
  if (behind.size > 0 || secrets.length > 0) assertFreshSignIn(context);
  const disabled = entry.disabled ?? false;
  const client = { id, metadata, secrets, adminRoles, disabled };
  await withKeysFor(deps, context, signingAlgsOf(metadata), async (db) => {
    const made = await storage.createClient(db, tenant.id, client, [id, everyOrigin], {
      ...eventOf(deps, context),
      data: { disabled, ...(context.through !== undefined && { through: context.through }), after: shownIn(client) },
    });
    if (!made) throw alreadyThere(`client ${id}`);
  });
  dropClient(deps, context, id);
  return {
    id,
    metadata: completeMetadata(metadata),
    authMethods: authMethodsOf(metadata),
    registeredTokenLifetime: metadata.access_token_lifetime,
    secrets,
    adminRoles,
    disabled,
    version: 1,
    createdAt: context.now,
  };
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
  if (!known) await assertOwnName(tenant, id, async () => withAdminApi(tenant, await listResources(tx, tenant.id)));
  const metadata = metadataOf(entry);
  assertServesOthers(tenant, metadata);
  const secrets = secretsFor(deps, context, entry, known?.secrets ?? []);
  const isSameSecret = isDeepStrictEqual(secrets, known?.secrets);
  const adminRoles = [...new Set(entry.admin_roles ?? known?.adminRoles)];
  const before = known ? rightsBehind(tenant, known) : noRights;
  const after = rightsBehind(tenant, { metadata, adminRoles });
  assertReachesRights(context, before, `The client ${id}`);
  assertGrantable(context, adminRoles, known?.adminRoles);
  assertReachesRights(context, after, 'Such a client');
  if (before.size + after.size > 0 || !isSameSecret) assertFreshSignIn(context);
  const disabled = entry.disabled ?? known?.disabled ?? false;
  const wanted = { id, metadata, secrets, adminRoles, disabled };
  if (known && isDeepStrictEqual({ id, ...known }, wanted)) return 'unchanged';
  await storage.saveClient(tx, tenant.id, wanted, now);
  await record(deps, tx, context, {
    type: known ? 'client.updated' : 'client.created',
    clientId: id,
    data: {
      disabled,
      secret_changed: !isSameSecret,
      ...(known && difference(shownIn(known), shownIn(wanted))),
    },
  });
  await announceClient(tx, context, id);
  return known ? 'updated' : 'created';
}

/** What the audit log may say of one: all but its secrets. */
function shownIn({ metadata, adminRoles, disabled }: Omit<StoredClient, 'id' | 'secrets'>): object {
  return { ...metadata, admin_roles: adminRoles, disabled };
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
  const isApi =
    isResourceIdentifier(clientId) &&
    (await resources()).some(({ identifier }) => isSameResource(identifier, clientId));
  if (!isSameResource(clientId, tenant.issuer) && !isApi) return;
  throw invalidInput([{ path: ['client_id'], problem: 'is the name of an API or of the issuer: take another' }]);
}

/** What the issuer's own API is told stays with it, and no token is exchanged for one for it. */
function assertServesOthers(tenant: Tenant, { serves = [], exchange = [] }: RegisteredMetadata): void {
  const isOwn = (identifier: string) =>
    isSameResource(identifier, tenant.issuer) || isSameResource(identifier, adminApiOf(tenant.issuer));
  const own = serves.findIndex(isOwn);
  if (own >= 0) throw invalidInput([{ path: ['serves', own], problem: 'is the issuer, which serves itself' }]);
  const to = exchange.findIndex((one) => isOwn(one.to));
  if (to >= 0)
    throw invalidInput([
      { path: ['exchange', to, 'to'], problem: 'is Signet itself, for which no token is exchanged' },
    ]);
}

/**
 * Those to store: `known`, where the entry names none or one of them. One that it names takes the place of the registered one;
 * those that were added stay. @throws Refusal invalid_input where one is needed and none is there, or there are too many.
 */
function secretsFor(
  deps: Deps,
  { tenant, now }: RequestContext,
  entry: ClientEntry,
  known: readonly ClientSecret[],
): readonly ClientSecret[] {
  const metadata = completeMetadata(metadataOf(entry));
  if (!usesSecret(metadata)) return [];
  const { client_id: id, client_secret: secret } = entry;
  const isKey = metadata.token_endpoint_auth_method === 'client_secret_jwt';
  const kept = known.map((stored) => (isKey ? stored : { ...stored, sealed: undefined }));
  if (secret === undefined) {
    if (known.length === 0) throw invalidInput([{ path: [], problem: secretMissing }]);
    if (isKey && kept.some(({ sealed }) => sealed === undefined))
      throw invalidInput([{ path: ['client_secret'], problem: secretNotKept }]);
    return kept;
  }
  const isIt = (stored: ClientSecret) => isSecret(deps, tenant.id, id, secret, stored);
  const stands = kept.some(
    (stored) =>
      isIt(stored) &&
      stored.expiresAt === undefined &&
      deps.box.isCurrent(stored.mac) &&
      (stored.sealed !== undefined) === isKey,
  );
  if (stands) return kept;
  const others = liveSecrets(kept, now).filter((stored) => stored.id !== registeredSecretId && !isIt(stored));
  if (others.length >= mostSecrets)
    throw invalidInput([
      {
        path: ['client_secret'],
        problem: `would be a third secret beside ${others.map((one) => one.id).join(' and ')}, which were added: revoke one of them, or take client_secret out of the file`,
      },
    ]);
  return [registeredSecret(storedSecret(deps, tenant.id, { id, metadata }, secret)), ...others];
}
