// Removals in PKCE, and in what binds and spends authorization codes.
import type { Mutant } from './mutant.ts';

const grant = 'src/flows/grants/authorization-code.ts';
const request = 'src/flows/authorize/request.ts';
const storage = 'src/storage/authorization-codes.ts';

export const codeMutants: readonly Mutant[] = [
  {
    name: 'PKCE is not required',
    file: request,
    remove: 'if (client.metadata.require_pkce)',
    insert: 'if (false as boolean)',
    test: 'test/attacks/pkce.test.ts',
    title: 'M27',
  },
  {
    name: 'PKCE plain is accepted',
    file: request,
    remove: `if (method !== 'S256') refuse('invalid_request', 'code_challenge_method must be S256.');`,
    insert: '',
    test: 'test/attacks/pkce.test.ts',
    title: 'M27',
  },
  {
    name: 'PKCE verifier is not compared',
    file: grant,
    remove: '!isCodeVerifier(verifier) || !verifierMatches(verifier, code.codeChallenge)',
    insert: '!isCodeVerifier(verifier)',
    test: 'test/attacks/pkce.test.ts',
    title: 'M26',
  },
  {
    name: 'PKCE verifier may be left out',
    file: grant,
    remove: `if (verifier === undefined) return 'code_verifier is missing.';`,
    insert: 'if (verifier === undefined) return undefined;',
    test: 'test/attacks/pkce.test.ts',
    title: 'M26',
  },
  {
    name: 'PKCE downgrade: a verifier without a challenge passes',
    file: grant,
    remove: `return verifier === undefined
      ? undefined`,
    insert: `return verifier === undefined || verifier !== ''
      ? undefined`,
    test: 'test/attacks/pkce.test.ts',
    title: 'M27',
  },
  {
    name: 'code of another client',
    file: grant,
    remove: '!code || code.grant.clientId !== client.id',
    insert: '!code',
    test: 'test/attacks/codes.test.ts',
    title: 'M12',
  },
  {
    name: 'code lives for ten minutes',
    file: 'src/flows/authorize/respond.ts',
    remove: 'const codeLifetime = 60_000;',
    insert: 'const codeLifetime = 600_000;',
    test: 'test/oauth/authorization-code.test.ts',
  },
  {
    name: 'redirect URI of the token request is not compared',
    file: grant,
    remove: 'redirectUri === undefined ? code.codeChallenge === undefined : redirectUri !== code.redirectUri',
    insert: 'redirectUri === undefined && code.codeChallenge === undefined',
    test: 'test/oauth/authorization-code.test.ts',
  },
  {
    name: 'code is spent more than once',
    file: storage,
    remove: 'AND spent_at IS NULL AND expires_at >',
    insert: 'AND expires_at >',
    test: 'test/faults/races-codes.test.ts',
  },
  {
    name: 'a code seen again revokes nothing',
    file: grant,
    remove: 'if (code.spent) return endReused(deps, context, code);',
    insert: `if (code.spent) throw new OAuthError('invalid_grant', refused);`,
    test: 'test/attacks/codes.test.ts',
    title: 'M17',
  },
  {
    name: 'the loser of a race for a code revokes nothing',
    file: grant,
    remove: 'return won ? response : endReused(deps, context, code);',
    insert: `if (won) return response;\n  throw new OAuthError('invalid_grant', refused);`,
    test: 'test/faults/races-codes.test.ts',
  },
  {
    name: 'a code is spent although its grant was revoked meanwhile',
    file: storage,
    remove: 'AND grants.id = spent.grant_id AND grants.revoked_at IS NULL',
    insert: 'AND grants.id = spent.grant_id',
    test: 'test/faults/races-codes.test.ts',
  },
  {
    name: 'resource is widened at the token endpoint',
    file: 'src/flows/grants/asked.ts',
    remove: '!meant.every((one) => one !== undefined)',
    insert: 'allowed.length > 100',
    test: 'test/attacks/wider-grants.test.ts',
    title: 'M52',
  },
];
