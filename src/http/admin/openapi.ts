// The OpenAPI 3.1 document of the admin API, made from its operations.
import Type, { type TObject, type TSchema } from 'typebox';
import { adminApiOf } from '../../domain/admin-api.ts';
import { adminScopes } from '../../domain/admin-rights.ts';
import { endpoints } from '../../domain/endpoints.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { mostOnPage } from './paging.ts';

type Json = Record<string, unknown>;

/** OpenAPI 3.1.1. `issuer`: where the server and its token endpoint are. */
export function openApiDocument(issuer: string): Json {
  const components: Json = { Problem: plain(problem) };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const item = (paths[operation.path] ??= {});
    item[operation.method.toLowerCase()] = describe(operation, components);
  }
  const scopes = Object.fromEntries(adminScopes.map((scope) => [scope, inWords(scope)]));
  const urls = { tokenUrl: `${issuer}${endpoints.token}`, refreshUrl: `${issuer}${endpoints.token}`, scopes };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Signet administration',
      version: '1',
      description:
        'Everything that administrators do in a tenant. Errors are problems (RFC 9457). Times are RFC 3339. What was read is changed with its ETag in If-Match.',
      license: { name: 'See the project', identifier: 'LicenseRef-Signet' },
    },
    servers: [{ url: adminApiOf(issuer) }],
    security: [],
    tags: [...new Set(operations.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).toSorted(([one], [other]) => (one < other ? -1 : 1))),
      responses: refusalComponents(),
      securitySchemes: {
        oauth2: {
          type: 'oauth2',
          description: 'Access tokens of this issuer for the resource of the admin API (RFC 8707).',
          flows: {
            clientCredentials: urls,
            authorizationCode: { ...urls, authorizationUrl: `${issuer}${endpoints.authorize}` },
          },
        },
      },
    },
  };
}

const problem = Type.Object(
  {
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable: what programs decide on.' }),
    detail: Type.String({ description: 'For people.' }),
    instance: Type.String({ description: 'The request, as the log names it.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'RFC 6901, of the body; of the query, the name of the parameter.' }),
          detail: Type.String(),
        }),
      ),
    ),
    retry_after: Type.Optional(Type.Integer({ description: 'Seconds.' })),
  },
  { title: 'Problem' },
);

function describe(operation: Operation, components: Json): Json {
  const { method, path, scope, summary, description, isDangerous, query, body } = operation;
  const needsMatch = isConditional(operation);
  const notes = [
    description,
    isDangerous ? 'A person must have signed in within ten minutes.' : undefined,
    `Needs the scope \`${scope}\`.`,
  ];
  return {
    operationId: operationIdOf(operation),
    tags: [tagOf(operation)],
    summary,
    description: notes.filter((note) => note !== undefined).join(' '),
    security: [{ oauth2: [scope] }],
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...(query ? queryParameters(query) : []),
      ...(needsMatch ? [ifMatch] : []),
      ...(operation.answers.status === 201 ? [idempotencyKey] : []),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content:
          body.as === 'patch'
            ? { 'application/merge-patch+json': { schema: patchOf(body.schema as TObject) } }
            : { 'application/json': { schema: refer(body.schema, components) } },
      },
    }),
    responses: { [operation.answers.status]: success(operation, components), ...refusals(operation) },
    ...(method === 'DELETE' && !needsMatch && { 'x-precondition': 'none' }),
  };
}

/** Whether it is made to what was read (RFC 9110 13.1.1). */
export function isConditional({ method, precondition }: Operation): boolean {
  return (method === 'PATCH' || method === 'DELETE') && precondition !== 'none';
}

const ifMatch = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'The ETag of what was read, or * for whatever is there.',
  schema: { type: 'string' },
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Who sends the same again within ten minutes gets the same reply, and nothing is made twice.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
};

function queryParameters({ properties }: TObject) {
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...text } = plain(schema) as { description?: string };
    // Numbers stand in a query as texts, and are described as what they are.
    const rest = name === 'limit' ? { type: 'integer', minimum: 1, maximum: mostOnPage } : text;
    return { name, in: 'query', required: false, ...(description !== undefined && { description }), schema: rest };
  });
}

