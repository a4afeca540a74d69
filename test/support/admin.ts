// The admin API as programs and people call it.
import { adminScopes } from '../../src/domain/admin-rights.ts';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { tokenRequest } from './flow.ts';
import { type Enrolled, enrol, logInWithBoth } from './second-factors.ts';
import type { TestSignet } from './signet.ts';

type At = { readonly issuer: string };

/** A program for each role that every tenant has. */
export const programs = ['owner', 'administrator', 'user_manager', 'auditor'].map((role) => ({
  client_id: `program-${role}`,
  client_secret: `secret of the program that is ${role}`.padEnd(40, '.'),
  grant_types: ['client_credentials' as const],
  response_types: [],
  scope: 'orders:read',
  admin_roles: [role],
}));

/** Through which people administer: a confidential client of the tenant's own. */
export const adminConsole = {
  client_id: 'console',
  client_secret: 'secret of the console, which is long enough',
  first_party: true,
  redirect_uris: ['https://console.example/cb'],
  scope: `openid ${adminScopes.join(' ')}`,
};

/** The access token of the program with this role; `scope`: all that it may have unless given. */
export async function programToken(at: At, role: string, scope?: string): Promise<string> {
  const program = programs.find(({ admin_roles: roles }) => roles[0] === role)!;
  return tokenOf(at, program, scope);
}

export async function tokenOf(
  at: At,
  client: { readonly client_id: string; readonly client_secret: string },
  scope?: string,
): Promise<string> {
  const params = { grant_type: 'client_credentials', resource: adminApiOf(at.issuer), ...(scope && { scope }) };
  const { status, body } = await tokenRequest(at, client, params);
  if (status !== 200) throw new Error(`no token: ${body.error_description}`);
  return body.access_token;
}

/** A person with two factors and admin roles, who signed in just now, and their access token for the admin API. */
export async function administratorNamed(
  signet: TestSignet,
  username: string,
  admin_roles: string[],
): Promise<{ readonly enrolled: Enrolled; readonly token: string }> {
  const user = { username, password: `the long password of ${username}` };
  await signet.provision({ users: [user] });
  const enrolled = await enrol(signet, user);
  await signet.provision({ users: [{ username, admin_roles }] });
  return { enrolled, token: await personToken(signet, enrolled) };
}

/** Signs in with both factors through the console. */
export async function personToken(signet: TestSignet, enrolled: Enrolled): Promise<string> {
  const { client_id, client_secret } = adminConsole;
  const client = { client_id, client_secret };
  const asked = { ...client, resource: adminApiOf(signet.issuer), scope: adminScopes.join(' ') };
  const answer = await logInWithBoth(signet, enrolled, asked, client);
  if (answer.status !== 200) throw new Error(`not signed in: ${answer.text}`);
  return answer.body.access_token;
}

/** A problem, or what was asked for. */
export type AdminAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly etag: string;
  // eslint-disable-next-line typescript/no-explicit-any
  readonly body: any;
};

/** A request to the admin API with an access token; `body` is sent as JSON. */
export async function administer(
  { issuer }: At,
  token: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<AdminAnswer> {
  const response = await fetch(`${adminApiOf(issuer)}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
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
    etag: response.headers.get('etag') ?? '',
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** The same of a second process: requests go to it, and not to where its issuer says. */
export function elsewhere(second: TestSignet): TestSignet {
  return { ...second, issuer: second.server.url };
}

/** With these, a change is made to whatever is there. */
export const whatever = { 'if-match': '*' };
