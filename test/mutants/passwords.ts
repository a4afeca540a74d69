// Removals in what becomes of a password that somebody else knows.
import type { Mutant } from './mutant.ts';

const test = 'test/pages/new-password.test.ts';
const change = 'src/flows/users/change-on-the-way.ts';

export const passwordMutants: readonly Mutant[] = [
  {
    name: 'new password: one that must be changed signs in',
    file: 'src/flows/sign-in/after-first-factor.ts',
    remove:
      '  if (user.changePasswordBy !== undefined)\n    return withSpent(deps.db, spend, (db) => askNewPassword(deps, db, context, { attempt, user, proofs, reserved }));\n',
    insert: '  Object.assign(user, { changePasswordBy: undefined });\n',
    test,
    title: 'password, another password',
  },
  {
    name: 'new password: one that has ended is taken',
    file: 'src/flows/sign-in/check-password.ts',
    remove: ' || from === undefined || hasEnded)',
    insert: ' || from === undefined)',
    test,
    title: 'unused for seven days',
  },
  {
    name: 'new password: it can be chosen without the second factor',
    file: 'src/flows/sign-in/half-done.ts',
    remove: 'missingFactors(recent, await demandOf(deps, context, attempt, user)).length === 0',
    insert: 'missingFactors(recent, await demandOf(deps, context, attempt, user)).length >= 0',
    test,
    title: 'with a second factor',
  },
  {
    name: 'new password: the first-party API gives tokens before',
    file: 'src/flows/first-party/after-first-factor.ts',
    remove: 'if (user.changePasswordBy !== undefined) {',
    insert: 'if (user.changePasswordBy === -1) {',
    test,
    title: 'POST /auth/login',
  },
  {
    name: 'new password: what is said of one password is believed of the next',
    file: 'src/storage/user-rows.ts',
    remove: 'CASE WHEN c.change_version = c.version THEN',
    insert: 'CASE WHEN c.version > 0 THEN',
    test,
    title: 'a process that knows nothing of this',
  },
  {
    name: 'new password: the other sessions go on',
    file: change,
    remove: "await endOthersOf(tx, tenant.id, user.id, sessionId, 'password_changed', now)",
    insert: '{ sessions: 1, grants: 0 }',
    test,
    title: 'every other session ends',
  },
  {
    name: 'new password: two at once both change it',
    file: change,
    remove: 'if (!(await lockPassword(tx, tenant.id, user.id, user.passwordVersion))) throw firstFactorFirst();',
    insert: 'await lockPassword(tx, tenant.id, user.id, user.passwordVersion);',
    test,
    title: 'twice at once',
  },
  {
    name: 'new password: the old one is taken again',
    file: change,
    remove: '(await deps.hasher.verify(wanted, stored)) ? undefined : deps.hasher.hash(wanted)',
    insert: 'stored === wanted ? undefined : deps.hasher.hash(wanted)',
    test,
    title: 'the same rules',
  },
  {
    name: 'new password: it may be guessed first',
    file: change,
    remove: 'chosenPasswordProblem(wanted, await namesAround(deps, tenant, user))',
    insert: 'chosenPasswordProblem(wanted, [])',
    test,
    title: 'the same rules',
  },
  {
    name: 'new password: a made one has fewer than 128 random bits',
    file: 'src/flows/users/passwords.ts',
    remove: 'deps.random(30)',
    insert: 'deps.random(25)',
    test: 'test/cli/users.test.ts',
    title: 'with a made password',
  },
  {
    name: "a password may be made of a client's name",
    file: 'src/flows/users/names-around.ts',
    remove: '    ...clients,\n',
    insert: '    ...clients.slice(999),\n',
    test: 'test/auth/password.test.ts',
    title: "a client's name",
  },
];
