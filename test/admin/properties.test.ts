// Whatever is sent to whatever the OpenAPI document names: an answer that it names, of the shape that it names, and never a 5xx.
import fc from 'fast-check';
import { Validator } from '@seriousme/openapi-schema-validator';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isConditional, openApiDocument, refusalsOf } from '../../src/http/admin/openapi.ts';
import type { Operation } from '../../src/http/admin/operation.ts';
import { operations } from '../../src/http/admin/operations.ts';
import { type AdminAnswer, programs, programToken } from '../support/admin.ts';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let token: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({
    clients: programs,
    resources: [{ identifier: 'https://orders.example', scopes: ['orders:read'] }],
    service_accounts: [{ username: 'robot' }],
  });
  token = await programToken(signet, 'owner');
});
afterAll(() => signet.stop());

type Json = Record<string, unknown>;

/** Values of a schema, and now and then whatever else. */
function valueOf(schema: Json): fc.Arbitrary<unknown> {
  const right = rightValueOf(schema);
  return fc.oneof({ arbitrary: right, weight: 40 }, { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 });
}

function rightValueOf(schema: Json): fc.Arbitrary<unknown> {
  const { type, enum: allowed, const: only, anyOf, pattern, items, properties, patternProperties } = schema;
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(allowed)) return fc.constantFrom(...(allowed as unknown[]));
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((one) => valueOf(one as Json)));
  switch (type) {
    case 'string':
      return fc.oneof(
        {
          arbitrary:
            typeof pattern === 'string'
              ? fc.stringMatching(new RegExp(pattern))
              : fc.stringMatching(/^[a-z0-9-]{1,12}$/),
          weight: 6,
        },
        { arbitrary: fc.string({ unit: 'binary', maxLength: 10 }), weight: 1 },
        {
          arbitrary: fc.constantFrom(
            'https://app.example/cb',
            'urn:x',
            'alice',
            'a@b.example',
            '2030-01-01T00:00:00Z',
            'openid',
          ),
          weight: 3,
        },
      );
    case 'integer':
      return fc.oneof(fc.integer(), fc.constantFrom(0, 1, 900, 2 ** 53));
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valueOf((items ?? {}) as Json), { maxLength: 3 });
    case 'object':
      return properties === undefined
        ? fc.dictionary(
            fc.string({ maxLength: 8 }),
            valueOf(Object.values((patternProperties ?? { x: {} }) as Json)[0] as Json),
            { maxKeys: 3 },
          )
        : objectOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** What is required and a few other properties, now and then null or one that is not known. */
function objectOf(schema: Json): fc.Arbitrary<Json> {
  const properties = schema['properties'] as Record<string, Json>;
  const required = (schema['required'] ?? []) as string[];
  const member = (name: string) =>
    fc
      .oneof({ arbitrary: valueOf(properties[name]!), weight: 12 }, { arbitrary: fc.constant(null), weight: 1 })
      .map((value) => [name, value] as const);
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  const some = fc.subarray(optional, { maxLength: Math.min(3, optional.length) });
  const strange = fc.constantFrom('colour', '__proto__', 'id', 'constructor', '').map((name) => [name, 1] as const);
  return fc
    .tuple(
      fc.tuple(...required.map(member)),
      some.chain((names) => fc.tuple(...names.map(member))),
      fc.oneof({ arbitrary: fc.constant([]), weight: 20 }, { arbitrary: fc.tuple(strange), weight: 1 }),
    )
    .map((parts) => Object.fromEntries(parts.flat()));
}

type Sent = {
  readonly path: string;
  readonly query: string;
  readonly body: string | undefined;
  readonly ifMatch: string | undefined;
};

function queryValue(name: string, schema: Json): fc.Arbitrary<string> {
  const text = rightValueOf({ type: 'string', ...schema }).map((value) => String(value).toWellFormed());
  return name === 'limit' ? fc.oneof(fc.constantFrom('1', '2', '200', '201', '0'), text) : text;
}

