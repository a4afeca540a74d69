// Registers a client, with a secret that is made here when it can keep one.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type Client, completeMetadata, usesSecret } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import { checkedClient } from '../../schemas/client.ts';
import { createClient } from './save.ts';

/** RFC 7591 2 metadata as it was given, with a `client_id` if one is wanted. */
export type NewClient = Readonly<Record<string, unknown>>;

/** `secret` is undefined for a client without one; nowhere else can it be had again. */
export type Registered = { readonly client: Client; readonly secret: string | undefined };

/** RFC 7591 3.2.1, for administrators. @throws Refusal exists, or invalid_input with every mistake in what is given. */
export async function registerClient(deps: Deps, context: RequestContext, given: unknown): Promise<Registered> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidInput([{ path: [], problem: 'must be a JSON object' }]);
  if (Object.hasOwn(given, 'client_secret'))
    throw invalidInput([{ path: ['client_secret'], problem: 'is made here: leave it out' }]);
  const entry = checkedClient({ client_id: deps.random(12).toString('hex'), ...given });
  const secret = usesSecret(completeMetadata(entry)) ? newClientSecret(deps) : undefined;
  const client = await createClient(deps, context, {
    ...entry,
    ...(secret !== undefined && { client_secret: secret }),
  });
  return { client, secret };
}

export function newClientSecret(deps: Deps): string {
  return opaqueToken('clientSecret', deps.random(opaqueBytes)).token;
}
