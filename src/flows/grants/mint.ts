// The only place tokens are made: access tokens and ID tokens.
import { leftHalfHash } from '../../crypto/hash.ts';
import { signJwt } from '../../crypto/jwt.ts';
import type { Deps } from '../../deps.ts';
import { adminApiOf } from '../../domain/admin-api.ts';
import { audienceOf, scopesFor, shapeFor } from '../../domain/audience.ts';
import { authenticationClaims } from '../../domain/authentication.ts';
import { askedByName, claimsForApis, claimsNamed, claimsOfScopes, isClaimName } from '../../domain/claims.ts';
import type { RequestedClaims } from '../../domain/claims-request.ts';
import { type Client, scopesOf, stillRegistered } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { endpoints } from '../../domain/endpoints.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import { indexOf, placeOwner, type StatusPlace } from '../../domain/status-list.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Act, Carried } from '../../domain/token-exchange.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import type { User } from '../../domain/user.ts';
import { longestToken } from '../../verifier/signed-token.ts';
import { tenantResources } from '../clients/current.ts';
import { signingKey } from '../keys/ring.ts';
import { type KnownBit, statusPlace } from '../status/place.ts';

/** Whom the tokens are about: whoever stands behind a grant (`user`, as they are now), or the client by itself. */
export type Subject =
  | { readonly kind: 'grant'; readonly grant: Grant; readonly user: User }
  /** RFC 8693: by a token of the grant, whose `claims` say what may be said. */
  | {
      readonly kind: 'exchange';
      readonly grant: Grant;
      readonly user: User;
      readonly claims: Claims;
      readonly act: Act;
      readonly carriedBy: readonly Carried[];
      /** The other clients that it comes through. */
      readonly through: readonly Client[];
    }
  | { readonly kind: 'client' };

type Claims = Readonly<Record<string, unknown>>;

export type Mint = {
  readonly subject: Subject;
  readonly client: Client;
  /** Of what was granted, or registered for the client, what is asked for now. */
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly nonce?: string | undefined;
  readonly refreshToken?: string | undefined;
  /** Of the access token, in seconds; the client's unless given. A resource may make it shorter. */
  readonly lifetime?: number | undefined;
  /** The access token ends by then at the latest, in seconds since 1970. */
  readonly endsBy?: number | undefined;
  /** The access token's; made unless given. */
  readonly jti?: string | undefined;
  /** The same reply once more: with a `jti` of its own where the first one's token was revoked. */
  readonly isRepeat?: true;
};

/** `place`: where the status of the access token stands, which its grant must be told before anybody is given the response. */
export type Minted = { readonly response: TokenResponse; readonly place: StatusPlace };

/**
 * RFC 9068 2 access token and OpenID Connect Core 1.0 2 ID token, with the response that carries them.
 * @throws OAuthError invalid_target, invalid_scope; invalid_client for one that was disabled meanwhile.
 */
