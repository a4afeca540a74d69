// Who and what there is in every measured server: the users, the client, and the requests that ask the same of each of them.
import { createHash } from 'node:crypto';
import type { ServerName } from './results.ts';

/** One user and one browser for each connection, as a server has many of both at once. */
export const mostConnections = 16;

/** And one whose grants may be lost: some servers end all of them when a code comes twice. */
export const userForChecks = mostConnections;

export const users = Array.from({ length: mostConnections + 1 }, (_, i) => ({
  username: `user${i}`,
  password: `the long pass phrase of user ${i}`,
  email: `user${i}@example.com`,
  email_verified: true,
  name: `User ${i}`,
}));

/** One who has a second factor as well, and so does not sign in with a password alone. */
export const userOfTwoFactors = {
  username: 'user-of-two',
  password: 'the long pass phrase of a user of two factors',
};

/** Confidential and first-party: it has a secret to check, its refresh tokens rotate, and it asks for no consent. */
export const client = {
  client_id: 'bench',
  client_secret: 'a-secret-that-has-at-least-32-characters',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['https://app.example/callback'],
  scope: 'openid profile email api:read',
  first_party: true,
} as const;

export const scope = 'openid profile email';

/** The one registered resource, and its scope. The peer makes JWT access tokens for it alone. */
export const resource = 'https://api.example/';
export const resourceScope = 'api:read';

/** The API that the resource is: it has tokens of its own as a service has, and asks whether tokens for it stand. */
export const api = {
  client_id: 'bench-api',
  client_secret: 'another-secret-that-has-at-least-32-characters',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  scope: resourceScope,
  serves: [resource],
} as const;

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const nonce = 'n-0S6_WzA2Mj';

/** A running server that is measured. */
export type Target = {
  readonly name: ServerName;
  readonly host: string;
  readonly port: number;
  /** What its tokens say that they are from. */
  readonly issuer: string;
  readonly pid: number;
  /** The cookies of each connection's signed-in browser, as a header's value. */
  readonly browsers: readonly string[];
};

/** An authorization request; `more` adds parameters or replaces them. */
export function authorizePath(more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0],
    response_type: 'code',
    scope,
    state: 'af0ifjsldkj',
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  return `/oauth/authorize?${query.toString()}`;
}

/** The authorization request for JWT access tokens: the peer gives them only for a resource, whose scope is asked with it. */
export function pathFor(server: ServerName): string {
  return server === 'peer' ? pathForResource() : authorizePath();
}

/** The authorization request for access tokens of the resource. */
export function pathForResource(): string {
  return authorizePath({ resource, scope: `${scope} ${resourceScope}` });
}

/** The authorization request for tokens that can be introspected: the peer's are for no resource, because it introspects opaque tokens only. */
export function pathForIntrospect(server: ServerName): string {
  return server === 'peer' ? authorizePath() : pathForResource();
}

/** The authorization request for tokens that UserInfo takes. */
export function pathForUserinfo(): string {
  return authorizePath();
}

export function get(target: Target, path: string, headers: Readonly<Record<string, string>> = {}): string {
  return message(target, `GET ${path}`, headers);
}

export function post(
  target: Target,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): string {
  const body = new URLSearchParams(form).toString();
  const described = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
  return message(target, `POST ${path}`, { ...described, ...headers }) + body;
}

/** What the first-party API is asked; ASCII only. */
export function postJson(
  target: Target,
  path: string,
  json: object,
  headers: Readonly<Record<string, string>> = {},
): string {
  const body = JSON.stringify(json);
  const described = { 'content-type': 'application/json', 'content-length': String(body.length) };
  return message(target, `POST ${path}`, { ...described, ...headers }) + body;
}

function message({ port }: Target, line: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: `localhost:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** The header of HTTP Basic; another secret than its own if given. */
export function basicOf(who: typeof client | typeof api, secret: string = who.client_secret): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${who.client_id}:${secret}`).toString('base64')}` };
}

const asClient = basicOf(client);
const asApi = basicOf(api);

/** A token request, authenticated as the client. */
export function tokenRequest(target: Target, form: Readonly<Record<string, string>>): string {
  return post(target, '/oauth/token', form, asClient);
}

/** The request of the API for a token of its own. */
export function ownTokenRequest(target: Target, headers: Readonly<Record<string, string>> = asApi): string {
  return post(target, '/oauth/token', { grant_type: 'client_credentials', resource, scope: resourceScope }, headers);
}

/** The question of the API whether an access token stands. */
export function introspectRequest(
  target: Target,
  token: string,
  headers: Readonly<Record<string, string>> = asApi,
): string {
  return post(target, '/oauth/introspect', { token, token_type_hint: 'access_token' }, headers);
}

export function codeForm(code: string): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirect_uris[0],
    code_verifier: verifier,
  };
}

export function refreshForm(token: string): Record<string, string> {
  return { grant_type: 'refresh_token', refresh_token: token };
}
