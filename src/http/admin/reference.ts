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
};

/** In the order of the document. */
function modelOf(issuer: string): ReferenceModel {
  const document = openApiDocument(issuer) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
    readonly components: { readonly responses: Readonly<Record<string, { readonly description: string }>> };
  };
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, described]) => ({ path, method: method.toUpperCase(), described })),
  );
  const sections = Map.groupBy(all, ({ described }) => described.tags[0]!);
  const shown = ({ path, method, described }: (typeof all)[number]): ReferenceOperation => {
    const [type, media] = Object.entries(described.requestBody?.content ?? {})[0] ?? [];
    return {
      id: described.operationId,
      method,
      path,
      summary: described.summary,
      // Names stand in the document as in Markdown.
      description: described.description.replaceAll('`', ''),
      parameters: described.parameters,
      fields: fieldsOf(media?.schema),
      body: media && exampleOf(media.schema, type === 'application/merge-patch+json'),
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

function fieldsOf({ properties = {}, required = [] }: Schema = {}): string[] {
  return Object.keys(properties).map((name) => (required.includes(name) ? `${name}*` : name));
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
