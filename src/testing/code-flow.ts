// Tokens for a test: the authorization code flow with PKCE, as a client would run it.
import { createHash, randomBytes } from 'node:crypto';
import { defaultScope } from '../domain/scope.ts';
import { send } from './http.ts';

export type SignIn = {
  /** The `client_id` of a client that was given to `startSignet()` or `provision()`. */
  readonly client: string;
  readonly username: string;
  /** Without it, the password that the user was provisioned with. */
  readonly password?: string;
  /** Space-separated. Without it, all that the client may have. */
  readonly scope?: string;
  /** RFC 8707: the API that the access token is for. Without it, the tenant's default. */
  readonly resource?: string;
};

/** RFC 6749 5.1 and OpenID Connect Core 1.0 3.1.3.3. */
export type TokenResponse = {
  readonly access_token: string;
  readonly token_type: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
};

/** What a client knows of itself. */
export type ClientSide = {
  readonly client_id: string;
  readonly client_secret?: string | undefined;
  readonly token_endpoint_auth_method?: string | undefined;
  readonly redirect_uris?: readonly string[] | undefined;
  readonly scope?: string | undefined;
};

/** @throws Error with what went wrong. */
export async function requestTokens(
  issuer: string,
  client: ClientSide,
  { scope, resource }: Pick<SignIn, 'scope' | 'resource'>,
  authorize: (url: string) => Promise<URL>,
): Promise<TokenResponse> {
  const [redirectUri] = client.redirect_uris ?? [];
  if (redirectUri === undefined)
    throw new Error(`client ${client.client_id} has no redirect_uris, so nobody can sign in to it: give it one`);
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const optional = { scope: scope ?? client.scope ?? defaultScope, ...(resource !== undefined && { resource }) };
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    state,
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...optional,
  });
  const { searchParams } = await authorize(`${issuer}/oauth/authorize?${query.toString()}`);
  const code = searchParams.get('code');
  if (code === null || searchParams.get('state') !== state)
    throw new Error(`no code came back: ${searchParams.get('error')}: ${searchParams.get('error_description')}`);
  return exchange(issuer, client, { code, redirect_uri: redirectUri, code_verifier: verifier });
}

async function exchange(issuer: string, client: ClientSide, params: Record<string, string>): Promise<TokenResponse> {
  const form = new URLSearchParams({ grant_type: 'authorization_code', ...params });
  const { client_id: id, client_secret: secret, token_endpoint_auth_method: method } = client;
  const isBasic = secret !== undefined && method !== 'client_secret_post';
  if (!isBasic) form.set('client_id', id);
  if (!isBasic && secret !== undefined) form.set('client_secret', secret);
  const { status, body } = await send(`${issuer}/oauth/token`, {
    form,
    ...(isBasic && { headers: { authorization: basic(id, secret) } }),
  });
  if (status === 200) return JSON.parse(body) as TokenResponse;
  const { error, error_description: description } = JSON.parse(body) as Record<string, string>;
  throw new Error(`the token endpoint refused the code: ${error}: ${description}`);
}

/** RFC 6749 2.3.1. */
function basic(id: string, secret: string): string {
  const encode = (part: string) => new URLSearchParams({ part }).toString().slice('part='.length);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}
