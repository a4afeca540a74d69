// Removals in refresh tokens: rotation, the grace, reuse, and what ends a family.
import type { Mutant } from './mutant.ts';

const decision = 'src/domain/refresh.ts';
const storage = 'src/storage/refresh-tokens.ts';

export const refreshMutants: readonly Mutant[] = [
  {
    name: 'a token is rotated more than once',
    file: storage,
    remove: 'AND refresh_tokens.rotated_at IS NULL',
    insert: '',
    test: 'test/faults/races-refresh.test.ts',
  },
  {
    name: 'a family that ended meanwhile is rotated',
    file: storage,
    remove: 'AND revoked_at IS NULL AND expires_at >',
    insert: 'AND expires_at >',
    test: 'test/faults/races-refresh.test.ts',
  },
  {
    name: 'a repeat although the child was used',
    file: decision,
    remove: `if (token.childUsed) return { kind: 'reuse', why: 'its child was already used' };`,
    insert: '',
    test: 'test/attacks/refresh.test.ts',
    title: 'M51',
  },
  {
    name: 'the grace never ends',
    file: decision,
    remove: `if (asked.now - token.rotatedAt > asked.graceMs) return { kind: 'reuse', why: 'rotated longer ago than the grace' };`,
    insert: '',
    test: 'test/attacks/refresh.test.ts',
    title: 'M49',
  },
  {
    name: 'a repeat may ask for something else',
    file: decision,
    remove: '!token.fingerprint?.equals(asked.fingerprint)',
    insert: 'token.fingerprint === undefined',
    test: 'test/domain/refresh.test.ts',
  },
  {
    name: 'the refresh token of another client',
    file: decision,
    remove: `if (family.clientId !== asked.clientId) return { kind: 'refuse', why: 'issued to another client' };`,
    insert: '',
    test: 'test/attacks/refresh.test.ts',
    title: 'M50',
  },
  {
    name: 'reuse ends nothing',
    file: 'src/flows/grants/refresh-token.ts',
    remove: `      await revokeGrant(
        deps.db,
        context.tenant.id,
        found.grant.id,
        { reason: 'refresh_reuse', type: 'token.reuse_detected' },
        eventOf(deps, context),
      );
`,
    insert: '',
    test: 'test/attacks/refresh.test.ts',
    title: 'M49|M51',
  },
  {
    name: 'a family outlives its session',
    file: decision,
    remove: `if (!family.offline && !token.sessionAlive) return { kind: 'refuse', why: 'session ended' };`,
    insert: '',
    test: 'test/domain/refresh.test.ts',
  },
  {
    name: 'the end of a session leaves its grants',
    file: 'src/storage/sessions.ts',
    remove: 'AND NOT grants.offline AND grants.revoked_at IS NULL',
    insert: 'AND false',
    test: 'test/faults/races-refresh.test.ts',
  },
  {
    name: 'a family has no absolute end',
    file: decision,
    remove: `if (asked.now >= family.expiresAt) return { kind: 'refuse', why: 'family expired' };`,
    insert: '',
    test: 'test/domain/refresh.test.ts',
  },
  {
    name: 'a refresh asks for more scope than was granted',
    file: 'src/flows/grants/refresh-token.ts',
    remove: 'scopes && !scopes.every((scope) => grant.scopes.includes(scope))',
    insert: 'scopes && scopes.length > 100',
    test: 'test/oauth/refresh-token.test.ts',
  },
  {
    name: 'UserInfo answers for a revoked grant',
    file: 'src/storage/grants.ts',
    remove: `    .where('g.revoked_at', 'is', null)\n`,
    insert: '',
    test: 'test/attacks/codes.test.ts',
    title: 'M17',
  },
  {
    name: 'the type of a JWT is not looked at',
    file: 'src/crypto/jwt.ts',
    remove: '!key || header.typ === undefined || !types.includes(header.typ)',
    insert: '!key',
    test: 'test/attacks/token-confusion.test.ts',
  },
  {
    name: 'UserInfo takes tokens for other audiences',
    file: 'src/flows/userinfo.ts',
    remove: `if (!audience.includes(tenant.issuer)) throw invalid('for another audience');`,
    insert: '',
    test: 'test/oauth/userinfo.test.ts',
  },
];