function success({ method, answers, path }: Operation, components: Json): Json {
  const { status, schema, content } = answers;
  // What is made below something else has no address of its own.
  const isMade = status === 201 && !path.includes('{');
  const isOne = schema !== undefined && !isPage(schema) && (isMade || method === 'GET' || method === 'PATCH');
  const headers = {
    ...(isOne && { ETag: { description: 'What If-Match takes.', schema: { type: 'string' } } }),
    ...(isMade && { Location: { description: 'Where it is.', schema: { type: 'string' } } }),
  };
  const json = schema && { 'application/json': { schema: refer(schema, components) } };
  const files = content && Object.fromEntries(content.map((type) => [type, { schema: { type: 'string' } }]));
  return {
    description: status === 204 ? 'Done.' : method === 'GET' ? 'What was asked for.' : 'What it is now.',
    ...(Object.keys(headers).length > 0 && { headers }),
    ...((json ?? files) && { content: json ?? files }),
  };
}

function isPage(schema: TSchema): boolean {
  return Object.hasOwn((schema as TObject).properties ?? {}, 'items');
}

/** Every refusal that it may answer with. */
export function refusalsOf(operation: Operation): readonly number[] {
  const { method, path, query, body, refusals: more = [] } = operation;
  const always = [400, 401, 403, 503];
  return [
    ...new Set([
      ...always,
      ...(path.includes('{') ? [404] : []),
      ...(isConditional(operation) ? [412, 428] : []),
      ...(body ? [413, 415, 422] : []),
      // A parameter that is not known is a mistake, where none is known as well.
      // With an Idempotency-Key that was used before.
      ...(operation.answers.status === 201 ? [409] : []),
      ...(query || method === 'GET' || method === 'DELETE' || method === 'POST' ? [422] : []),
      ...more,
    ]),
  ].toSorted((one, other) => one - other);
}

const meanings: Readonly<Record<number, string>> = {
  400: 'It could not be read.',
  401: 'No access token, one that is not good, or a sign-in that is not enough (RFC 9470).',
  403: 'The token or the roles do not allow it, or it would reach somebody who may do more.',
  404: 'It is not there, or not in this tenant.',
  409: 'It exists, or does not fit what is there.',
  412: 'It was changed since it was read.',
  413: 'The body is too large.',
  415: 'The body is of another type.',
  422: 'Every mistake in what was sent, in one answer.',
  428: 'If-Match is missing.',
  503: 'The server cannot answer at this moment.',
};

function refusals(operation: Operation): Json {
  const entries = refusalsOf(operation).map((status) => [status, { $ref: `#/components/responses/Refused${status}` }]);
  return Object.fromEntries(entries);
}

function refusalComponents(): Json {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const entries = Object.entries(meanings).map(([status, description]) => [
    `Refused${status}`,
    { description, content },
  ]);
  return Object.fromEntries(entries);
}

/** RFC 7396: everything may be left out, and null removes. */
function patchOf({ properties }: TObject): Json {
  const nullable = Object.entries(properties).map(([name, schema]) => [
    name,
    { anyOf: [plain(schema), { type: 'null' }] },
  ]);
  return { type: 'object', properties: Object.fromEntries(nullable), additionalProperties: false };
}

/** A schema with a title stands among the components, once. */
function refer(schema: TSchema, components: Json): Json {
  const { title } = schema as { title?: string };
  if (title === undefined) return plain(schema);
  components[title] ??= withReferences(schema, components);
  return { $ref: `#/components/schemas/${title}` };
}

function withReferences(schema: TSchema, components: Json): Json {
  const whole = plain(schema);
  const { items } = (schema as TObject).properties as { items?: { items?: TSchema } };
  if (items?.items && (items.items as { title?: string }).title !== undefined)
    (whole['properties'] as Record<string, Json>)['items']!['items'] = refer(items.items, components);
  return whole;
}

/** As JSON Schema, without what the library keeps beside it. */
function plain(schema: TSchema): Json {
  return JSON.parse(JSON.stringify(schema)) as Json;
}

function tagOf({ path }: Operation): string {
  return path.split('/')[1]!;
}

function operationIdOf({ method, path }: Operation): string {
  const parts = path.split('/').filter((part) => part !== '');
  return [method.toLowerCase(), ...parts.map((part) => part.replaceAll(/[{}]/g, ''))].join('_').replaceAll('-', '_');
}

function inWords(scope: string): string {
  const [, resource, way] = scope.split(':');
  return `${way === 'read' ? 'See' : 'Change'} ${resource!.replaceAll('-', ' ')}`;
}
