// Token exchange: who may turn whose access token into which, and the chain of those who act.
import { scopesFor } from './audience.ts';
import { type Client, type ClientMetadata, scopesOf } from './client.ts';
import { isSameResource, type Resource } from './resource.ts';
import type { Tenant } from './tenant.ts';

/** RFC 8693 3: the one kind of token that is taken and given. */
export const accessTokenTypeUri = 'urn:ietf:params:oauth:token-type:access_token';

/** RFC 8693 4.1: who acts for the subject now, and who did so before. */
export type Act = { readonly sub: string; readonly act?: Act };

/** Of one token after another: so many may act, each through the one before. */
export const mostActors = 5;

/** RFC 8693 4.1: `actor` before those who acted until now. @returns undefined when there are too many. */
export function actedBy(actor: string, before: Act | undefined): Act | undefined {
  if (before?.sub === actor) return before;
  let count = 1;
  for (let one = before; one !== undefined; one = one.act) count += 1;
  return count > mostActors ? undefined : { sub: actor, ...(before && { act: before }) };
}

/** `aud`, one or several. */
export function audiencesOf({ aud }: Readonly<Record<string, unknown>>): readonly string[] {
  return [aud].flat().filter((one): one is string => typeof one === 'string');
}

/** Whether the client is one of the APIs that the token is for. */
export function servesOneOf({ serves = [] }: Pick<ClientMetadata, 'serves'>, audience: readonly string[]): boolean {
  return serves.some((one) => audience.some((other) => isSameResource(one, other)));
}

/** What the policy of the client lets it carry over to this resource; undefined where it names no such. */
export function exchangeableTo({ exchange = [] }: ClientMetadata, resource: string): readonly string[] | undefined {
  return exchange.find(({ to }) => isSameResource(to, resource))?.scopes;
}

/**
 * Of the scopes that a token says, those it still has: its grant's client (`origin`) may still have them, and whoever carried it to
 * its audience (`carrier`, unless it is that of the grant) still may.
 */
export function scopesStillExchanged(
  said: readonly string[],
  audience: readonly string[],
  { origin, carrier }: { readonly origin: Client; readonly carrier: Client | undefined },
): readonly string[] {
  const registered = scopesOf(origin.metadata);
  const policies = carrier ? audience.map((one) => exchangeableTo(carrier.metadata, one) ?? []) : [];
  return said.filter((scope) => registered.includes(scope) && policies.every((policy) => policy.includes(scope)));
}

/** Why the exchange is refused: the error and what to tell the client. */
export type Unwilling = {
  readonly error: 'invalid_request' | 'invalid_target' | 'invalid_scope';
  readonly description: string;
};

export type ExchangeAsked = {
  /** RFC 8693 2.1 `resource` and `audience`. */
  readonly targets: readonly string[];
  /** undefined: all that may be had. */
  readonly scopes: readonly string[] | undefined;
};

/** What is known of the token that is to be exchanged, and of who asks. */
export type ExchangeFacts = {
  readonly client: Client;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Those it still has. */
  readonly scopes: readonly string[];
  /** The actor of the actor token, if one was sent. */
  readonly actor: string | undefined;
  readonly known: readonly Resource[];
  /** Resources that no token is exchanged for. */
  readonly own: readonly string[];
};

/**
 * RFC 8693 2.1 and 4.4: for which resource and with which scopes the client gets a token in exchange. Never a scope that the subject
 * token lacks. Another audience only by the client's policy, and only when it serves the present one or is named by `may_act`.
 * `carriedBy`: the client by whose policy the token is for its audience; undefined where that is the grant's.
 */
export function exchangeAllowed(
  tenant: Tenant,
  asked: ExchangeAsked,
  facts: ExchangeFacts,
): { readonly target: string; readonly scopes: readonly string[]; readonly carriedBy: string | undefined } | Unwilling {
  const { client, claims, known, own, actor } = facts;
  const audience = audiencesOf(claims);
  const named = (claims['may_act'] as { readonly sub?: unknown } | undefined)?.sub;
  const isNamed = named === client.id;
  const serves = servesOneOf(client.metadata, audience);
  if (actor !== undefined && named !== undefined && !isNamed && named !== actor)
    return refusal('invalid_request', 'The subject token names somebody else in may_act.');
  if (!serves && !isNamed && claims['client_id'] !== client.id)
    return refusal(
      'invalid_request',
      'The subject token was not issued to this client, nor for a resource that it serves, and does not name it in may_act.',
    );

  const others = audience.filter((one) => !own.includes(one));
  const wanted = asked.targets.length > 0 ? asked.targets : others;
  if (wanted.length !== 1)
    return refusal('invalid_target', 'A token is exchanged for one resource at a time: name it in resource.');
  const target = known.find(({ identifier }) => isSameResource(identifier, wanted[0]!))?.identifier;
  if (target === undefined || own.includes(target))
    return refusal(
      'invalid_target',
      'No token is exchanged for that resource: it is not registered here, or is Signet’s own.',
    );
  const isPresent = audience.some((one) => isSameResource(one, target));
  const policy = isPresent ? facts.scopes : exchangeableTo(client.metadata, target);
  if (!policy || (!isPresent && !serves && !isNamed))
    return refusal('invalid_target', 'This client may not carry that token over to that resource.');

  const scopes = scopesFor(tenant, [target], facts.scopes, known).filter((scope) => policy.includes(scope));
  const strange = asked.scopes?.find((scope) => !scopes.includes(scope));
  if (strange !== undefined)
    return refusal(
      'invalid_scope',
      `The scope ${strange} is not one that this client may carry over to that resource.`,
    );
  const given = asked.scopes ?? scopes;
  if (given.length === 0)
    return refusal('invalid_scope', 'Of the scopes of the subject token none may be carried over to that resource.');
  const carriedBy = isPresent ? (claims['carried_by'] as string | undefined) : client.id;
  return { target, scopes: [...new Set(given)], carriedBy };
}

function refusal(error: Unwilling['error'], description: string): Unwilling {
  return { error, description };
}
