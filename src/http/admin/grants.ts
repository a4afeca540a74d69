// /admin/api/grants: what people authorized clients to do, each with the family of its tokens.
import Type from 'typebox';
import { endReadGrant } from '../../flows/grants/end.ts';
import { grantById, listGrants } from '../../flows/grants/list.ts';
import { userById } from '../../flows/users/change.ts';
import { grantShown, shownGrant } from '../../schemas/grant.ts';
import { clientIdPattern, closed } from '../../schemas/parts.ts';
import type { Operation } from './operation.ts';
import { limitIn, page, pageOf, pageQuery } from './paging.ts';

const grantQuery = Type.Object(
  {
    ...pageQuery.properties,
    user_id: Type.Optional(Type.String({ format: 'uuid', description: 'Of this user.' })),
    client_id: Type.Optional(Type.String({ pattern: clientIdPattern, description: 'Of this client.' })),
  },
  closed,
);
const grantPage = pageOf('Grants', grantShown);

export const grantOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/grants',
    scope: 'admin:grants:read',
    summary: 'List grants',
    description: 'Newest first; those that live, which is: not revoked, not expired, their session not over.',
    query: grantQuery,
    answers: { status: 200, schema: grantPage },
    run: async (deps, { context, query }) => {
      const which = { userId: query['user_id'], clientId: query['client_id'] };
      const { items, cursor } = await listGrants(deps, context, {
        ...which,
        cursor: query['cursor'],
        limit: limitIn(query),
      });
      return { status: 200, body: page(items.map(shownGrant), cursor) };
    },
  },
  {
    method: 'GET',
    path: '/grants/{id}',
    scope: 'admin:grants:read',
    summary: 'Show a grant',
    description: 'Also one that has ended, as long as it is kept.',
    answers: { status: 200, schema: grantShown },
    run: async (deps, { context, params }) => {
      const body = shownGrant(await grantById(deps, context, params['id']!));
      return { status: 200, body, tagged: body };
    },
  },
  {
    method: 'DELETE',
    path: '/grants/{id}',
    scope: 'admin:grants:write',
    summary: 'Revoke a grant',
    description: 'Every token of it is refused from then on.',
    answers: { status: 204 },
    run: async (deps, { context, params, ifMatch }) => {
      await endReadGrant(deps, context, params['id']!, { ifMatch });
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/users/{id}/grants',
    scope: 'admin:grants:read',
    summary: 'List the grants of a person',
    description: 'Newest first; those that live.',
    query: pageQuery,
    answers: { status: 200, schema: grantPage },
    run: async (deps, { context, params, query }) => {
      const asked = { cursor: query['cursor'], limit: limitIn(query) };
      const { id: userId } = await userById(deps, context, params['id']!, 'person');
      const { items, cursor } = await listGrants(deps, context, { ...asked, userId });
      return { status: 200, body: page(items.map(shownGrant), cursor) };
    },
  },
];
