// The secrets of a client: rotated, or one put beside another so that nothing breaks between the two.
import type { Deps } from '../../deps.ts';
import type { AuditEvent } from '../../domain/audit.ts';
import { type ClientMetadata, completeMetadata, usesSecret } from '../../domain/client.ts';
import { type ClientSecret, liveSecrets, mostSecrets, registeredSecret } from '../../domain/client-secret.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { lockClient, replaceClientSecrets } from '../../storage/clients.ts';
import { record } from '../events.ts';
import { assertReachesRights, rightsBehind } from '../reach.ts';
import { announceClient, dropClient } from './change.ts';
import { findNamedClient, noSuchClient } from './list.ts';
import { newClientSecret } from './register.ts';
import { storedSecret } from './secret.ts';

/** @returns the new secret, which nowhere else can be had again; every other stops at once. @throws Refusal not_found; invalid_input for a client without secrets. */
export async function rotateClientSecret(deps: Deps, context: RequestContext, id: string): Promise<string> {
  const secret = newClientSecret(deps);
  await changeSecrets(deps, context, id, 'client.secret_rotated', (_known, metadata) => [
    registeredSecret(storedSecret(deps, context.tenant.id, { id, metadata }, secret)),
  ]);
  return secret;
}

/** `secretId` names it where it is listed and revoked. */
export type AddedSecret = { readonly secretId: string; readonly secret: string };

/**
 * Gives the client one more secret; the other one stays right. `expiresAt`: milliseconds, undefined for never.
 * @throws Refusal not_found; exists when it has two that stand; invalid_input for a client without secrets.
 */
export async function addClientSecret(
  deps: Deps,
  context: RequestContext,
  id: string,
  expiresAt: number | undefined,
): Promise<AddedSecret> {
  const { tenant, now } = context;
  const secret = newClientSecret(deps);
  const secretId = deps.random(6).toString('hex');
  await changeSecrets(deps, context, id, 'client.secret_added', (known, metadata) => {
    const standing = liveSecrets(known, now);
    if (standing.length >= mostSecrets)
      throw new Refusal('exists', `The client ${id} has ${mostSecrets} secrets already: revoke one of them first.`);
    const stored = storedSecret(deps, tenant.id, { id, metadata }, secret);
    return [...standing, { id: secretId, ...stored, addedAt: now, expiresAt }];
  });
  return { secretId, secret };
}

/** Those that have expired among them. @throws Refusal not_found. */
export async function listClientSecrets(
  deps: Deps,
  context: RequestContext,
  id: string,
): Promise<readonly ClientSecret[]> {
  return (await findNamedClient(deps, context, id)).secrets;
}

/** It is refused from here on. @returns how many are left that stand. @throws Refusal not_found. */
export async function revokeClientSecret(
  deps: Deps,
  context: RequestContext,
  id: string,
  secretId: string,
): Promise<number> {
  const left = await changeSecrets(deps, context, id, 'client.secret_revoked', (known) => {
    if (!known.some((one) => one.id === secretId))
      throw new Refusal('not_found', `The client ${id} has no secret ${secretId}.`);
    return known.filter((one) => one.id !== secretId);
  });
  return liveSecrets(left, context.now).length;
}

async function changeSecrets(
  deps: Deps,
  context: RequestContext,
  id: string,
  type: AuditEvent['type'],
  change: (known: readonly ClientSecret[], metadata: ClientMetadata) => readonly ClientSecret[],
): Promise<readonly ClientSecret[]> {
  const { tenant, now } = context;
  const secrets = await deps.db.transaction(async (tx) => {
    const client = await lockClient(tx, tenant.id, id);
    if (!client) throw noSuchClient(id);
    assertReachesRights(context, rightsBehind(tenant, client), `The client ${id}`);
    const metadata = completeMetadata(client.metadata);
    if (!usesSecret(metadata))
      throw new Refusal('invalid_input', `The client ${id} has no secrets: ${whyNone(metadata)}.`);
    const changed = change(client.secrets, metadata);
    await replaceClientSecrets(tx, tenant.id, id, changed, now);
    await record(deps, tx, context, { type, clientId: id });
    await announceClient(tx, context, id);
    return changed;
  });
  dropClient(deps, context, id);
  return secrets;
}

function whyNone({ token_endpoint_auth_method: method }: ClientMetadata): string {
  return method === 'none' ? 'it is public' : 'it signs with a key of its own';
}
