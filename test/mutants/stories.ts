// Removals that break the heart of a use case, each found by the test that plays its story.
import type { Mutant } from './mutant.ts';

export const storyMutants: readonly Mutant[] = [
  {
    name: 'stories: signing out on the telephone ends nothing',
    file: 'src/flows/first-party/logout.ts',
    remove: '  if (!found) return;\n',
    insert: '  if (hash) return;\n',
    test: 'test/stories/04-mobile-app.test.ts',
    title: 'in, its profile, offline',
  },
  {
    name: 'stories: a code is sent to any address that begins like the registered one',
    file: 'src/domain/redirect-uri.ts',
    remove: '  if (registered.includes(requested)) return requested;\n',
    insert: '  if (registered.some((uri) => requested.startsWith(uri))) return requested;\n',
    test: 'test/stories/05-oauth-and-openid-connect.test.ts',
    title: 'one that only begins like it',
  },
  {
    name: 'stories: a link that was mailed works again and again',
    file: 'src/flows/passwordless/prove.ts',
    remove: '    if (!(await spendMailedSignIn(tx, tenant.id, { kind, hash }, now))) throw closed();\n',
    insert: '    void [spendMailedSignIn, kind, hash];\n',
    test: 'test/stories/06-passwordless.test.ts',
    title: 'followed twice',
  },
  {
    name: 'stories: any six digits make a partial token whole',
    file: 'src/crypto/totp.ts',
    remove: "return result.valid && 'timeStep' in result ? result.timeStep : undefined;",
    insert: "return result.valid && 'timeStep' in result ? result.timeStep : Math.floor(now / 1000 / period);",
    test: 'test/stories/07-multi-factor.test.ts',
    title: 'wrong: no token',
  },
  {
    name: 'stories: who uses a rotated refresh token again leaves the family alive',
    file: 'src/domain/refresh.ts',
    remove: "return { kind: 'reuse', why: 'its child was already used' };",
    insert: "return { kind: 'refuse', why: 'its child was already used' };",
    test: 'test/stories/08-token-refresh.test.ts',
    title: 'after its child was used',
  },
];
