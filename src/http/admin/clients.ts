// /admin/api/clients: OAuth clients, in the names of RFC 7591, and their secrets.
import Type from 'typebox';
import type { Client } from '../../domain/client.ts';
import { type ClientSecret, liveSecrets } from '../../domain/client-secret.ts';
import { cursorOf, placeIn } from '../../flows/cursor.ts';
import { changeClient } from '../../flows/clients/change-metadata.ts';
import { deleteClient } from '../../flows/clients/delete.ts';
import { findNamedClient, listClients } from '../../flows/clients/list.ts';
import { registerClient } from '../../flows/clients/register.ts';
import { addClientSecret, listClientSecrets, revokeClientSecret } from '../../flows/clients/secrets.ts';
import { checkedNewSecret, newSecret, secretShown, shownSecret } from '../../schemas/client-secret.ts';
import { clientFields, clientShown, clientWithSecret, newClient, shownClient } from '../../schemas/client.ts';
import type { Answer, Call, Operation } from './operation.ts';
import { limitIn, page, pageOf, searchQuery } from './paging.ts';

export const clientOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/clients',
    scope: 'admin:clients:read',
    summary: 'List clients, or search them',
    description: 'By the beginning of the client_id or the name, whatever the case; in the order of the client_ids.',
    query: searchQuery,
    answers: { status: 200, schema: pageOf('Clients', clientShown) },
    run: async (deps, { context, query }) => {
      const [after] = placeIn(query['cursor'], 1) ?? [];
      const { items, more } = await listClients(deps, context, {
        after,
        search: query['search'],
        limit: limitIn(query),
      });
      return { status: 200, body: page(items.map(shownClient), more ? cursorOf([items.at(-1)!.id]) : undefined) };
    },
  },
  {
    method: 'POST',
    path: '/clients',
    scope: 'admin:clients:write',
    summary: 'Register a client',
    description:
      'The client_id is made unless one is given. A client that needs a secret gets one, which is shown this once. Only who may do everything can make one that is first_party.',
    body: { schema: newClient },
    answers: { status: 201, schema: clientWithSecret },
    refusals: [409],
    run: async (deps, { context, body }) => {
      const { client, secret } = await registerClient(deps, context, body);
      return { ...shown(client, secret), status: 201, location: `/clients/${encodeURIComponent(client.id)}` };
    },
  },
  {
    method: 'GET',
    path: '/clients/{client_id}',
    scope: 'admin:clients:read',
    summary: 'Show a client',
    answers: { status: 200, schema: clientShown },
    run: async (deps, call) => shown(await findNamedClient(deps, call.context, idIn(call))),
  },
  {
    method: 'PATCH',
    path: '/clients/{client_id}',
    scope: 'admin:clients:write',
    summary: 'Change a client',
    description:
      'What is removed with null has its default again. A client that comes to need a secret gets one, which is shown this once.',
    body: { schema: clientFields, as: 'patch' },
    answers: { status: 200, schema: clientWithSecret },
    run: async (deps, call) => {
      const { client, secret } = await changeClient(deps, call.context, idIn(call), {
        patch: call.body,
        ifMatch: call.ifMatch,
      });
      return shown(client, secret);
    },
  },
  {
    method: 'DELETE',
    path: '/clients/{client_id}',
    scope: 'admin:clients:write',
    summary: 'Delete a client with its grants and consents',
    description: 'It is disabled at once. What is left when the request is interrupted goes with the next one.',
    isDangerous: true,
    answers: { status: 204 },
    refusals: [409],
    run: async (deps, call) => {
      await deleteClient(deps, call.context, idIn(call), call);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/clients/{client_id}/secrets',
    scope: 'admin:clients:read',
    summary: 'List the secrets of a client',
    answers: { status: 200, schema: pageOf('ClientSecrets', secretShown) },
    run: async (deps, call) => {
      const secrets = await listClientSecrets(deps, call.context, idIn(call));
      return { status: 200, body: { items: secrets.map((secret) => shownAt(secret, call)) } };
    },
  },
  {
    method: 'POST',
    path: '/clients/{client_id}/secrets',
    scope: 'admin:clients:write',
    summary: 'Give a client one more secret',
    description: 'Beside the one it has, so that nothing breaks in between. It is shown this once.',
    isDangerous: true,
    body: { schema: newSecret },
    answers: {
      status: 201,
      schema: Type.Object({ ...secretShown.properties, client_secret: Type.String() }, { title: 'NewClientSecret' }),
    },
    refusals: [409],
    run: async (deps, call) => {
      const id = idIn(call);
      const { expiresAt } = checkedNewSecret(call.body, call.context.now);
      const { secretId, secret } = await addClientSecret(deps, call.context, id, expiresAt);
      const stored = (await listClientSecrets(deps, call.context, id)).find((one) => one.id === secretId)!;
      return { status: 201, body: { ...shownAt(stored, call), client_secret: secret } };
    },
  },
  {
    method: 'DELETE',
    path: '/clients/{client_id}/secrets/{secret_id}',
    scope: 'admin:clients:write',
    summary: 'Revoke a secret of a client',
    description: 'Without the last one the client cannot prove who it is: try the new one before the old one goes.',
    isDangerous: true,
    precondition: 'none',
    answers: { status: 204 },
    run: async (deps, call) => {
      await revokeClientSecret(deps, call.context, idIn(call), call.params['secret_id']!);
      return { status: 204 };
    },
  },
];

function idIn({ params }: Call): string {
  return params['client_id']!;
}

function shownAt(secret: ClientSecret, { context }: Call) {
  return shownSecret(secret, liveSecrets([secret], context.now).length === 0);
}

function shown(client: Client, secret?: string): Answer {
  const body = shownClient(client);
  return {
    status: 200,
    body: { ...body, ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }) },
    tagged: body,
  };
}
