// Walking through the authorization code flow as a browser and as a client.
import { createHash, randomBytes } from 'node:crypto';
import { type Agent, type Answer, createAgent, field } from './agent.ts';
import { expectStatus } from './expect-status.ts';

export const alice = { username: 'alice', password: 'correct horse battery staple' };
export const bob = { username: 'bob', password: 'a rather long pass phrase' };

/** Every scope of OpenID Connect. */
export const everyScope = 'openid profile email address phone offline_access';

export const webClient = {
  client_id: 'web',
  client_secret: 'a-secret-that-has-at-least-32-characters',
  token_endpoint_auth_method: 'client_secret_basic' as const,
  redirect_uris: ['https://web.example/cb'],
  post_logout_redirect_uris: ['https://web.example/bye'],
  scope: everyScope,
};
export const spaClient = {
  client_id: 'spa',
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: ['https://spa.example/cb'],
  scope: everyScope,
};
export const ownClient = {
  ...spaClient,
  client_id: 'own',
  redirect_uris: ['https://own.example/cb'],
  first_party: true,
};

/** Two users, a confidential client, a public client and a first-party one. */
export const world = {
  users: [
    { ...alice, email: 'alice@example.com', email_verified: true, name: 'Alice Adams' },
    { ...bob, email: 'bob@example.com' },
  ],
  clients: [webClient, spaClient, ownClient],
};

export type TestClient = {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly redirect_uris: readonly string[];
};

export type Asked = {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly redirectUri: string;
};

/** A whole authorization request. `change` replaces parameters, or removes those set to undefined. */
export function authorizationRequest(
  signet: { issuer: string },
  client: TestClient,
  change: Record<string, string | undefined> = {},
): Asked {
  const verifier = randomBytes(32).toString('base64url');
  const params: Record<string, string | undefined> = {
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0],
    response_type: 'code',
    scope: 'openid profile email',
    state: randomBytes(8).toString('hex'),
    nonce: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...change,
  };
  const given = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    url: `${signet.issuer}/oauth/authorize?${new URLSearchParams(given).toString()}`,
    verifier,
    state: params['state'] ?? '',
    nonce: params['nonce'] ?? '',
    redirectUri: params['redirect_uri'] ?? '',
  };
}

/** Types the password on the sign-in page; the answer to that form. */
export function submitPassword(
  agent: Agent,
  signInPage: Answer,
  user: { username: string; password: string },
): Promise<Answer> {
  const url = new URL(signInPage.url);
  const path = url.pathname.replace(/\/(?:sign-in|oauth\/.*)$/, '');
  return agent.post(`${url.origin}${path}/sign-in`, { attempt: field(signInPage, 'attempt'), ...user });
}

/** Presses a button of the consent page; the answer to that form. */
export function submitConsent(
  agent: Agent,
  consentPage: Answer,
  decision: 'allow' | 'deny' | 'switch' = 'allow',
): Promise<Answer> {
  const url = new URL(consentPage.url);
  return agent.post(`${url.origin}${url.pathname}`, {
    attempt: field(consentPage, 'attempt'),
    username: field(consentPage, 'username'),
    decision,
  });
}

/** Goes from the request to the redirect to the client: signs in and consents where asked. Gives the redirect's parameters. */
export async function authorizeInteractively(
  agent: Agent,
  asked: { url: string },
  user = alice,
): Promise<URLSearchParams> {
  const { origin } = new URL(asked.url);
  let page = await agent.follow(await agent.get(asked.url), origin);
  if (page.body.includes('id="login-password"'))
    page = await agent.follow(await submitPassword(agent, page, user), origin);
  if (page.body.includes('id="consent-allow"')) page = await agent.follow(await submitConsent(agent, page), origin);
  if (page.location === undefined)
    throw new Error(`no redirect to the client but ${page.status} at ${page.url}:\n${page.body.slice(0, 3000)}`);
  return new URL(page.location).searchParams;
}

export type Tokens = {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  refresh_token: string;
  id_token: string;
};
/** What tokens say, for comparing replies that were signed anew: no two ES256 signatures are alike, nor what is hashed of them. */
export function meaningOf(tokens: Tokens): Record<string, unknown> {
  const { at_hash: _, ...idToken } = 'id_token' in tokens ? claimsOf(tokens.id_token) : {};
  return { ...tokens, access_token: claimsOf(tokens.access_token), id_token: idToken };
}

export type TokenAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Tokens & { error?: string; error_description?: string };
};

type AsClient = Readonly<Pick<TestClient, 'client_id'> & { client_secret?: string | undefined }>;

/** A POST of a form, authenticated as the client: Basic when it has a secret, else by its name. */
function formOf(client: AsClient, params: ConstructorParameters<typeof URLSearchParams>[0]): RequestInit {
  const body = new URLSearchParams(params);
  if (client.client_secret !== undefined)
    return { method: 'POST', headers: { authorization: basic(client.client_id, client.client_secret) }, body };
  body.set('client_id', client.client_id);
  return { method: 'POST', body };
}

/** POST /oauth/token, authenticated as the client. */
export async function tokenRequest(
  signet: { issuer: string },
  client: AsClient,
  params: Record<string, string>,
): Promise<TokenAnswer> {
  const response = await fetch(`${signet.issuer}/oauth/token`, formOf(client, params));
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenAnswer['body'] };
}

/** POST /oauth/revoke, authenticated as the client. */
export function revokeToken(
  signet: { issuer: string },
  client: AsClient,
  params: ConstructorParameters<typeof URLSearchParams>[0],
): Promise<Response> {
  return fetch(`${signet.issuer}/oauth/revoke`, formOf(client, params));
}

/** POST /oauth/introspect, authenticated as the client: what it is told of the token (RFC 7662 2.2). */
export async function introspected(
  signet: { issuer: string },
  client: AsClient,
  token: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${signet.issuer}/oauth/introspect`, formOf(client, { token }));
  return (await response.json()) as Record<string, unknown>;
}

/** RFC 6749 2.3.1. */
export function basic(clientId: string, secret: string): string {
  const encode = (part: string) => encodeURIComponent(part).replaceAll('%20', '+');
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`;
}

export function exchangeCode(
  signet: { issuer: string },
  client: TestClient,
  asked: Asked,
  code: string,
): Promise<TokenAnswer> {
  return tokenRequest(signet, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: asked.redirectUri,
    code_verifier: asked.verifier,
  });
}

export function refresh(
  signet: { issuer: string },
  client: TestClient,
  refreshToken: string,
  more: Record<string, string> = {},
): Promise<TokenAnswer> {
  return tokenRequest(signet, client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more });
}

/** The whole code flow: tokens, and the browser that is signed in afterwards. */
export async function codeFlow(
  signet: { issuer: string },
  client: TestClient,
  options: { change?: Record<string, string | undefined>; user?: typeof alice; agent?: Agent } = {},
): Promise<{ tokens: Tokens; agent: Agent; asked: Asked; code: string }> {
  const agent = options.agent ?? createAgent();
  const asked = authorizationRequest(signet, client, options.change);
  const params = await authorizeInteractively(agent, asked, options.user);
  const code = params.get('code');
  if (code === null) throw new Error(`no code but ${params.toString()}`);
  const answer = await exchangeCode(signet, client, asked, code);
  expectStatus(answer, 200);
  return { tokens: answer.body, agent, asked, code };
}

/** GET /oauth/userinfo with a token. */
export async function getUserinfo(
  signet: { issuer: string },
  accessToken: string,
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(`${signet.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}
