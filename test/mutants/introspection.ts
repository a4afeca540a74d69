// Removals from introspection: who may ask, about what, and what must stand.
import type { Mutant } from './mutant.ts';

const standing = 'src/flows/tokens/standing.ts';
const flow = 'src/flows/tokens/introspect.ts';
const test = 'test/oauth/introspect.test.ts';

export const introspectionMutants: readonly Mutant[] = [
  {
    name: 'introspection: a public client is told',
    file: flow,
    remove: '  if (isPublic(client.metadata))',
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
    file: 'src/domain/token-exchange.ts',
    remove: 'serves.some((one) => audience.some((other) => isSameResource(one, other)))',
    insert: 'serves.length + audience.length > 1',
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
    file: standing,
    remove: "  if (userId !== claims['sub']) return undefined;\n",
    insert: "  if (userId === claims['iss']) return undefined;\n",
    test,
    title: 'what has ended does not stand',
  },
  {
    name: 'introspection: the token of a client stands that was disabled',
    file: standing,
    remove: '  if (!holder) return undefined;\n  const { grant_id: grantId } = claims;',
    insert:
      '  if (!holder) return { scopes: [], person: undefined, through: [] };\n  const { grant_id: grantId } = claims;',
    test,
    title: 'its client is disabled',
  },
  {
    name: 'introspection: scopes are told that were taken from the registration',
    file: standing,
    remove: '  const left = scopes.filter((scope) => may.includes(scope));',
    insert: '  const left = may.length > 99 ? [] : scopes;',
    test,
    title: 'what was taken from the registration',
  },
  {
    name: 'introspection: the token of a program outlives its grant',
    file: standing,
    remove: " || !holder.metadata.grant_types.includes('client_credentials')",
    insert: '',
    test,
    title: 'what was taken from the registration',
  },
  {
    name: 'introspection: a client is told what is for the issuer',
    file: 'src/flows/clients/save.ts',
    remove: "  if (own >= 0) throw invalidInput([{ path: ['serves', own]",
    insert: "  if (own > 99) throw invalidInput([{ path: ['serves', own]",
    test,
    title: 'what a client serves is a resource',
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
    title: 'its session was not used for a day',
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
    remove: '    .where(sql<boolean>`${isNotRevoked(p, p.clientId)}`)',
    insert: '    .where(sql<boolean>`(${isNotRevoked(p, p.clientId)} OR true)`)',
    test: 'test/oauth/revoke.test.ts',
    title: 'gives one back',
  },
  {
    name: 'revocation: the token of a program stands that was revoked',
    file: standing,
    remove: '  if (await wasRevoked(deps.db, tenant.id, namesOf(context, holder, claims))) return undefined;\n',
    insert: '  void [wasRevoked, tenant];\n',
    test,
    title: 'it was revoked by itself',
  },
  {
    name: 'revocation: the same token is recorded each time',
    file: 'src/flows/revoke.ts',
    remove: "    if (!isFirst || typeof grantId !== 'string') return;\n",
    insert: "    if (typeof grantId !== 'string') return;\n    void isFirst;\n",
    test: 'test/oauth/revoke.test.ts',
    title: 'twenty times at once',
  },
];
