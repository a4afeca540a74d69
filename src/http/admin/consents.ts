// /admin/api/users/{id}/consents: what a person allowed clients, as on their account page.
import { endConsent, listConsents } from '../../flows/grants/consents.ts';
import { consentShown, shownConsent } from '../../schemas/grant.ts';
import type { Operation } from './operation.ts';
import { page, pageOf } from './paging.ts';

export const consentOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/users/{id}/consents',
    scope: 'admin:grants:read',
    summary: 'List what a person allowed clients',
    description:
      'One for each client, the last first; also of a client that is not asked for, if it has a grant that outlives sessions.',
    answers: { status: 200, schema: pageOf('Consents', consentShown) },
    run: async (deps, { context, params }) => {
      const consents = await listConsents(deps, context, params['id']!);
      return { status: 200, body: page(consents.map(shownConsent), undefined) };
    },
  },
  {
    method: 'DELETE',
    path: '/users/{id}/consents/{client_id}',
    scope: 'admin:grants:write',
    summary: 'Take back what a person allowed a client',
    description: 'Every grant that the client has of them ends, and it must ask again.',
    precondition: 'none',
    answers: { status: 204 },
    run: async (deps, { context, params }) => {
      await endConsent(deps, context, { userId: params['id']!, clientId: params['client_id']! });
      return { status: 204 };
    },
  },
];
