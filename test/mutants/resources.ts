// Removals from what tokens are for and like: resources that are meant, named and agreed on.
import type { Mutant } from './mutant.ts';

const audience = 'src/domain/audience.ts';
const grantable = 'src/flows/clients/grantable.ts';
const claims = 'src/flows/tokens/access-token-claims.ts';
const test = 'test/oauth/scopes-and-resources.test.ts';

export const resourceMutants: readonly Mutant[] = [
  {
    name: 'resources: scopes of several are for all of them',
    file: grantable,
    remove: '  if (implied.length > 1)',
    insert: '  if (implied.length > 9)',
    test,
    title: 'belongs to several: invalid_target',
  },
  {
    name: 'resources: with openid the issuer is not meant',
    file: grantable,
    remove: "implied.length === 1 && scopes.includes('openid')",
    insert: "implied.length === 9 && scopes.includes('openid')",
    test,
    title: 'a scope of one resource alone',
  },
  {
    name: 'resources: without openid the issuer is meant',
    file: grantable,
    remove: "implied.length === 1 && scopes.includes('openid')",
    insert: 'implied.length === 1',
    test,
    title: 'a scope of one resource alone',
  },
  {
    name: 'resources: one spelling is registered beside the other',
    file: 'src/flows/resources/save.ts',
    remove: '  if (same) refuse(',
    insert: '  if (same === null) refuse(',
    test,
    title: 'one spelling of it is registered',
  },
  {
    name: 'resources: a token lives longer than one of them lets it',
    file: audience,
    remove: 'Math.min(own ?? Infinity,',
    insert: 'Math.max(own ?? 0,',
    test,
    title: 'its shorter life',
  },
  {
    name: 'resources: the algorithm of the client counts',
    file: audience,
    remove: '[...algs][0] ?? asked.alg',
    insert: 'asked.alg',
    test,
    title: 'its algorithm',
  },
  {
    name: 'resources: two algorithms are one',
    file: audience,
    remove: "if (algs.size > 1) return 'algorithms';",
    insert: '',
    test,
    title: 'different algorithms or types',
  },
  {
    name: 'resources: an ID token passes for an access token of the type JWT',
    file: claims,
    remove: "const isOne = isForOne && typeof plain['client_id'] === 'string' && isFor(plain, audience);",
    insert: 'const isOne = plain !== undefined;',
    test,
    title: 'no ID token passes for it',
  },
  {
    name: 'resources: an access token of the type JWT passes for an ID token',
    file: 'src/flows/tokens/id-token-claims.ts',
    remove: " || 'client_id' in claims",
    insert: '',
    test: 'test/attacks/token-confusion.test.ts',
    title: 'named like its client',
  },
  {
    name: 'resources: a scope that was taken from an API stays in its tokens beside the issuer',
    file: audience,
    remove: '(asked.length === 1 || isAboutPeople(tenant, scope))',
    insert: '(asked.length > 0 || isAboutPeople(tenant, scope))',
    test: 'test/attacks/seen-by-apis.test.ts',
    title: 'a scope that was taken from an API',
  },
  {
    name: 'resources: a long life at one audience is one at the others',
    file: audience,
    remove: 'asked.lifetime ?? own ?? defaultTokenLifetime',
    insert: 'asked.lifetime ?? own ?? Infinity',
    test: 'test/attacks/seen-by-apis.test.ts',
    title: 'lengthens none for another',
  },
  {
    name: 'resources: a program gets the issuer with openid',
    file: 'src/flows/first-party/service-login.ts',
    remove: 'scopes: asked.scope === undefined ? [] : scopes });',
    insert: 'scopes: asked.scope === undefined ? [] : wanted });',
    test: 'test/attacks/seen-by-apis.test.ts',
    title: 'a program gets a token for the API alone',
  },
  {
    name: 'resources: of two spellings the first is taken',
    file: 'src/domain/resource.ts',
    remove: 'names.find((name) => name === uri) ??',
    insert: '',
    test,
    title: 'two spellings that were registered',
  },
];
