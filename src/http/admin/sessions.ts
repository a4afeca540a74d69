// /admin/api/sessions: where people are signed in, and signing them out.
import Type from 'typebox';
import { endReadSession, endSessionsOfPerson } from '../../flows/sessions/end.ts';
import { type ListedSession, listSessionsByCursor, sessionById } from '../../flows/sessions/list.ts';
import { userById } from '../../flows/users/change.ts';
import { closed } from '../../schemas/parts.ts';
import { lastingOf, sessionShown, shownSession } from '../../schemas/session.ts';
import type { Answer, Operation } from './operation.ts';
import { limitIn, page, pageOf, pageQuery } from './paging.ts';

const sessionQuery = Type.Object(
  { ...pageQuery.properties, user_id: Type.Optional(Type.String({ format: 'uuid', description: 'Of this user.' })) },
  closed,
);
const sessionPage = pageOf('Sessions', sessionShown);

export const sessionOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/sessions',
    scope: 'admin:sessions:read',
    summary: 'List who is signed in',
    description: 'Newest first.',
    query: sessionQuery,
    answers: { status: 200, schema: sessionPage },
    run: async (deps, { context, query }) => {
      const asked = { userId: query['user_id'], cursor: query['cursor'], limit: limitIn(query) };
      return shownPage(await listSessionsByCursor(deps, context, asked));
    },
  },
  {
    method: 'GET',
    path: '/sessions/{id}',
    scope: 'admin:sessions:read',
    summary: 'Show a session',
    answers: { status: 200, schema: sessionShown },
    run: async (deps, { context, params }) => {
      const body = shownSession(await sessionById(deps, context, params['id']!));
      return { status: 200, body, tagged: lastingOf(body) };
    },
  },
  {
    method: 'DELETE',
    path: '/sessions/{id}',
    scope: 'admin:sessions:write',
    summary: 'End a session',
    description: 'Grants that do not outlive it end with it.',
    answers: { status: 204 },
    run: async (deps, { context, params, ifMatch }) => {
      await endReadSession(deps, context, params['id']!, { ifMatch });
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/users/{id}/sessions',
    scope: 'admin:sessions:read',
    summary: 'List where a person is signed in',
    description: 'Newest first.',
    query: pageQuery,
    answers: { status: 200, schema: sessionPage },
    run: async (deps, { context, params, query }) => {
      const asked = { cursor: query['cursor'], limit: limitIn(query) };
      const { id: userId } = await userById(deps, context, params['id']!, 'person');
      return shownPage(await listSessionsByCursor(deps, context, { ...asked, userId }));
    },
  },
  {
    method: 'DELETE',
    path: '/users/{id}/sessions',
    scope: 'admin:sessions:write',
    summary: 'Sign a person out everywhere',
    description: 'Grants that outlive sessions stay.',
    precondition: 'none',
    answers: { status: 204 },
    run: async (deps, { context, params }) => {
      await endSessionsOfPerson(deps, context, params['id']!);
      return { status: 204 };
    },
  },
];

function shownPage({ items, cursor }: { items: readonly ListedSession[]; cursor: string | undefined }): Answer {
  return { status: 200, body: page(items.map(shownSession), cursor) };
}
