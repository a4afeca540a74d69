// /admin/api/resources: the APIs that tokens can be for (RFC 8707), by their identifiers.
import type { Resource } from '../../domain/resource.ts';
import {
  changeResource,
  createResource,
  deleteResource,
  resourceNamed,
  storedResources,
} from '../../flows/resources/change.ts';
import { resource, resourceFields, resourceShown, shownResource } from '../../schemas/resource.ts';
import type { Answer, Operation } from './operation.ts';
import { pageOf } from './paging.ts';

export const resourceOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/resources',
    scope: 'admin:resources:read',
    summary: 'List resources',
    answers: { status: 200, schema: pageOf('Resources', resourceShown) },
    run: async (deps, { context }) => {
      const resources = await storedResources(deps, context);
      return { status: 200, body: { items: resources.map(shownResource) } };
    },
  },
  {
    method: 'POST',
    path: '/resources',
    scope: 'admin:resources:write',
    summary: 'Make a resource',
    body: { schema: resource },
    answers: { status: 201, schema: resourceShown },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const made = await createResource(deps, context, body);
      return { ...shown(made), status: 201, location: `/resources/${encodeURIComponent(made.identifier)}` };
    },
  },
  {
    method: 'GET',
    path: '/resources/{identifier}',
    scope: 'admin:resources:read',
    summary: 'Show a resource',
    description: 'The identifier stands in the address percent-encoded, as one part.',
    answers: { status: 200, schema: resourceShown },
    run: async (deps, { context, params }) => shown(await resourceNamed(deps, context, params['identifier']!)),
  },
  {
    method: 'PATCH',
    path: '/resources/{identifier}',
    scope: 'admin:resources:write',
    summary: 'Change a resource',
    description: 'A list is replaced as a whole: send all scopes that it is to have.',
    body: { schema: resourceFields, as: 'patch' },
    answers: { status: 200, schema: resourceShown },
    run: async (deps, { context, params, body, ifMatch }) =>
      shown(await changeResource(deps, context, params['identifier']!, { patch: body, ifMatch })),
  },
  {
    method: 'DELETE',
    path: '/resources/{identifier}',
    scope: 'admin:resources:write',
    summary: 'Delete a resource',
    description: 'No more tokens are issued for it. Those there are go on until they expire.',
    isDangerous: true,
    answers: { status: 204 },
    run: async (deps, { context, params, ifMatch }) => {
      await deleteResource(deps, context, params['identifier']!, { ifMatch });
      return { status: 204 };
    },
  },
];

function shown(one: Resource): Answer {
  const body = shownResource(one);
  return { status: 200, body, tagged: body };
}
