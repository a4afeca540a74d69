// The rules that a provisioning file must obey beyond its shape.
import { identifierKey } from '../../domain/user.ts';
import type { SoundPart } from './file-schema.ts';
import { serviceAccountMistakes } from '../../schemas/service-account.ts';
import { type UserEntry, userMistakes } from '../../schemas/user.ts';
import type { Mistake } from '../../domain/mistake.ts';
import { clientMistakes } from '../../schemas/client.ts';
import { resourceMistakes } from '../../schemas/resource.ts';
import { tenantMistakes } from '../../schemas/tenant.ts';

/** Every rule that the sound part of a file breaks. */
export function ruleMistakes(sound: SoundPart): Mistake[] {
  const { tenant, settings, resources, clients, users, serviceAccounts } = sound;
  const email = (user: UserEntry | undefined) => (user?.email === undefined ? undefined : identifierKey(user.email));
  return [
    ...tenantMistakes(tenant ?? undefined, settings),
    ...resources.flatMap((resource, i) => (resource ? resourceMistakes(resource, ['resources', i]) : [])),
    ...clients.flatMap((client, i) => (client ? clientMistakes(client, ['clients', i]) : [])),
    ...users.flatMap((user, i) => (user ? userMistakes(user, ['users', i]) : [])),
    ...repeated(
      'resources',
      resources.map((resource) => resource?.identifier),
      'identifier',
    ),
    ...repeated(
      'clients',
      clients.map((client) => client?.client_id),
      'client_id',
    ),
    ...repeated(
      'users',
      users.map((user) => user && identifierKey(user.username)),
      'username',
    ),
    ...repeated('users', users.map(email), 'email'),
    ...serviceAccounts.flatMap((account, i) =>
      account ? serviceAccountMistakes(account, ['service_accounts', i]) : [],
    ),
    ...repeated(
      'service_accounts',
      serviceAccounts.map((account) => account && identifierKey(account.username)),
      'username',
    ),
    ...namesOfUsers(sound),
  ];
}

/** A person and a program cannot have the same name. */
function namesOfUsers({ users, serviceAccounts }: SoundPart): Mistake[] {
  const people = new Map(users.flatMap((user, i) => (user ? [[identifierKey(user.username), i]] : [])));
  return serviceAccounts.flatMap((account, i) => {
    const person = account && people.get(identifierKey(account.username));
    if (person === undefined) return [];
    return [{ path: ['service_accounts', i, 'username'], problem: `is the same as in users[${person}]` }];
  });
}

function repeated(list: string, values: readonly (string | undefined)[], field: string): Mistake[] {
  const first = new Map<string, number>();
  return values.flatMap((value, i) => {
    if (value === undefined) return [];
    const before = first.get(value);
    if (before === undefined) first.set(value, i);
    return before === undefined ? [] : [{ path: [list, i, field], problem: `is the same as in ${list}[${before}]` }];
  });
}
