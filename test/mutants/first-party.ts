// Removals from the JSON API of the tenant's own applications.
import type { Mutant } from './mutant.ts';

const login = 'test/auth/login.test.ts';
const refreshAndLogout = 'test/auth/refresh-logout.test.ts';
const password = 'test/auth/password.test.ts';

export const firstPartyMutants: readonly Mutant[] = [
  {
    name: 'any client signs people in with their password',
    file: 'src/flows/first-party/client.ts',
    remove: `  if (!client.metadata.first_party)
    throw new OAuthError('unauthorized_client', 'Only first-party clients may sign people in here.');
`,
    insert: '',
    test: login,
  },
  {
    name: 'a login goes on though the password was changed after its check',
    file: 'src/flows/first-party/session.ts',
    remove: 'if (!(await beginFirstPartySession(db, tenant.id, signIn, event))) throw wrongCredentials();',
    insert: 'await beginFirstPartySession(db, tenant.id, signIn, event);',
    test: login,
  },
  {
    name: 'browser code of anybody may call the first-party API',
    file: 'src/flows/clients/current.ts',
    remove: 'get(origin)?.isFirstParty ?? false',
    insert: 'has(origin)',
    test: login,
  },
  {
    name: 'the built-in client can be deleted',
    file: 'src/flows/clients/delete.ts',
    remove: '    if (client.metadata.built_in)\n',
    insert: '    if (client.metadata.built_in && client.disabled)\n',
    test: 'test/cli/clients.test.ts',
    title: 'built in',
  },
  {
    name: 'another client ends a family',
    file: 'src/flows/first-party/logout.ts',
    remove: `  if (clientId !== client.id || userId === undefined)
`,
    insert: '  if (userId === undefined)\n',
    test: refreshAndLogout,
  },
  {
    name: 'an access token that any client got signs its user out',
    file: 'src/flows/first-party/bearer.ts',
    remove: 'client?.metadata.first_party && isForIssuerAlone',
    insert: 'client && isForIssuerAlone',
    test: refreshAndLogout,
  },
  {
    name: 'an access token that an API sees as well changes the account',
    file: 'src/flows/first-party/bearer.ts',
    remove: 'verified.audience.every((one) => one === issuer)',
    insert: 'verified.audience.some((one) => one === issuer)',
    test: 'test/attacks/seen-by-apis.test.ts',
    title: 'changes nothing of the account',
  },
  {
    name: 'a password is changed hours after the sign-in',
    file: 'src/flows/first-party/bearer.ts',
    remove: '  if (context.now - verified.authenticatedAt > freshFor * 1000)\n',
    insert: '  if (context.now - verified.authenticatedAt > freshFor * 1000 && context.now < 0)\n',
    test: password,
  },
  {
    name: 'a password is changed without the one there is',
    file: 'src/flows/sign-in/own-password.ts',
    remove: '  if (isRight && known) return',
    insert: '  if (known) return',
    test: password,
  },
  {
    name: 'the later of two changes at once wins',
    file: 'src/flows/users/change-own-password.ts',
    remove: '    if (!(await lockPassword(tx, tenant.id, user.id, passwordVersion))) throw wrongCredentials();\n',
    insert: '    await lockPassword(tx, tenant.id, user.id, passwordVersion);\n',
    test: password,
  },
  {
    name: 'a changed password leaves the other sessions',
    file: 'src/flows/users/change-own-password.ts',
    remove: "    const ended = await endOthersOf(tx, tenant.id, user.id, sessionId, 'password_changed', now);\n",
    insert: '    const ended = {};\n',
    test: password,
  },
];
