// GET /admin/reference: the admin API's description as a page, which says nothing but what the source says, to everybody.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../../deps.ts';
import { adminApiOf } from '../../domain/admin-api.ts';
import { adminReferencePath } from '../../domain/endpoints.ts';
import { findTenant } from '../context.ts';
import { route } from '../methods.ts';
import { answerPageErrors } from '../pages/errors.ts';
import { sendPage } from '../pages/page.ts';
import { adminReferencePage, type ReferenceModel, type ReferenceOperation } from '../pages/views/admin-reference.ts';
import { openApiDocument } from './openapi.ts';

export function adminReferenceScope(deps: Deps) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerPageErrors(scope, deps);
    route(scope, adminReferencePath, {
      GET: (request, reply) =>
        sendPage(request, reply, (page) => adminReferencePage(page, modelOf(request.tenant.issuer)), {
          connects: true,
        }),
    });
  };
}

type Described = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: ReferenceOperation['parameters'];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly $ref?: string }>>;
};

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly description?: string;
  readonly $ref?: string;
};

/** In the order of the document. */
function modelOf(issuer: string): ReferenceModel {
  const document = openApiDocument(issuer) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
    readonly components: {
      readonly responses: Readonly<Record<string, { readonly description: string }>>;
      readonly schemas: Readonly<Record<string, Schema>>;
    };
  };
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, described]) => ({ path, method: method.toUpperCase(), described })),
  );
  const sections = Map.groupBy(all, ({ described }) => described.tags[0]!);
  const shown = ({ path, method, described }: (typeof all)[number]): ReferenceOperation => {
    const [type, media] = Object.entries(described.requestBody?.content ?? {})[0] ?? [];
    const named = media?.schema.$ref?.split('/').at(-1);
    const taken = named === undefined ? media?.schema : document.components.schemas[named];
    return {
      id: described.operationId,
      method,
      path,
      summary: described.summary,
      // Names stand in the document as in Markdown.
      description: described.description.replaceAll('`', ''),
      parameters: described.parameters,
      fields: fieldsOf(taken),
      body: taken && exampleOf(taken, type === 'application/merge-patch+json'),
      bodyType: type,
      answers: Object.entries(described.responses).map(([status, { description, $ref: reference }]) => ({
        status,
        description: description ?? document.components.responses[reference!.split('/').at(-1)!]!.description,
      })),
    };
  };
  return {
    base: adminApiOf(issuer),
    sections: [...sections].map(([name, operations]) => ({ name: titled(name), operations: operations.map(shown) })),
  };
}

function titled(tag: string): string {
  return tag[0]!.toUpperCase() + tag.slice(1).replaceAll('-', ' ');
}

function fieldsOf({ properties = {}, required = [] }: Schema = {}): ReferenceOperation['fields'] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    isNeeded: required.includes(name),
    kind: [kindOf(schema), schema.description].filter((part) => part !== undefined).join('. '),
  }));
}

/** In a few words. */
function kindOf({ type, enum: allowed, anyOf, items }: Schema): string {
  if (allowed) return `one of ${allowed.map(String).join(', ')}`;
  const whole = anyOf?.find((one) => one.type !== 'null');
  if (whole) return kindOf(whole);
  if (type === 'array') return `list${items?.enum ? ` of ${items.enum.map(String).join(', ')}` : ''}`;
  return (
    { string: 'text', integer: 'number', boolean: 'true or false', object: 'group of names and values' }[type ?? ''] ??
    'any value'
  );
}

/** What is required, with a value of its kind; of a patch nothing is. */
function exampleOf({ properties = {}, required = [] }: Schema, isPatch: boolean): string {
  if (isPatch) return '{}';
  const values = required.map((name) => [name, valueOf(properties[name] ?? {})]);
  return JSON.stringify(Object.fromEntries(values), undefined, 2);
}

function valueOf({ type, enum: allowed }: Schema): unknown {
  if (allowed) return allowed[0];
  return { array: [], object: {}, integer: 1, boolean: true }[type ?? ''] ?? '';
}
