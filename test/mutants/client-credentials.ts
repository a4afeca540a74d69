// Removals from the client credentials grant: who may use it, for what, and what it must not turn into.
import type { Mutant } from './mutant.ts';

const grant = 'src/flows/grants/client-credentials.ts';
const test = 'test/oauth/client-credentials.test.ts';

export const clientCredentialMutants: readonly Mutant[] = [
  {
    name: 'client credentials: any scope is given that is asked for',
    file: grant,
    remove: '  if (strange !== undefined)',
    insert: '  if (strange === null)',
    test,
    title: 'a scope that is not registered for it',
  },
  {
    name: 'client credentials: a program is given what is about a person',
    file: 'src/domain/machine-scopes.ts',
    remove: '!people.includes(scope) && ',
    insert: 'people.length > 0 && ',
    test,
    title: 'who somebody is',
  },
  {
    name: 'client credentials: what was asked for is left out without a word',
    file: grant,
    remove: '  if (asked !== undefined && meant.length < asked.length)',
    insert: '  if (asked !== undefined && meant.length > asked.length)',
    test,
    title: 'a scope of another resource',
  },
  {
    name: 'client credentials: a program is let in where it may do nothing',
    file: grant,
    remove: '  if (stranger && !isBare)',
    insert: '  if (stranger && isBare)',
    test,
    title: 'a resource of which it has no scope',
  },
  {
    name: 'client credentials: a client without a secret gets a token',
    file: grant,
    remove: '  if (isPublic(client.metadata))',
    insert: "  if (client.id === '')",
    test,
    title: 'a public client that got past the rules',
  },
  {
    name: 'client credentials: a client is named like a person',
    file: 'src/flows/clients/save.ts',
    remove: '  if (isUuid(clientId.toLowerCase()))',
    insert: "  if (isUuid('') && clientId === '')",
    test,
    title: 'a client whose id is, or looks like',
  },
  {
    name: 'client credentials: a scope that nobody has empties the memory each time',
    file: 'src/flows/clients/current.ts',
    remove: '  if (isDeepStrictEqual(now, resources)) return resources;\n',
    insert: '  void isDeepStrictEqual;\n',
    test,
    title: 'a scope that no resource has is looked for again',
  },
  {
    name: 'client credentials: a client without a secret is registered for them',
    file: 'src/domain/client.ts',
    remove: "    ['client_credentials', 'RFC 6749 4.4'],\n",
    insert: '',
    test,
    title: 'a public client cannot be registered',
  },
  {
    name: 'client credentials: a resource is implied though another one has the scope',
    file: 'src/domain/audience.ts',
    remove: '(whole.length === 1 ? whole : owners)',
    insert: 'whole.slice(0, 1)',
    test,
    title: 'a scope that two resources have, none named',
  },
  {
    name: 'client credentials: scopes of a resource that was registered a moment ago go to the issuer',
    file: 'src/flows/clients/current.ts',
    remove: '  if (!lacksOne(resources, scopes) || !isDue(deps, resources)) return resources;\n',
    insert: '  if (lacksOne(resources, scopes) || isDue(deps, resources) || scopes.length >= 0) return resources;\n',
    test,
    title: 'a resource that was registered a moment ago',
  },
];
