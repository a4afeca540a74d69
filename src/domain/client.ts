// A client: its registered metadata, the defaults of what was left out, and the rules the metadata must obey.
import type { ClientSecret } from './client-secret.ts';
import type { Acr } from './factors.ts';
import { isClaimName } from './claims.ts';
import { type ClientKeySet, keyProblems } from './client-keys.ts';
import { redirectUriProblem, webUriProblem } from './redirect-uri.ts';
import { isResourceIdentifier, isSameResource } from './resource.ts';
import { defaultScope, parseScope } from './scope.ts';

/** RFC 8693 2.1. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

export const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials', tokenExchangeGrant] as const;
export type GrantType = (typeof grantTypes)[number];

export const clientAuthMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'client_secret_jwt',
  'none',
] as const;
export type ClientAuthMethod = (typeof clientAuthMethods)[number];

/** RFC 7518 3.1; EdDSA with Ed25519 (RFC 8037 3.1). */
export const signingAlgs = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const;
export type SigningAlg = (typeof signingAlgs)[number];

/** What clients may sign assertions with: a key of their own, or their secret (RFC 7518 3.2). */
export const assertionAlgs = [...signingAlgs, 'HS256'] as const;
export type AssertionAlg = (typeof assertionAlgs)[number];

/** Those of ID tokens and access tokens where a client registered no others: each tenant has a key for them from the start. */
export const defaultSigningAlgs = { idToken: 'RS256', accessToken: 'ES256' } as const;

/** RFC 7591 2 and OpenID Connect Registration 2 metadata by their names; below the line, Signet's own policies. */
export type ClientMetadata = {
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly logo_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  readonly contacts?: readonly string[];
  readonly redirect_uris: readonly string[];
  readonly post_logout_redirect_uris: readonly string[];
  readonly application_type: 'web' | 'native';
  readonly grant_types: readonly GrantType[];
  readonly response_types: readonly 'code'[];
  readonly token_endpoint_auth_method: ClientAuthMethod;
  /** What its assertions are signed with (RFC 7523); any that its keys allow unless it says so. */
  readonly token_endpoint_auth_signing_alg?: AssertionAlg;
  readonly jwks?: ClientKeySet;
  readonly jwks_uri?: string;
  readonly scope: string;
  readonly id_token_signed_response_alg: SigningAlg;
  readonly default_max_age?: number;
  readonly require_auth_time: boolean;
  readonly default_acr_values?: readonly string[];

  /** The tenant's own application: consent is not asked. */
  readonly first_party: boolean;
  /** Made by Signet itself with the tenant: may be disabled, not deleted. */
  readonly built_in: boolean;
  /** False lets authorization requests without a code challenge pass. */
  readonly require_pkce: boolean;
  /** False leaves the issuer out of authorization responses (RFC 9207), for a library that trips over it. */
  readonly authorization_response_iss: boolean;
  /** The resources that it is: it may ask whether tokens for them stand (RFC 7662). */
  readonly serves?: readonly string[];
  /** To which other resources it may carry over the tokens of those that it serves (RFC 8693), and which scopes at most. */
  readonly exchange?: readonly { readonly to: string; readonly scopes: readonly string[] }[];
  /** The client that may act with its access tokens: their `may_act` (RFC 8693 4.4). */
  readonly may_act?: string;
  /** Signing in to it must reach this, whatever else is asked for. */
  readonly required_acr?: Acr;
  /** ID tokens tell what the granted scopes ask for, as UserInfo does. */
  readonly id_token_claims: boolean;
  /** Claims that its access tokens carry whichever scopes were granted. */
  readonly access_token_claims?: readonly string[];
  readonly access_token_signed_response_alg: SigningAlg;
  /** Seconds. */
  readonly access_token_lifetime: number;
  readonly refresh_token_rotation: boolean;
  /** Seconds from the grant to the absolute end of its family. */
  readonly refresh_token_lifetime: number;
  /** Seconds in which a lost reply can be had again; shorter than the access token's life. Above 120 is an explicit choice. */
  readonly refresh_token_grace: number;
};

/** What was registered: everything may be left out. */
export type RegisteredMetadata = { readonly [K in keyof ClientMetadata]?: ClientMetadata[K] | undefined };

