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
