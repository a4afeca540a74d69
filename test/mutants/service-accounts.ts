// Removals from the accounts of programs and their keys.
import type { Mutant } from './mutant.ts';

const test = 'test/auth/service-accounts.test.ts';
const statements = 'src/storage/service-keys.ts';
const keys = 'src/flows/service-accounts/keys.ts';
const login = 'src/flows/first-party/service-login.ts';

export const serviceAccountMutants: readonly Mutant[] = [
  {
    name: 'a key opens another account',
    file: statements,
    remove: ' AND u.username_key = ${p.usernameKey}',
    insert: ' AND ${p.usernameKey} IS NOT NULL',
    test,
  },
  {
    name: 'a key opens the account of a person',
    file: statements,
    remove: "u.kind = 'service' AND ",
    insert: '',
    test,
  },
  {
    name: 'a key of a disabled account is a key',
    file: statements,
    remove: ' AND u.disabled_at IS NULL',
    insert: '',
    test,
  },
  {
    name: 'an expired key is a key',
    file: statements,
    remove: '          AND (c.expires_at IS NULL OR c.expires_at > ${p.now})\n',
    insert: '',
    test,
  },
  {
    name: 'any text is looked up as a key',
    file: 'src/crypto/opaque-tokens.ts',
    remove: "  serviceKey: 'sgk_',\n",
    insert: "  serviceKey: 'sgr_',\n",
    test,
  },
  {
    name: 'a revoked key goes on',
    file: keys,
    remove: '    if (!(await storage.removeServiceKey(tx, tenant.id, id, name)))\n',
    insert: '    if (name === undefined)\n',
    test,
  },
  {
    name: 'access tokens outlive their key',
    file: keys,
    remove: "await endEverythingOf(tx, tenant.id, userId, 'key_revoked', now)",
    insert: '{ sessions: 0, grants: 0 }',
    test,
  },
  {
    name: 'a key revoked since it was checked begins a session',
    file: keys,
    remove: '  await refuseSignInsUnderWay(tx, tenant.id, userId, now);\n',
    insert: '',
    test,
  },
  {
    name: 'the old key is good beside the one that replaced it in a file',
    file: 'src/flows/service-accounts/save.ts',
    remove: '    await endWithKey(deps, tx, context, user.id, name);\n',
    insert: '',
    test,
  },
  {
    name: 'a program gets openid and offline_access',
    file: login,
    remove: "wanted.filter((scope) => scope !== 'openid' && scope !== 'offline_access')",
    insert: 'wanted.filter(() => true)',
    test,
  },
  {
    name: 'the session of a program outlives its access token',
    file: login,
    remove: '      sessionExpiresAt: expiresAt,\n',
    insert: '      sessionExpiresAt: expiresAt + 1000,\n',
    test,
  },
  {
    name: 'tokens of a login that lost',
    file: login,
    remove: '  return isBegun ? response : undefined;\n',
    insert: '  return isBegun || scopes.length > 0 ? response : undefined;\n',
    test,
  },
  {
    name: 'a service account signs in with a password that somebody put there',
    file: 'src/storage/user-rows.ts',
    remove: "    .on('u.kind', '=', sql.lit('person'))\n",
    insert: '',
    test,
  },
  {
    name: 'a service account is given a password',
    file: 'src/flows/users/find.ts',
    remove: "  if (user.kind === 'person') return user;\n",
    insert: "  if (user.kind === 'person' || user.id) return user;\n",
    test,
  },
  {
    name: 'a file turns a program into a person',
    file: 'src/flows/users/save.ts',
    remove: '  if (known && known.kind !== kind) throw otherKind(known);\n',
    insert: '  if (known && known.kind !== kind && !known.id) throw otherKind(known);\n',
    test,
  },
  {
    name: 'keys without number',
    file: keys,
    remove: '.length < mostLivingKeys)',
    insert: '.length < mostLivingKeys + 1)',
    test,
  },
];
