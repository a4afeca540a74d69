// The first-party API as an application calls it.
import type { Tokens } from './flow.ts';

/** The tenant's own API, and a confidential client of its own that may call it. */
export const api = { identifier: 'https://api.own.example', scopes: ['orders:read'] };
export const backend = {
  client_id: 'backend',
  client_secret: 'a-secret-of-the-own-backend-of-32-chars',
  first_party: true,
  scope: 'openid orders:read',
  redirect_uris: ['https://backend.example/cb'],
};

export type ApiAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Tokens & {
    token: string;
    device: string;
    code?: string;
    detail?: string;
    instance?: string;
    proof: string;
    session_token: string;
  } & SecondFactorAnswer;
};

/** What answers about second factors have besides. */
type SecondFactorAnswer = {
  readonly mfa_required?: boolean;
  readonly mfa_methods?: readonly string[];
  readonly mfa_enrolment?: readonly string[];
  readonly mfa_verified?: boolean;
  readonly id: string;
  readonly secret: string;
  readonly otpauth_uri: string;
  readonly qr_svg: string;
  readonly recovery_codes: readonly string[];
};

/** A POST with a JSON body, or none. */
export async function postJson(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
): Promise<ApiAnswer> {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (text === '' ? {} : JSON.parse(text)) as ApiAnswer['body'],
  };
}

/** POST /auth/login. */
export function logIn(
  signet: { readonly issuer: string },
  user: { readonly username: string; readonly password: string },
  more: Readonly<Record<string, unknown>> = {},
): Promise<ApiAnswer> {
  const { username, password } = user;
  return postJson(`${signet.issuer}/auth/login`, { username, password, ...more });
}

/** POST /auth/refresh. */
export function refreshAt(signet: { readonly issuer: string }, token: string, more: object = {}): Promise<ApiAnswer> {
  return postJson(`${signet.issuer}/auth/refresh`, { refresh_token: token, ...more });
}
