// What nobody may set through the admin API, sent where something else may be set; and secrets, which no answer shows again.
import type { TObject, TSchema } from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/http/admin/operation.ts';
import { operations } from '../../src/http/admin/operations.ts';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { adminConsole, administer, administratorNamed, programs, programToken, whatever } from '../support/admin.ts';
import { query } from '../support/database.ts';
import { claimsOf, codeFlow, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let owner: string;
/** Of the path, by name. */
let params: Record<string, string>;
const identifier = 'https://orders.example';
const secrets: string[] = [];

const ask = (method: string, path: string, body?: unknown) =>
  administer(signet, owner, method, path, body, method === 'GET' ? {} : whatever);
const make = async (path: string, body: object) => {
  const made = await ask('POST', path, body);
  expect([200, 201], made.text).toContain(made.status);
  for (const name of ['client_secret', 'key', 'password'])
    if (typeof made.body[name] === 'string') secrets.push(made.body[name]);
  return made.body;
};

beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
  owner = await programToken(signet, 'owner');
  const { token, enrolled } = await administratorNamed(signet, 'olga', ['owner']);
  const { tokens } = await codeFlow(signet, webClient, {
    change: { scope: 'openid offline_access', prompt: 'consent' },
  });
  const { sub, sid, grant_id: grantId } = claimsOf(tokens.access_token) as Record<string, string>;
  const { id } = await make('/users', { username: 'target', email: 'target@example.com', name: 'Target' });
  await make(`/users/${id}/password`, { generate: true });
  const machine = { grant_types: ['client_credentials'], response_types: [], scope: 'orders:read' };
  const { client_id: clientId } = await make('/clients', { client_id: 'target', ...machine });
  const { id: secretId } = await make(`/clients/${clientId}/secrets`, {});
  const { id: robot } = await make('/service-accounts', { username: 'robot' });
  await make(`/service-accounts/${robot}/keys`, { name: 'first' });
  await make('/resources', { identifier, scopes: ['orders:read'] });
  await make('/roles', { name: 'helper', scopes: ['admin:users:read'] });
  const [key] = (await ask('GET', '/signing-keys')).body.items;
  secrets.push(owner, token, tokens.access_token, tokens.refresh_token, enrolled.tokens.refresh_token);
  secrets.push(...programs.map(({ client_secret: secret }) => secret), adminConsole.client_secret);
  params = {
    '/users/{id}': id,
    '/users/{id}/sessions': sub!,
    '/users/{id}/grants': sub!,
    '/users/{id}/consents': sub!,
    '/users/{id}/credentials': String(claimsOf(token)['sub']),
    '/service-accounts/{id}': robot,
    '/sessions/{id}': sid!,
    '/grants/{id}': grantId!,
    client_id: clientId,
    secret_id: secretId,
    identifier,
    name: 'helper',
    kid: key.kid,
    tenant: 'default',
  };
});
afterAll(() => signet.stop());

/** Where the operation is, of what was made. */
function pathOf(path: string): string {
  const whole = Object.keys(params).filter((start) => start.startsWith('/') && path.startsWith(start));
  const id = params[whole.toSorted((one, other) => other.length - one.length)[0] ?? ''];
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(name === 'id' ? id! : params[name]!));
}

const propertiesOf = (schema: TSchema | undefined): string[] => {
  const { properties, anyOf } = (schema ?? {}) as TObject & { anyOf?: TSchema[] };
  return anyOf ? anyOf.flatMap(propertiesOf) : Object.keys(properties ?? {});
};

/** Beside what is shown: what is stored, and what others call it. */
const ofEveryObject = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
const tried = [
  'tenant_id',
  'kind',
  'is_admin',
  'owner',
  'password_version',
  'admin_roles',
  'client_secret',
  'password',
  'password_hash',
  'secret_mac',
  'built_in',
  'id',
  'version',
];

/** A body that would do, without what is refused for another reason. */
const bodies: Readonly<Record<string, object>> = {
  'POST /users': { username: 'more' },
  'PATCH /users/{id}': { name: 'More' },
  'POST /users/{id}/password': { generate: true },
  'POST /service-accounts': { username: 'more' },
  'PATCH /service-accounts/{id}': { name: 'More' },
  'POST /service-accounts/{id}/keys': { name: 'more' },
  'POST /clients': { client_id: 'more', grant_types: ['client_credentials'], response_types: [], scope: 'orders:read' },
  'PATCH /clients/{client_id}': { client_name: 'More' },
  'POST /clients/{client_id}/secrets': {},
  'POST /resources': { identifier: 'https://more.example' },
  'PATCH /resources/{identifier}': { name: 'More' },
  'POST /roles': { name: 'more', scopes: [] },
  'PATCH /roles/{name}': { description: 'More' },
  'PATCH /settings': { name: 'More' },
  'POST /signing-keys/rotate': {},
  'POST /tenants': { slug: 'more' },
  'POST /tokens/revoke': { client_id: 'target' },
};

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;
const changing = operations.filter(({ method }) => method === 'POST' || method === 'PATCH');