function requestOf(operation: Operation, ids: readonly string[]): fc.Arbitrary<Sent> {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const part = fc.oneof(
    { arbitrary: fc.constantFrom(...ids), weight: 8 },
    { arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), weight: 1 },
    { arbitrary: fc.uuid(), weight: 1 },
  );
  const query = Object.entries((operation.query?.properties ?? {}) as Record<string, Json>);
  return fc.record({
    path: fc
      .tuple(...names.map(() => part))
      .map((values) =>
        names.reduce(
          (path, name, i) => path.replace(`{${name}}`, encodeURIComponent(values[i]!.toWellFormed())),
          operation.path,
        ),
      ),
    query: fc
      .tuple(
        fc.subarray(query, { maxLength: Math.min(2, query.length) }),
        fc.oneof(
          { arbitrary: fc.constant(''), weight: 20 },
          { arbitrary: fc.constantFrom('unknown=1', 'limit=1&limit=2', '%'), weight: 1 },
        ),
      )
      .chain(([named, strange]) =>
        fc
          .tuple(
            ...named.map(([name, schema]) =>
              queryValue(name, schema).map((value) => `${name}=${encodeURIComponent(value)}`),
            ),
          )
          .map((pairs) => [...pairs, strange].filter((pair) => pair !== '').join('&')),
      ),
    body: operation.body
      ? fc.oneof(
          {
            arbitrary: valueOf(JSON.parse(JSON.stringify(operation.body.schema)) as Json).map((value) =>
              JSON.stringify(value),
            ),
            weight: 20,
          },
          { arbitrary: fc.constantFrom('{', '', '[]', 'null', '"x"', '{"a":"\\u0000"}', '{"a":"\\ud800"}'), weight: 1 },
        )
      : fc.constant(undefined),
    ifMatch: isConditional(operation)
      ? fc.constantFrom('*', '*', '*', '"x"', undefined, '', '*, "y"')
      : fc.constant(undefined),
  });
}

async function send({ method }: Operation, { path, query, body, ifMatch }: Sent): Promise<AdminAnswer> {
  const response = await fetch(`${adminApiOf(signet.issuer)}${path}${query === '' ? '' : `?${query}`}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && {
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json;') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    etag: '',
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

const problem = (openApiDocument('https://x.example')['components'] as Record<string, Record<string, TSchema>>)[
  'schemas'
]!['Problem']!;

/** Keys are what the tests themselves are let in by. */
const harmless = operations.filter(({ path, method }) => !(path.startsWith('/signing-keys') && method !== 'GET'));

test.each(harmless.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
  '%s',
  { timeout: 60_000 },
  async (_name, operation) => {
    const first = async (path: string) => {
      const { body } = await send({ method: 'GET' } as Operation, {
        path,
        query: '',
        body: undefined,
        ifMatch: undefined,
      });
      return (body as { items: Json[] }).items.map((item) =>
        String(item['id'] ?? item['client_id'] ?? item['identifier'] ?? item['name']),
      );
    };
    // Those by which the tests are let in are left alone.
    const ids = [
      ...(await first('/users')),
      ...(await first('/service-accounts')),
      ...(await first('/clients')),
      'https://orders.example',
      'auditor',
      'registered',
    ].filter((id) => !id.startsWith('program-'));
    await fc.assert(
      fc.asyncProperty(requestOf(operation, ids), async (sent) => {
        const answer = await send(operation, sent);
        const what = `${operation.method} ${JSON.stringify(sent)}: ${answer.status} ${answer.text.slice(0, 500)}`;
        const { status, schema } = operation.answers;
        // An address that is too long, or is another one, has no operation.
        const isElsewhere = answer.status === 404 || answer.status === 405;
        expect(isElsewhere || [status, ...refusalsOf(operation)].includes(answer.status), what).toBe(true);
        if (answer.status === status && schema) expect([...Value.Errors(schema, answer.body)], what).toEqual([]);
        if (answer.status >= 400) expect([...Value.Errors(problem, answer.body)], what).toEqual([]);
      }),
      { numRuns: 40 },
    );
  },
);

test('no list is compared with itself: thirty thousand items would stop everybody for seconds', () => {
  expect(JSON.stringify(openApiDocument('https://signet.example'))).not.toContain('uniqueItems');
});

test('the document is OpenAPI 3.1, by a validator of somebody else', async () => {
  const { valid, errors } = await new Validator().validate(openApiDocument('https://signet.example'));
  expect([valid, errors]).toEqual([true, undefined]);
  const broken = { ...openApiDocument('https://signet.example'), paths: { '/users': { get: { responses: 1 } } } };
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test('the document that is kept is the one that is served', async () => {
  const kept = JSON.parse(await readFile(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')) as Json;
  const served = await fetch(`${adminApiOf(signet.issuer)}/openapi.json`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = JSON.stringify(await served.json()).replaceAll(signet.issuer, 'https://signet.example');
  expect(JSON.parse(text)).toEqual(kept);
  expect((await fetch(`${adminApiOf(signet.issuer)}/openapi.json`)).status).toBe(401);
});
