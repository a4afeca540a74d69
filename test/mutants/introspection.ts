// Removals from introspection: who may ask, about what, and what must stand.
import type { Mutant } from './mutant.ts';

const flow = 'src/flows/tokens/introspect.ts';
const test = 'test/oauth/introspect.test.ts';

export const introspectionMutants: readonly Mutant[] = [
  {
    name: 'introspection: a public client is told',
    file: flow,
    remove: '  if (client.secretMac === undefined)',
    insert: "  if (client.id === '')",
    test,
    title: 'nobody without a proof',
  },
  {
    name: 'introspection: any client is told of any access token',
    file: flow,
    remove: 'if (!claims || !mayKnow(client, claims)) return inactive;',
    insert: 'if (!claims) return inactive;',
    test,
    title: 'a person’s access token',
  },
  {
    name: 'introspection: an API is told of tokens for another',
    file: flow,
    remove: 'some((identifier) => audience.includes(identifier))',
    insert: 'some((identifier) => audience.length > 0 && identifier.length > 0)',
    test,
    title: 'a person’s access token',
  },
  {
    name: 'introspection: any client is told of any refresh token',
    file: flow,
    remove: '  if (found?.grant.clientId !== client.id) return inactive;',
    insert: '  if (!found) return inactive;',
    test,
    title: 'a refresh token: to its own client alone',
  },
  {
    name: 'introspection: a token stands whose grant does not',
    file: flow,
    remove: '(await findLivingGrant(deps.db, tenant.id, grantId, now))?.user.id === sub',
    insert: '(await findLivingGrant(deps.db, tenant.id, grantId, now)) !== null',
    test,
    title: 'what has ended does not stand',
  },
  {
    name: 'introspection: the token of a client stands that was disabled',
    file: flow,
    remove: 'sub === clientId && (await activeClient(deps, tenant, sub as string)) !== undefined;',
    insert: 'sub === clientId || (await activeClient(deps, tenant, sub as string)) !== undefined;',
    test,
    title: 'its client is disabled',
  },
  {
    name: 'introspection: a refresh token stands that was rotated',
    file: flow,
    remove: ' || rotatedAt !== undefined;',
    insert: ' || rotatedAt === 0;',
    test,
    title: 'a refresh token that was rotated',
  },
  {
    name: 'introspection: a refresh token stands that was revoked',
    file: flow,
    remove: 'family.revoked || ',
    insert: '',
    test,
    title: 'its refresh token is revoked',
  },
  {
    name: 'introspection: a refresh token outlives its session',
    file: flow,
    remove: 'if (isEnded || (!family.offline && !sessionAlive)) return inactive;',
    insert: 'if (isEnded || (!family.offline && family.clientId === sessionAlive.toString())) return inactive;',
    test,
    title: 'its session is over',
  },
];
