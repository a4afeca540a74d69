// Validates an authorization request. Until client and redirect URI are proven, what is wrong is told to the person, never to the redirect URI.
import type { Deps } from '../../deps.ts';
import { type AuthorizationRequest, parsePrompt } from '../../domain/authorization-request.ts';
import { askedByName } from '../../domain/claims.ts';
import { type ClaimsParameter, parseClaimsParameter } from '../../domain/claims-request.ts';
import { type Client, isPublic, scopesOf } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { AuthorizationError, OAuthError, type OAuthErrorCode, type ResponseTarget } from '../../domain/errors.ts';
import { acrValues } from '../../domain/factors.ts';
import { firstRepeated, type Params } from '../../domain/params.ts';
import { isS256Challenge } from '../../domain/pkce.ts';
import { matchRedirectUri } from '../../domain/redirect-uri.ts';
import { activeClient } from '../clients/current.ts';
import { grantableScopes, resourcesFor } from '../clients/grantable.ts';
import { idTokenClaims } from '../tokens/id-token-claims.ts';

export type ValidatedRequest = { readonly client: Client; readonly request: AuthorizationRequest };

/**
 * RFC 6749 4.1.1, OpenID Connect Core 1.0 3.1.2.2.
 * @throws OAuthError for the person, AuthorizationError for the client once its redirect URI is proven.
 */
export async function validateAuthorizationRequest(
  deps: Deps,
  context: RequestContext,
  params: Params,
): Promise<ValidatedRequest> {
  const { client, target } = await provenTarget(deps, context, params);
  const refuse = (code: OAuthErrorCode, description: string): never => {
    throw new AuthorizationError(code, description, target, client.id);
  };
  const repeated = firstRepeated(params, authorizeParameters, ['resource']);
  if (repeated !== undefined) refuse('invalid_request', `${repeated} was sent more than once.`);
  const mode = askedMode(params);
  if (mode !== undefined && mode !== 'query' && mode !== 'form_post')
    refuse('invalid_request', 'response_mode must be query or form_post.');
  if (mode === 'form_post' && !/^https?:/i.test(target.redirectUri))
    refuse('invalid_request', 'form_post needs an http or https redirect URI.');
  if (params.get('request') !== undefined) refuse('request_not_supported', 'Request objects are not supported.');
  if (params.get('request_uri') !== undefined) refuse('request_uri_not_supported', 'request_uri is not supported.');
  if (params.get('registration') !== undefined) refuse('registration_not_supported', 'registration is not supported.');
  const responseType = params.get('response_type');
  if (responseType === undefined) refuse('invalid_request', 'response_type is missing.');
  if (responseType !== 'code') refuse('unsupported_response_type', 'response_type must be code.');
  if (!client.metadata.grant_types.includes('authorization_code'))
    refuse('unauthorized_client', 'This client may not use the authorization code grant.');

  const prompt = parsePrompt(params.get('prompt'));
  if (!prompt) return refuse('invalid_request', 'prompt is unknown, or none stands beside another value.');
  const maxAge = params.get('max_age');
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge))
    refuse('invalid_request', 'max_age must be a number of seconds.');
  for (const name of ['nonce', 'login_hint', 'ui_locales', 'acr_values'] as const) {
    if ((params.get(name)?.length ?? 0) > 1000) refuse('invalid_request', `${name} is too long.`);
  }
  const scopes = grantableScopes(client, params.get('scope'));
  if (!scopes) return refuse('invalid_scope', 'No scope that was asked for is one this client may have.');
  // Of scopes that nobody asked for, no one resource is meant.
  const meant = params.get('scope') === undefined ? [] : scopes;
  const resources = await resourcesFor(deps, context.tenant, { named: params.all('resource'), scopes: meant });
  if ('problem' in resources) return refuse('invalid_target', resources.problem);
  const claims = claimsAsked(params, refuse);
  const hint = params.get('id_token_hint');
  const hintedUserId = await hintedUser(deps, context, client, hint);
  // What cannot be verified proves nothing, and whom it means nobody knows.
  if (hint !== undefined && hintedUserId === undefined && prompt.includes('none'))
    refuse(
      'login_required',
      'The user has to sign in: id_token_hint is not an ID token of this issuer for this client.',
    );

  const subjects = [...new Set([hintedUserId ?? [], claims?.subjects ?? []].flat())];
  if (subjects.length > 1) refuse('login_required', 'The request asks for two people at once.');
  const acrParameter = params.get('acr_values')?.split(' ');
  const acrAsked = (claims?.acr?.isEssential ? claims.acr.values : (acrParameter ?? claims?.acr?.values)) ?? [];
  const own = context.tenant.settings.claim_scopes;
  return {
    client,
    request: {
      clientId: client.id,
      target,
      scopes,
      resources,
      prompt,
      acrValues: acrAsked.filter((value) => value !== ''),
      ...defined({
        maxAge: maxAge === undefined ? undefined : Number(maxAge),
        nonce: params.get('nonce'),
        codeChallenge: challenge(client, params, refuse),
        loginHint: params.get('login_hint'),
        hintedUserId: subjects[0],
        claims: claims && askedByName(claims, scopesOf(client.metadata), own),
        uiLocales: params.get('ui_locales'),
      }),
    },
  };
}

