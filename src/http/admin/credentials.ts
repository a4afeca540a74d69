// /admin/api/users/{id}/credentials: what somebody proves who they are with.
import { credentialsOf, removeFactorOf } from '../../flows/second-factors/of-somebody.ts';
import { personById } from '../../flows/users/change.ts';
import { resetSecondFactors } from '../../flows/users/reset-second-factors.ts';
import { credentialShown, shownCredential } from '../../schemas/credential.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './paging.ts';

export const credentialOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/users/{id}/credentials',
    scope: 'admin:users:read',
    summary: 'List what a person proves who they are with',
    answers: { status: 200, schema: pageOf('Credentials', credentialShown) },
    run: async (deps, { context, params }) => {
      const { id } = await personById(deps, context, params['id']!);
      return { status: 200, body: { items: (await credentialsOf(deps, context, id)).map(shownCredential) } };
    },
  },
  {
    method: 'DELETE',
    path: '/users/{id}/credentials',
    scope: 'admin:users:write',
    summary: 'Take every second factor from a person',
    description:
      'Whoever lost the telephone, and the recovery codes with it, adds another factor at the next sign-in. Every session and grant ends. Make sure that it is they who ask: do again what was done when they got their account.',
    isDangerous: true,
    precondition: 'none',
    answers: { status: 204 },
    run: async (deps, { context, params }) => {
      const { id } = await personById(deps, context, params['id']!);
      await resetSecondFactors(deps, context, id);
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    path: '/users/{id}/credentials/{credential_id}',
    scope: 'admin:users:write',
    summary: 'Take a second factor from a person',
    description: 'With the last one the recovery codes go. Every session and grant ends.',
    isDangerous: true,
    precondition: 'none',
    answers: { status: 204 },
    refusals: [409],
    run: async (deps, { context, params }) => {
      const { id } = await personById(deps, context, params['id']!);
      await removeFactorOf(deps, context, id, params['credential_id']!);
      return { status: 204 };
    },
  },
];
