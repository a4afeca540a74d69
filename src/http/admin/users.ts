// /admin/api/users: people, by their `sub`.
import type { User } from '../../domain/user.ts';
import { changeUser, deleteUser, personById, personForm } from '../../flows/users/change.ts';
import { givePassword } from '../../flows/recovery/give-password.ts';
import { createUser } from '../../flows/users/save.ts';
import { searchPeople } from '../../flows/users/search.ts';
import { checkedNewPassword, newPassword, passwordMade } from '../../schemas/new-password.ts';
import { checkedNewUser, newUser, shownUser, userFields, userShown } from '../../schemas/user.ts';
import type { Answer, Operation } from './operation.ts';
import { limitIn, page, pageOf, searchQuery } from './paging.ts';

export const userOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/users',
    scope: 'admin:users:read',
    summary: 'List people, or search them',
    description:
      'By the beginning of a username, an e-mail address or a name, whatever the case; in the order of usernames, then of those who are found otherwise.',
    query: searchQuery,
    answers: { status: 200, schema: pageOf('Users', userShown) },
    run: async (deps, { context, query }) => {
      const asked = { search: query['search'], cursor: query['cursor'], limit: limitIn(query) };
      const { items, cursor } = await searchPeople(deps, context, asked);
      return { status: 200, body: page(items.map(shownUser), cursor) };
    },
  },
  {
    method: 'POST',
    path: '/users',
    scope: 'admin:users:write',
    summary: 'Make a person',
    description:
      'A password that is given is known to whoever gave it: it must be changed at the first sign-in, within seven days.',
    body: { schema: newUser },
    answers: { status: 201, schema: userShown },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const entry = checkedNewUser(body);
      const made = await createUser(deps, context, entry, { mustChange: entry.password !== undefined });
      return { ...shown(made), status: 201, location: `/users/${made.id}` };
    },
  },
  {
    method: 'GET',
    path: '/users/{id}',
    scope: 'admin:users:read',
    summary: 'Show a person',
    answers: { status: 200, schema: userShown },
    run: async (deps, { context, params }) => shown(await personById(deps, context, params['id']!)),
  },
  {
    method: 'PATCH',
    path: '/users/{id}',
    scope: 'admin:users:write',
    summary: 'Change a person',
    description:
      'Disabling, and taking an admin role, end every session and grant. Another e-mail address is unverified unless it is said to be.',
    body: { schema: userFields, as: 'patch' },
    answers: { status: 200, schema: userShown },
    refusals: [409],
    run: async (deps, { context, params, body, ifMatch }) =>
      shown(await changeUser(deps, context, params['id']!, { patch: body, ifMatch }, personForm)),
  },
  {
    method: 'POST',
    path: '/users/{id}/password',
    scope: 'admin:users:write',
    summary: 'Give a person another password, or a link to choose one',
    description:
      'With password: what is given. With generate: one that is made here and shown this once. Either way somebody else knows it, so that it must be changed at the next sign-in, within seven days. With send_link: a mail with a link, good for an hour. A new password ends every session and grant.',
    isDangerous: true,
    body: { schema: newPassword },
    answers: { status: 200, schema: passwordMade },
    refusals: [409],
    run: async (deps, { context, params, body }) => ({
      status: 200,
      body: await givePassword(deps, context, params['id']!, checkedNewPassword(body)),
    }),
  },
  {
    method: 'DELETE',
    path: '/users/{id}',
    scope: 'admin:users:write',
    summary: 'Delete and forget a person',
    description:
      'Everything of theirs goes with them. The audit log, in which nobody changes anything, keeps their id and the network addresses of what they did, and no name.',
    isDangerous: true,
    answers: { status: 204 },
    refusals: [409],
    run: async (deps, { context, params, ifMatch }) => {
      await deleteUser(deps, context, params['id']!, { ifMatch }, personForm);
      return { status: 204 };
    },
  },
];

function shown(one: User): Answer {
  const body = shownUser(one);
  return { status: 200, body, tagged: body };
}