/** OpenID Connect Core 1.0 3.1.2.1, RFC 7636 4.3, RFC 8707 2. */
const authorizeParameters = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'prompt',
  'max_age',
  'login_hint',
  'ui_locales',
  'acr_values',
  'id_token_hint',
  'claims',
  'code_challenge',
  'code_challenge_method',
] as const;

async function provenTarget(
  deps: Deps,
  context: RequestContext,
  params: Params,
): Promise<{ client: Client; target: ResponseTarget }> {
  for (const name of ['client_id', 'redirect_uri', 'state', 'response_mode']) {
    if (params.repeated.has(name)) throw new OAuthError('invalid_request', `${name} was sent more than once.`);
  }
  const clientId = params.get('client_id');
  if (clientId === undefined) throw new OAuthError('invalid_request', 'client_id is missing.');
  const client = await activeClient(deps, context.tenant, clientId);
  if (!client)
    throw new OAuthError('invalid_client', 'The application is not known here.', undefined, { sent: clientId });
  const redirectUri = params.get('redirect_uri');
  if (redirectUri === undefined) throw new OAuthError('invalid_request', 'redirect_uri is missing.');
  if (matchRedirectUri(client.metadata.redirect_uris, redirectUri, isPublic(client.metadata)) === undefined) {
    const description = 'redirect_uri is not one that this application has registered.';
    throw new OAuthError('invalid_request', description, undefined, { clientId: client.id, sent: redirectUri });
  }
  const state = params.get('state');
  if (state !== undefined && state.length > 4000)
    throw new OAuthError('invalid_request', 'state is longer than 4000 characters.');
  const target: ResponseTarget = {
    redirectUri,
    responseMode: modeOf(params, redirectUri),
    ...(state === undefined ? {} : { state }),
    ...(client.metadata.authorization_response_iss ? {} : { withoutIss: true }),
  };
  return { client, target };
}

/** Where the client will look for an answer, also for one that says no. */
function modeOf(params: Params, redirectUri: string): ResponseTarget['responseMode'] {
  const mode = askedMode(params);
  // A form can only be posted over the web: what is wrong with asking for one elsewhere is told in a redirect.
  if (mode === 'form_post' && /^https?:/i.test(redirectUri)) return 'form_post';
  const asked = params.get('response_type')?.split(' ') ?? [];
  // OAuth 2.0 Multiple Response Types 3 and 5: what would hold a token never stands in a query.
  const isFrontChannel = asked.includes('token') || asked.includes('id_token');
  return mode === 'fragment' || isFrontChannel ? 'fragment' : 'query';
}

/** The `response_mode`, also where it stands only in a request object: that is refused, by the way the client listens to. */
function askedMode(params: Params): string | undefined {
  return params.get('response_mode') ?? modeInside(params.get('request'));
}

/** OpenID Connect Core 1.0 6.1. Not verified: it chooses no more than how an error travels. */
function modeInside(requestObject: string | undefined): string | undefined {
  const [, payload] = requestObject?.split('.') ?? [];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { response_mode?: unknown } | null;
    return typeof claims?.response_mode === 'string' ? claims.response_mode : undefined;
  } catch {
    return undefined;
  }
}

/** OpenID Connect Core 1.0 5.5: the `claims` parameter. An essential `acr` that nobody here can reach is told at once (5.5.1.1). */
function claimsAsked(
  params: Params,
  refuse: (code: OAuthErrorCode, description: string) => never,
): ClaimsParameter | undefined {
  const text = params.get('claims');
  if (text === undefined) return undefined;
  const claims = parseClaimsParameter(text);
  if (!claims) return refuse('invalid_request', 'claims is not JSON as OpenID Connect Core 1.0, 5.5, describes it.');
  const { acr } = claims;
  if (acr?.isEssential && !acrValues.some((value) => acr.values.includes(value)))
    refuse('unmet_authentication_requirements', `acr can be ${acrValues.join(' or ')}.`);
  return claims;
}

/** RFC 7636 4.3, RFC 9700 2.1.1: S256 only, and required unless the client opted out. */
function challenge(
  client: Client,
  params: Params,
  refuse: (code: OAuthErrorCode, description: string) => never,
): string | undefined {
  const value = params.get('code_challenge');
  const method = params.get('code_challenge_method');
  if (value === undefined) {
    if (method !== undefined) refuse('invalid_request', 'code_challenge_method was sent without code_challenge.');
    if (client.metadata.require_pkce)
      refuse('invalid_request', 'code_challenge is missing: this client must use PKCE with S256.');
    return undefined;
  }
  if (method !== 'S256') refuse('invalid_request', 'code_challenge_method must be S256.');
  if (!isS256Challenge(value)) refuse('invalid_request', 'code_challenge must be 43 characters of base64url.');
  return value;
}

/** OpenID Connect Core 1.0 3.1.2.1: whom an ID token of ours, also an expired one, names; undefined when it is not one for this client. */
async function hintedUser(
  deps: Deps,
  context: RequestContext,
  client: Client,
  hint: string | undefined,
): Promise<string | undefined> {
  if (hint === undefined) return undefined;
  const claims = await idTokenClaims(deps, context, hint);
  if (claims?.clientId !== client.id || typeof claims['sub'] !== 'string') return undefined;
  return claims['sub'];
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined | null> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined | null>;
  };
}
