// The authorization request after validation: what every later step may rely on without looking again.
import type { RequestedClaims } from './claims-request.ts';
import type { ResponseTarget } from './errors.ts';

export type Prompt = 'none' | 'login' | 'consent' | 'select_account';

/** RFC 6749 4.1.1 and OpenID Connect Core 1.0 3.1.2.1, validated. Kept as JSON while somebody signs in. */
export type AuthorizationRequest = {
  readonly clientId: string;
  readonly target: ResponseTarget;
  readonly scopes: readonly string[];
  /** RFC 8707; empty: the tenant's default resource. */
  readonly resources: readonly string[];
  readonly prompt: readonly Prompt[];
  /** Seconds. */
  readonly maxAge?: number;
  readonly nonce?: string;
  readonly codeChallenge?: string;
  readonly loginHint?: string;
  /** The `sub` of a valid `id_token_hint`, or of the `claims` parameter. */
  readonly hintedUserId?: string;
  readonly claims?: RequestedClaims;
  readonly uiLocales?: string;
  readonly acrValues: readonly string[];
};

/** RFC 6749 4.1.1: the parameters that ask for the same again, of the same person where one was asked for. */
export function parametersOf(request: AuthorizationRequest): [string, string][] {
  const { target, claims, hintedUserId } = request;
  const idToken = { ...asked(claims?.id_token), ...(hintedUserId !== undefined && { sub: { value: hintedUserId } }) };
  const parameters: Record<string, string | undefined> = {
    client_id: request.clientId,
    redirect_uri: target.redirectUri,
    response_type: 'code',
    response_mode: target.responseMode === 'query' ? undefined : target.responseMode,
    state: target.state,
    scope: request.scopes.join(' '),
    nonce: request.nonce,
    code_challenge: request.codeChallenge,
    code_challenge_method: request.codeChallenge === undefined ? undefined : 'S256',
    prompt: request.prompt.join(' '),
    max_age: request.maxAge === undefined ? undefined : String(request.maxAge),
    login_hint: request.loginHint,
    ui_locales: request.uiLocales,
    acr_values: request.acrValues.join(' '),
    claims:
      claims || hintedUserId !== undefined
        ? JSON.stringify({ userinfo: asked(claims?.userinfo), id_token: idToken })
        : undefined,
  };
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => !!entry[1]);
  return [...given, ...request.resources.map((uri): [string, string] => ['resource', uri])];
}

function asked(names: readonly string[] = []): Record<string, null> {
  return Object.fromEntries(names.map((name) => [name, null]));
}

/** What a person is asked to allow: the scopes, and those that say in words what is asked for by name. */
export function consentScopes({ scopes, claims }: Pick<AuthorizationRequest, 'scopes' | 'claims'>): readonly string[] {
  return claims ? [...new Set([...scopes, ...claims.scopes])] : scopes;
}

const prompts: readonly Prompt[] = ['none', 'login', 'consent', 'select_account'];

/** OpenID Connect Core 1.0 3.1.2.1 `prompt`: its values, or undefined when unknown, or `none` beside another. */
export function parsePrompt(value: string | undefined): Prompt[] | undefined {
  const asked = (value ?? '').split(' ').filter((word) => word !== '');
  if (!asked.every((word): word is Prompt => prompts.includes(word as Prompt))) return undefined;
  if (asked.includes('none') && asked.length > 1) return undefined;
  return asked;
}