export async function mintTokens(deps: Deps, context: RequestContext, mint: Mint): Promise<Minted> {
  const { tenant, now } = context;
  const { client, subject } = mint;
  const grant = subject.kind === 'client' ? undefined : subject.grant;
  const user = subject.kind === 'client' ? undefined : subject.user;
  const userId = grant?.userId;
  const resources = await tenantResources(deps, tenant);
  const audience = audienceOf(tenant, mint.resources, resources);
  // Whoever may call without naming a client must not come to administer, on whatever way the resource was asked for.
  if (client.metadata.built_in && audience.includes(adminApiOf(tenant.issuer)))
    throw new OAuthError('invalid_target', 'This client gets no tokens for that resource.');
  // Whom a token is for as well could administer with it.
  if (audience.includes(adminApiOf(tenant.issuer)) && audience.some((one) => !isOfSignet(one, tenant.issuer)))
    throw new OAuthError('invalid_target', 'A token for the admin API is for nobody else: ask for one by itself.');
  // What a client may have for itself, or in exchange, was looked up with the request.
  const granted = subject.kind === 'grant' ? stillRegistered(client.metadata, mint.scopes) : mint.scopes;
  const scopes = scopesFor(tenant, mint.resources, granted, resources);
  const shape = shapeFor(audience, resources, {
    lifetime: mint.lifetime ?? client.registeredTokenLifetime,
    alg: client.metadata.access_token_signed_response_alg,
  });
  if (typeof shape === 'string')
    throw new OAuthError('invalid_target', `The resources take tokens of different ${shape}: ask for one at a time.`);
  const { alg, type } = shape;
  const iat = Math.floor(now / 1000);
  const common = {
    iss: tenant.issuer,
    // RFC 9068 2.2: of a client that acts for itself, the client.
    sub: userId ?? client.id,
    iat,
    ...(grant?.sessionId !== undefined && { sid: grant.sessionId }),
  };
  const exp = Math.min(iat + shape.lifetime, mint.endsBy ?? Infinity);
  const place = await statusPlace(deps, tenant, {
    client,
    known: bitsOf(subject, client),
    through: subject.kind === 'exchange' ? subject.through : [],
    exp,
  });
  const { name, idx } = indexOf(tenant.statusGeneration, place.bit);
  const authentication = subject.kind === 'grant' && userId !== undefined ? subject.grant.authentication : undefined;
  const accessToken = await signJwt(await signingKey(deps, tenant, alg), type, {
    ...(subject.kind === 'grant' && claimsNamed(subject.user, forApis(tenant, client, granted))),
    ...(subject.kind === 'exchange' && claimsInExchange(subject)),
    ...common,
    ...(authentication && authenticationClaims(authentication, 'access')),
    aud: audience.length === 1 ? audience[0] : audience,
    exp,
    jti: (mint.isRepeat && place.isNew ? undefined : mint.jti) ?? deps.random(16).toString('base64url'),
    client_id: client.id,
    scope: scopes.join(' '),
    ...(grant && { grant_id: grant.id }),
    // RFC 8693 4.4.
    ...(grant && client.metadata.may_act !== undefined && { may_act: { sub: client.metadata.may_act } }),
    // Token Status List 6.2.
    status: { status_list: { idx, uri: `${tenant.issuer}${endpoints.status}/${name}` } },
  });
  // Neither an API nor the server itself would look at it: what nobody can check nobody could revoke.
  if (accessToken.length > longestToken)
    throw new OAuthError('invalid_scope', 'The access token would be too long: ask for fewer claims, such as groups.');
  const idTokenAlg = client.metadata.id_token_signed_response_alg;
  // OpenID Connect Core 1.0 2: about a person only.
  const hasIdToken = subject.kind === 'grant' && userId !== undefined && granted.includes('openid');
  const idToken = hasIdToken
    ? await signJwt(await signingKey(deps, tenant, idTokenAlg), 'JWT', {
        ...claimsNamed(user!, forIdToken(tenant, client, granted, grant?.claims)),
        ...common,
        ...(authentication && authenticationClaims(authentication, 'id')),
        aud: client.id,
        exp: iat + tenant.settings.id_token_lifetime,
        ...(mint.nonce === undefined ? {} : { nonce: mint.nonce }),
        at_hash: leftHalfHash(accessToken, idTokenAlg),
      })
    : undefined;
  const response = {
    access_token: accessToken,
    token_type: 'Bearer' as const,
    expires_in: exp - iat,
    scope: scopes.join(' '),
    ...(mint.refreshToken === undefined ? {} : { refresh_token: mint.refreshToken }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
  };
  return { response, place };
}

/** The places of the subject's tokens so far. */
function bitsOf(subject: Subject, client: Client): readonly KnownBit[] {
  if (subject.kind === 'client') return [];
  const { statusBits, statusVersions, exchangedBits } = subject.grant;
  if (subject.kind === 'exchange') return exchangedBits;
  return statusBits.map((bit, n) => ({ bit, of: placeOwner([{ ...client, version: statusVersions[n]! }]) }));
}

/** How somebody signed in, as the token says that is exchanged, and not what has been proven since. */
const copied = ['auth_time', 'acr', 'amr', 'mfa_verified', 'mfa_method', 'mfa_verified_at'];

/** RFC 8693 4.1: who acts; what the subject token says of the person, as it is now, and of how they signed in. */
function claimsInExchange({ user, claims, act, carriedBy }: Extract<Subject, { kind: 'exchange' }>): Claims {
  const kept = copied.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]] as const]));
  return {
    ...claimsNamed(user, Object.keys(claims).filter(isClaimName)),
    ...Object.fromEntries(kept),
    act,
    ...(carriedBy.length > 0 && { carried_by: carriedBy }),
  };
}

function isOfSignet(audience: string, issuer: string): boolean {
  return audience === issuer || audience === adminApiOf(issuer);
}

/** What APIs decide on: what the granted scopes ask for, and what the client is registered for in any case. */
function forApis(tenant: Tenant, { metadata }: Client, granted: readonly string[]): readonly string[] {
  return [...claimsForApis(granted, tenant.settings.claim_scopes), ...(metadata.access_token_claims ?? [])];
}

/** OpenID Connect Core 1.0 5.4 and 5.5: what was asked for by name, and by the registration what the granted scopes ask for. */
function forIdToken(
  tenant: Tenant,
  { metadata }: Client,
  granted: readonly string[],
  asked: RequestedClaims | undefined,
): readonly string[] {
  const own = tenant.settings.claim_scopes;
  const named = asked ? askedByName({ userinfo: [], idToken: asked.id_token }, scopesOf(metadata), own).id_token : [];
  return metadata.id_token_claims ? [...claimsOfScopes(granted, own), ...named] : named;
}
