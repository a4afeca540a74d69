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
    remove: '(await findLivingGrant(deps.db, tenant.id, { grantId, jti }, now))?.user.id === sub',
    insert: '(await findLivingGrant(deps.db, tenant.id, { grantId, jti }, now)) !== null',
    test,
    title: 'what has ended does not stand',
  },
  {
    name: 'introspection: the token of a client stands that was disabled',
    file: flow,
    remove: '(await activeClient(deps, tenant, sub as string)) !== undefined &&',
    insert: '(await activeClient(deps, tenant, sub as string)) !== null &&',
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
  {
    name: 'revocation: a client ends the access token of another',
    file: 'src/flows/revoke.ts',
    remove:
      "  if (clientId !== client.id) throw new OAuthError('invalid_grant', 'The token was issued to another client.');\n  if (typeof jti",
    insert: '  if (typeof jti',
    test: 'test/oauth/revoke.test.ts',
    title: 'is refused and stands',
  },
  {
    name: 'revocation: an access token stands that was revoked',
    file: 'src/storage/access-tokens.ts',
    remove: '    .where(sql<boolean>`${isNotRevoked(p)}`)',
    insert: '    .where(sql<boolean>`(${isNotRevoked(p)} OR true)`)',
    test: 'test/oauth/revoke.test.ts',
    title: 'gives one back',
  },
  {
    name: 'revocation: the token of a program stands that was revoked',
    file: flow,
    remove: '!(await wasRevoked(deps.db, tenant.id, jti))',
    insert: '(await wasRevoked(deps.db, tenant.id, jti)) !== undefined',
    test,
    title: 'it was revoked by itself',
  },
  {
    name: 'revocation: the same token is recorded each time',
    file: 'src/flows/revoke.ts',
    remove: '    if (!(await revokeAccessToken(tx, tenant.id, jti, exp * 1000))) return;\n',
    insert: '    await revokeAccessToken(tx, tenant.id, jti, exp * 1000);\n',
    test: 'test/oauth/revoke.test.ts',
    title: 'twenty times at once',
  },
];