/** What is stored of everything that an operation can make or change. */
async function stored(): Promise<unknown> {
  const tables = [
    'tenants',
    'users',
    'credentials',
    'clients',
    'resources',
    'signing_keys',
    'sessions',
    'grants',
    'revoked_access_tokens',
    'audit_events',
  ];
  const of = tables.map((name) => `(SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM ${name} t) AS ${name}`);
  return query(signet.database.url, `SELECT ${of.join(', ')}`);
}

const values = ['"x"', 'true', '["owner"]', '{"admin_roles":["owner"]}', 'null'];

describe('what nobody may set', () => {
  test('M92 every operation that takes a body is tried', () => {
    expect(Object.keys(bodies)).toEqual(changing.map(nameOf));
  });

  test.each(changing.map((operation) => ({ operation, name: nameOf(operation) })))(
    'M92 $name: a property too many is refused, and nothing changes',
    async ({ operation }) => {
      const taken = propertiesOf(operation.body!.schema);
      const shown = propertiesOf(operation.answers.schema);
      const strange = [...new Set([...shown, ...tried])].filter((property) => !taken.includes(property));
      expect(strange).toContain('tenant_id');
      await expectRefused(operation, strange);
    },
  );

  test.each(changing.map((operation) => ({ operation, name: nameOf(operation) })))(
    'M101 $name: what every object has is refused, and nothing changes',
    async ({ operation }) => {
      await expectRefused(operation, ofEveryObject);
      expect(({} as Record<string, unknown>)['admin_roles']).toBeUndefined();
    },
  );
});

/** What would be right for them elsewhere. */
const right: Readonly<Record<string, string>> = {
  client_secret: 'x'.repeat(40),
  password: 'a bridge over the quiet river',
  password_hash: '$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IGhlcmU$c29tZSBoYXNoIGhlcmUgb2YgMzIgYnl0ZXMhIQ',
  id: '01890000-0000-7000-8000-000000000000',
  updated_at: '2030-01-01T00:00:00Z',
  kind: 'service',
  key: `sgk_${'a'.repeat(43)}`,
};

async function expectRefused(operation: Operation, properties: readonly string[]): Promise<void> {
  const { method, path } = operation;
  const at = pathOf(path);
  const before = await stored();
  const read = method === 'PATCH' ? (await ask('GET', at)).text : undefined;
  const rest = JSON.stringify(bodies[nameOf(operation)]).slice(1, -1);
  const sent = properties.flatMap((property) =>
    [...values, JSON.stringify(Object.hasOwn(right, property) ? right[property] : 1)].map(
      (value) => `{${rest}${rest === '' ? '' : ','}${JSON.stringify(property)}:${value}}`,
    ),
  );
  await Promise.all(
    sent.map(async (text) => {
      const answer = await fetch(`${adminApiOf(signet.issuer)}${at}`, {
        method,
        headers: { authorization: `Bearer ${owner}`, 'content-type': 'application/json', 'if-match': '*' },
        body: text,
      });
      expect([400, 422], `${text}: ${answer.status}`).toContain(answer.status);
      expect(await answer.text()).toContain('"errors":[');
    }),
  );
  expect(await stored()).toEqual(before);
  if (method === 'PATCH') expect((await ask('GET', at)).text).toBe(read);
}

/** Members by which secrets are called; none of them may stand in an answer to GET. */
const secretNames =
  /^(client_secret|password|password_hash|hash|secret|secret_hash|secret_mac|secret_sealed|mac|sealed|key|key_hash|private_jwk|private_jwk_sealed|token|access_token|refresh_token|d|p|q|k)$/;

/** Without what is only said to be so or not: an event may tell whether there was a token. */
function namesIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inside]) => [
    ...(typeof inside === 'boolean' ? [] : [name]),
    ...namesIn(inside),
  ]);
}

test('M92 no answer to a GET has a secret in it, after all kinds were made', async () => {
  expect(secrets.length).toBeGreaterThan(10);
  const sealed = await query<{ text: string }>(
    signet.database.url,
    `SELECT secret AS text FROM credentials UNION SELECT secret_mac FROM clients WHERE secret_mac IS NOT NULL
     UNION SELECT private_jwk_sealed FROM signing_keys WHERE private_jwk_sealed IS NOT NULL
     UNION SELECT encode(secret_hash, 'base64') FROM sessions`,
  );
  expect(sealed.length).toBeGreaterThan(5);
  for (const operation of operations.filter(({ method }) => method === 'GET')) {
    const isExport = operation.path.endsWith('/export');
    const response = await fetch(`${adminApiOf(signet.issuer)}${pathOf(operation.path)}`, {
      headers: { authorization: `Bearer ${owner}` },
    });
    const text = await response.text();
    expect(response.status, `${nameOf(operation)} ${text}`).toBe(200);
    for (const secret of [...secrets, ...sealed.map((row) => row.text)])
      expect(text.includes(secret), `${nameOf(operation)} shows ${secret}`).toBe(false);
    const shown: unknown[] = isExport
      ? text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [JSON.parse(text)];
    expect(
      shown.flatMap(namesIn).filter((name) => secretNames.test(name)),
      nameOf(operation),
    ).toEqual([]);
  }
});
