// Token exchange: who may turn whose access token into which, and the chain of those who act.
import { scopesFor } from './audience.ts';
import { type Client, type ClientMetadata, scopesOf } from './client.ts';
import { isSameResource, type Resource } from './resource.ts';
import type { Tenant } from './tenant.ts';
import { isUuid } from './uuid.ts';

/** RFC 8693 3: the one kind of token that is taken and given. */
export const accessTokenTypeUri = 'urn:ietf:params:oauth:token-type:access_token';

/** RFC 8693 4.1: who acts for the subject now, and who did so before. `client_id`: who exchanged the token, where that is another. */
export type Act = { readonly sub: string; readonly client_id?: string; readonly act?: Act };

/** Of one token after another: so many may act, each through the one before. */
export const mostActors = 5;

/** RFC 8693 4.1: `actor`, by the client `by`, before those who acted until now. @returns undefined when there are too many. */
export function actedBy(actor: string, by: string, before: Act | undefined): Act | undefined {
  if (before?.sub === actor && exchangedBy(before) === by) return before;
  if (chainOf(before).length >= mostActors) return undefined;
  return { sub: actor, ...(actor !== by && { client_id: by }), ...(before && { act: before }) };
}

function exchangedBy({ sub, client_id: by = sub }: Act): string {
  return by;
}

function chainOf(act: Act | undefined): readonly Act[] {
  return act ? [act, ...chainOf(act.act)] : [];
}

/** The clients that a token with this chain came through: whose end ends it. */
export function clientsOf(act: Act | undefined): readonly string[] {
  const names = chainOf(act).flatMap((one) => [exchangedBy(one), one.sub]);
  // No client has an id that could be a person's.
  return [...new Set(names.filter((name) => !isUuid(name)))];
}

/** Of a token: the client by whose policy it was let to a resource. */
export type Carried = { readonly client: string; readonly to: string };

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
 * Of the scopes that a token says, those it still has: its grant's client (`origin`) may still have them, and whoever carried it from
 * one resource to the next still may.
 */
export function scopesStillExchanged(
  said: readonly string[],
  { origin, carriers }: { readonly origin: Client; readonly carriers: readonly { client: Client; to: string }[] },
): readonly string[] {
  const registered = scopesOf(origin.metadata);
  const policies = carriers.map(({ client, to }) => exchangeableTo(client.metadata, to) ?? []);
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
 * `carriedBy`: by whose policies it comes to its audience from that of the grant.
 */
export function exchangeAllowed(
  tenant: Tenant,
  asked: ExchangeAsked,
  facts: ExchangeFacts,
): { readonly target: string; readonly scopes: readonly string[]; readonly carriedBy: readonly Carried[] } | Unwilling {
  const { client, claims, known, own, actor } = facts;
  const audience = audiencesOf(claims);
  const named = (claims['may_act'] as { readonly sub?: unknown } | undefined)?.sub;
  const isNamed = named === client.id;
  const serves = servesOneOf(client.metadata, audience);
  if (actor !== undefined && actor === claims['sub'])
    return refusal('invalid_request', 'The actor token is of the user themselves: leave it out.');
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
    return refusal(
      'invalid_target',
      'A token is exchanged for one resource at a time: name it in resource or audience, not in both.',
    );
  const target = known.find(({ identifier }) => isSameResource(identifier, wanted[0]!))?.identifier;
  if (own.some((one) => isSameResource(one, wanted[0]!)))
    return refusal('invalid_target', 'Signet exchanges no token for one for itself or its admin API.');
  if (target === undefined) return refusal('invalid_target', 'No resource of that name is registered here.');
  const isPresent = audience.some((one) => isSameResource(one, target));
  const policy = isPresent ? facts.scopes : exchangeableTo(client.metadata, target);
  if (!policy) return refusal('invalid_target', 'The exchange of this client does not name that resource.');
  if (!isPresent && !serves && !isNamed)
    return refusal('invalid_target', 'The token is for another resource, which this client does not serve.');

  const scopes = scopesFor(tenant, [target], facts.scopes, known).filter((scope) => policy.includes(scope));
  const strange = asked.scopes?.find((scope) => !scopes.includes(scope));
  if (strange !== undefined)
    return refusal(
      'invalid_scope',
      `The scope ${strange} must be one of the subject token, of the exchange of this client and of the resource.`,
    );
  const given = asked.scopes ?? scopes;
  if (given.length === 0)
    return refusal(
      'invalid_scope',
      'No scope of the subject token is one of the exchange of this client and of the resource.',
    );
  const before = carriedBefore(claims).filter((one) => one.client !== client.id || one.to !== target);
  const carriedBy = isPresent ? carriedBefore(claims) : [...before, { client: client.id, to: target }];
  return { target, scopes: [...new Set(given)], carriedBy };
}

/** What a token of ours says in `carried_by`. */
export function carriedBefore({ carried_by: carried = [] }: Readonly<Record<string, unknown>>): readonly Carried[] {
  return carried as readonly Carried[];
}

function refusal(error: Unwilling['error'], description: string): Unwilling {
  return { error, description };
}
