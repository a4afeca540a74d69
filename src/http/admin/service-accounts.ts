// /admin/api/service-accounts: programs that sign in with keys, by their `sub`; and their keys.
import Type from 'typebox';
import type { User } from '../../domain/user.ts';
import { addServiceKey, listServiceKeys, revokeServiceKey } from '../../flows/service-accounts/keys.ts';
import { createService } from '../../flows/service-accounts/create.ts';
import { changeUser, deleteUser, serviceForm, userById } from '../../flows/users/change.ts';
import { searchPeople } from '../../flows/users/search.ts';
import type { Deps } from '../../deps.ts';
import {
  checkedNewService,
  checkedNewServiceKey,
  newServiceKey,
  serviceFields,
  serviceKeyShown,
  serviceShown,
  shownService,
  shownServiceKey,
} from '../../schemas/service-account.ts';
import type { Answer, Call, Operation } from './operation.ts';
import { limitIn, page, pageOf, searchQuery } from './paging.ts';

export const serviceAccountOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/service-accounts',
    scope: 'admin:service-accounts:read',
    summary: 'List service accounts, or search them',
    description: 'By the beginning of the username or the name, whatever the case.',
    query: searchQuery,
    answers: { status: 200, schema: pageOf('ServiceAccounts', serviceShown) },
    run: async (deps, { context, query }) => {
      const asked = { search: query['search'], cursor: query['cursor'], limit: limitIn(query) };
      const { items, cursor } = await searchPeople(deps, context, { kind: 'service', ...asked });
      return { status: 200, body: page(items.map(shownService), cursor) };
    },
  },
  {
    method: 'POST',
    path: '/service-accounts',
    scope: 'admin:service-accounts:write',
    summary: 'Make a service account',
    description: 'Without a key: give it one below its own address.',
    body: { schema: serviceFields },
    answers: { status: 201, schema: serviceShown },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const { user } = await createService(deps, context, checkedNewService(body), undefined);
      return { ...shown(user), status: 201, location: `/service-accounts/${user.id}` };
    },
  },
  {
    method: 'GET',
    path: '/service-accounts/{id}',
    scope: 'admin:service-accounts:read',
    summary: 'Show a service account',
    answers: { status: 200, schema: serviceShown },
    run: async (deps, call) => shown(await named(deps, call)),
  },
  {
    method: 'PATCH',
    path: '/service-accounts/{id}',
    scope: 'admin:service-accounts:write',
    summary: 'Change a service account',
    description: 'Disabling ends every session and grant; its keys are refused.',
    body: { schema: serviceFields, as: 'patch' },
    answers: { status: 200, schema: serviceShown },
    refusals: [409],
    run: async (deps, { context, params, body, ifMatch }) =>
      shown(await changeUser(deps, context, params['id']!, { patch: body, ifMatch }, serviceForm)),
  },
  {
    method: 'DELETE',
    path: '/service-accounts/{id}',
    scope: 'admin:service-accounts:write',
    summary: 'Delete a service account with its keys',
    isDangerous: true,
    answers: { status: 204 },
    run: async (deps, { context, params, ifMatch }) => {
      await deleteUser(deps, context, params['id']!, { ifMatch }, serviceForm);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/service-accounts/{id}/keys',
    scope: 'admin:service-accounts:read',
    summary: 'List the keys of a service account',
    answers: { status: 200, schema: pageOf('ServiceKeys', serviceKeyShown) },
    run: async (deps, call) => {
      const keys = await listServiceKeys(deps, call.context, (await named(deps, call)).username);
      return { status: 200, body: { items: keys.map((key) => shownServiceKey(key, call.context.now)) } };
    },
  },
  {
    method: 'POST',
    path: '/service-accounts/{id}/keys',
    scope: 'admin:service-accounts:write',
    summary: 'Give a service account one more key',
    description: 'It is shown this once, and ends after a year unless expires_at says otherwise.',
    isDangerous: true,
    body: { schema: newServiceKey },
    answers: {
      status: 201,
      schema: Type.Object({ ...serviceKeyShown.properties, key: Type.String() }, { title: 'NewServiceKey' }),
    },
    refusals: [409],
    run: async (deps, call) => {
      const { username } = await named(deps, call);
      const wanted = checkedNewServiceKey(call.body, call.context.now);
      const { key } = await addServiceKey(deps, call.context, username, wanted);
      return { status: 201, body: { ...shownServiceKey({ ...wanted, lastUsedAt: undefined }, call.context.now), key } };
    },
  },
  {
    method: 'DELETE',
    path: '/service-accounts/{id}/keys/{name}',
    scope: 'admin:service-accounts:write',
    summary: 'Revoke a key of a service account',
    description: 'With it, every session and grant of the account ends: which came of this key is not known.',
    precondition: 'none',
    answers: { status: 204 },
    run: async (deps, call) => {
      await revokeServiceKey(deps, call.context, (await named(deps, call)).username, call.params['name']!);
      return { status: 204 };
    },
  },
];

function named(deps: Deps, { context, params }: Call): Promise<User> {
  return userById(deps, context, params['id']!, 'service');
}

function shown(one: User): Answer {
  const body = shownService(one);
  return { status: 200, body, tagged: body };
}