export type Client = {
  readonly id: string;
  readonly metadata: ClientMetadata;
  /** How it may authenticate: the registered method; when none was registered, its secret may travel either way. */
  readonly authMethods: readonly ClientAuthMethod[];
  /** `access_token_lifetime` in seconds; undefined when none was registered. */
  readonly registeredTokenLifetime: number | undefined;
  /** Expired ones among them. */
  readonly secrets: readonly ClientSecret[];
  /** What it may do at the admin API by itself (domain/admin-rights.ts). */
  readonly adminRoles: readonly string[];
  readonly disabled: boolean;
  /** One more with each change. Of a client that was deleted and made again it begins anew. */
  readonly version: number;
  /** Milliseconds. */
  readonly createdAt: number;
};

/** What people read: its name, or its id where it has none. */
export function clientName({ id, metadata }: { readonly id: string; readonly metadata: RegisteredMetadata }): string {
  return metadata.client_name ?? id;
}

/** RFC 6749 2.1: a client that cannot keep a secret. */
export function isPublic(metadata: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean {
  return metadata.token_endpoint_auth_method === 'none';
}

/** Whether its method of authentication takes a secret; else a key of its own, or nothing. */
export function usesSecret({ token_endpoint_auth_method: method }: Pick<ClientMetadata, 'token_endpoint_auth_method'>) {
  return method !== 'none' && method !== 'private_key_jwt';
}

/** RFC 7591 2: the methods a client may use. Its default, Basic, is met by the form as well: many libraries send no other. */
export function authMethodsOf(given: RegisteredMetadata): readonly ClientAuthMethod[] {
  const method = given.token_endpoint_auth_method;
  return method === undefined ? ['client_secret_basic', 'client_secret_post'] : [method];
}

/** Seconds. */
export const defaultTokenLifetime = 900;

/** RFC 7591 2: the metadata in force, with a default for everything that was left out. */
export function completeMetadata(given: RegisteredMetadata): ClientMetadata {
  const method = given.token_endpoint_auth_method ?? 'client_secret_basic';
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return {
    redirect_uris: [],
    post_logout_redirect_uris: [],
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
    scope: defaultScope,
    id_token_signed_response_alg: defaultSigningAlgs.idToken,
    require_auth_time: false,
    first_party: false,
    built_in: false,
    require_pkce: true,
    authorization_response_iss: true,
    id_token_claims: false,
    access_token_signed_response_alg: defaultSigningAlgs.accessToken,
    access_token_lifetime: defaultTokenLifetime,
    refresh_token_rotation: method === 'none' || given.first_party === true,
    refresh_token_lifetime: 7 * 24 * 3600,
    // Always shorter than the access token's life, however short that is.
    refresh_token_grace: Math.min(30, Math.floor((given.access_token_lifetime ?? defaultTokenLifetime) / 2)),
    ...known,
  };
}

/** What its tokens are signed with. */
export function signingAlgsOf(given: RegisteredMetadata): SigningAlg[] {
  const { id_token_signed_response_alg, access_token_signed_response_alg } = completeMetadata(given);
  return [...new Set([id_token_signed_response_alg, access_token_signed_response_alg])];
}

/** The client of whoever calls the first-party API without naming one. */
export const firstPartyClientId = 'first-party';

/** What it is in a new tenant, and what cannot be changed of it. */
export const firstPartyMetadata: RegisteredMetadata = {
  client_name: 'First-party applications',
  grant_types: ['refresh_token'],
  response_types: [],
  scope: 'openid profile email offline_access',
  first_party: true,
  built_in: true,
  token_endpoint_auth_method: 'none',
};

/** A rule that metadata breaks: the metadata name (with an index for lists) and what is wrong. */
export type MetadataProblem = { readonly path: readonly (string | number)[]; readonly problem: string };

/** RFC 7591 2, RFC 9700 2.1 and 2.6: every rule that `given` breaks beyond the types of its members. */
export function metadataProblems(given: RegisteredMetadata): MetadataProblem[] {
  const metadata = completeMetadata(given);
  const problems: MetadataProblem[] = [];
  const add = (path: readonly (string | number)[], problem: string | undefined) => {
    if (problem !== undefined) problems.push({ path, problem });
  };
  metadata.redirect_uris.forEach((uri, i) => add(['redirect_uris', i], redirectUriProblem(uri, isPublic(metadata))));
  metadata.post_logout_redirect_uris.forEach((uri, i) =>
    add(['post_logout_redirect_uris', i], redirectUriProblem(uri, isPublic(metadata))),
  );
  for (const name of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'] as const) {
    const uri = metadata[name];
    if (uri !== undefined) add([name], webUriProblem(uri));
  }
  keyProblems(metadata).forEach(({ path, problem }) => add(path, problem));
  if (parseScope(metadata.scope) === undefined) add(['scope'], 'must be scope names separated by spaces');
  if (metadata.grant_types.includes('authorization_code') && metadata.redirect_uris.length === 0) {
    add(['redirect_uris'], 'must have at least one URI for the authorization code grant');
  }
  metadata.access_token_claims?.forEach((name, i) => {
    if (!isClaimName(name)) add(['access_token_claims', i], 'is no claim about a person');
  });
  metadata.serves?.forEach((identifier, i) => {
    if (!isResourceIdentifier(identifier)) add(['serves', i], 'must be the identifier of a resource: an absolute URI');
  });
  if (metadata.serves && isPublic(metadata)) add(['serves'], 'cannot be of a public client: anybody could pose as it');
  for (const [grant, source] of [
    ['client_credentials', 'RFC 6749 4.4'],
    [tokenExchangeGrant, 'RFC 8693 2.1'],
  ] as const) {
    const at = metadata.grant_types.indexOf(grant);
    if (at >= 0 && isPublic(metadata))
      add(['grant_types', at], `cannot be of a public client: it has nothing to prove itself with (${source})`);
  }
  exchangeProblems(metadata, add);
  if (isPublic(metadata) && !metadata.require_pkce)
    add(['require_pkce'], 'cannot be false for a public client (RFC 9700 2.1.1)');
  if (isPublic(metadata) && !metadata.refresh_token_rotation) {
    add(['refresh_token_rotation'], 'cannot be false for a public client (RFC 9700 2.2.2)');
  }
  if (metadata.refresh_token_grace >= metadata.access_token_lifetime && metadata.refresh_token_grace > 0)
    add(
      ['refresh_token_grace'],
      `must be shorter than access_token_lifetime, which is ${metadata.access_token_lifetime}`,
    );
  return problems;
}

function exchangeProblems(
  { exchange, grant_types: grants }: ClientMetadata,
  add: (path: readonly (string | number)[], problem: string) => void,
): void {
  if (exchange && !grants.includes(tokenExchangeGrant))
    add(['exchange'], `has no use unless grant_types has ${tokenExchangeGrant}`);
  exchange?.forEach(({ to, scopes }, i) => {
    if (!isResourceIdentifier(to)) add(['exchange', i, 'to'], 'must be the identifier of a resource: an absolute URI');
    if (exchange.slice(0, i).some((one) => isSameResource(one.to, to)))
      add(['exchange', i, 'to'], 'stands there already: put its scopes together');
    scopes.forEach((scope, at) => {
      if (parseScope(scope)?.length !== 1) add(['exchange', i, 'scopes', at], 'must be the name of one scope');
    });
  });
}

/** Seconds: a longer grace gives a thief of a refresh token time in which nothing is detected. */
export const longGrace = 120;

/** The origins from which a browser may read this client's token responses (CORS). */
export function clientOrigins(metadata: ClientMetadata): string[] {
  const web = metadata.redirect_uris.filter((uri) => /^https?:/i.test(uri));
  return [...new Set(web.map((uri) => new URL(uri).origin))];
}

/** The scopes of its registration. */
export function scopesOf(metadata: Pick<ClientMetadata, 'scope'>): readonly string[] {
  return parseScope(metadata.scope) ?? [];
}

/** Of granted scopes, those the client may still have: what was taken from its registration ends with the next token. */
export function stillRegistered(metadata: ClientMetadata, scopes: readonly string[]): readonly string[] {
  const registered = scopesOf(metadata);
  return scopes.filter((scope) => registered.includes(scope));
}
