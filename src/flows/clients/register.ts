// Registers a client, with a secret that is made here when it can keep one.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type Client, completeMetadata, isPublic } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { findClient } from '../../storage/clients.ts';
import { createByProvisioning } from '../provision/create.ts';

/** RFC 7591 2 metadata as it was given, with a `client_id` if one is wanted. */
export type NewClient = Readonly<Record<string, unknown>>;

/** `secret` is undefined for a public client; nowhere else can it be had again. */
export type Registered = { readonly client: Client; readonly secret: string | undefined };

/**
 * RFC 7591 3.2.1, for administrators. @throws Refusal exists, invalid_input when a secret is given; ProvisioningError with
 * every mistake in the metadata. Nothing was made then.
 */
export async function registerClient(deps: Deps, { tenant }: RequestContext, given: NewClient): Promise<Registered> {
  if (Object.hasOwn(given, 'client_secret'))
    throw new Refusal('invalid_input', 422, 'A client secret cannot be chosen.', {
      fields: { client_secret: 'is made here: leave it out' },
    });
  const { client_id = deps.random(12).toString('hex'), ...metadata } = given;
  const secret = isPublic(completeMetadata(metadata)) ? undefined : newClientSecret(deps);
  // What is given is looked at there.
  const entry = { client_id: client_id as string, ...metadata, ...(secret !== undefined && { client_secret: secret }) };
  await createByProvisioning(deps, { tenant: tenant.slug, clients: [entry] });
  return { client: (await findClient(deps.db, tenant.id, entry.client_id))!, secret };
}

export function newClientSecret(deps: Deps): string {
  return opaqueToken('clientSecret', deps.random(opaqueBytes)).token;
}
