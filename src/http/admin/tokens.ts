// /admin/api/tokens: revoked at once, by what is known of them.
import { revoke } from '../../flows/grants/revoke.ts';
import { checkedRevocation, revocation, revokedShown } from '../../schemas/grant.ts';
import type { Operation } from './operation.ts';

export const tokenOperations: readonly Operation[] = [
  {
    method: 'POST',
    path: '/tokens/revoke',
    scope: 'admin:tokens:write',
    summary: 'Revoke tokens',
    description:
      'By exactly one of: a token, a grant_id, a user_id, a client_id. The answer says how many have ended; of a token that is unknown, foreign or dead, none. Tokens of a client that acts for itself belong to no grant: each is revoked by itself, and all end while the client is disabled. An API that checks access tokens by itself takes one until it expires.',
    isDangerous: true,
    body: { schema: revocation },
    answers: { status: 200, schema: revokedShown },
    refusals: [404],
    run: async (deps, { context, body }) => ({
      status: 200,
      body: await revoke(deps, context, checkedRevocation(body)),
    }),
  },
];
