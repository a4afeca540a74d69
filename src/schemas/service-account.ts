// A service account and its keys.
import Type, { type Static } from 'typebox';
import type { Mistake, Path } from '../domain/mistake.ts';
import {
  defaultKeyLifetime,
  isKeyAlive,
  keyNameProblem,
  mostLivingKeys,
  type ServiceKey,
} from '../domain/service-key.ts';
import { identifierProblem, type User } from '../domain/user.ts';
import { checked, checkedPatch } from './mistakes.ts';
import { closed, inWords, text, texts, serviceKeyPattern, sha256Pattern, time, timePattern } from './parts.ts';

const key = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    key: Type.Optional(Type.String({ pattern: serviceKeyPattern })),
    key_hash: Type.Optional(Type.String({ pattern: sha256Pattern })),
    expires_at: Type.Optional(Type.String({ pattern: timePattern })),
  },
  closed,
);
export type ServiceKeyEntry = Static<typeof key>;

export const serviceAccount = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 200 }),
    name: Type.Optional(text),
    disabled: Type.Optional(Type.Boolean()),
    roles: Type.Optional(texts),
    groups: Type.Optional(texts),
    keys: Type.Optional(Type.Array(key, { maxItems: mostLivingKeys })),
  },
  closed,
);
export type ServiceAccountEntry = Static<typeof serviceAccount>;

/** Every rule that it breaks beyond its shape; `path` leads to it. */
export function serviceAccountMistakes(account: Partial<ServiceAccountEntry>, path: Path): Mistake[] {
  const problem = account.username === undefined ? undefined : nameProblem(account.username);
  const mistakes: Mistake[] = problem === undefined ? [] : [{ path: [...path, 'username'], problem }];
  const names = new Set<string>();
  for (const [i, entry] of (account.keys ?? []).entries()) {
    const at: Path = [...path, 'keys', i];
    const wrong = keyNameProblem(entry.name) ?? (names.has(entry.name) ? 'stands twice' : undefined);
    if (wrong !== undefined) mistakes.push({ path: [...at, 'name'], problem: wrong });
    names.add(entry.name);
    if (entry.key === undefined && entry.key_hash === undefined)
      mistakes.push({ path: at, problem: 'needs key or key_hash' });
    if (entry.key !== undefined && entry.key_hash !== undefined)
      mistakes.push({ path: [...at, 'key_hash'], problem: 'stands beside key: give one of them' });
    if (entry.expires_at !== undefined && expiryOf(entry.expires_at) === undefined)
      mistakes.push({ path: [...at, 'expires_at'], problem: 'is no time that there is' });
  }
  return mistakes;
}

function nameProblem(username: string): string | undefined {
  return username.normalize('NFKC').includes('@')
    ? 'must not have an @: only people have e-mail addresses'
    : identifierProblem(username, undefined)?.problem;
}

/** Milliseconds, or `never`; undefined for a day or an hour that does not exist. */
export function expiryOf(given: string): number | 'never' | undefined {
  if (given === 'never') return given;
  const time = Date.parse(given);
  return Number.isNaN(time) ? undefined : time;
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedServiceAccount(value: unknown): ServiceAccountEntry {
  return checked(serviceAccount, serviceAccountMistakes, value);
}

/** What of an account can be changed with a patch: its keys have an address of their own. */
const { keys: _keys, ...changeable } = serviceAccount.properties;
export const serviceFields = Type.Object(changeable, closed);
type ServiceFields = Static<typeof serviceFields>;

export const serviceShown = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'The sub of tokens about it. Never changes.' }),
    ...Type.Required(Type.Omit(serviceFields, ['name'])).properties,
    name: serviceFields.properties.name,
    updated_at: time,
  },
  { ...closed, title: 'ServiceAccount' },
);

export function shownService(given: User) {
  return { id: given.id, ...serviceEntryOf(given), updated_at: inWords(given.updatedAt) };
}

function serviceEntryOf({ username, claims, roles, groups, disabled }: User): ServiceFields {
  const name = claims['name'];
  return { username, disabled, roles: [...roles], groups: [...groups], ...(typeof name === 'string' && { name }) };
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedServicePatch(given: User, patch: unknown): ServiceFields {
  return checkedPatch(serviceFields, serviceAccountMistakes, serviceEntryOf(given), patch);
}

export const newServiceAccount = serviceFields;

/** @throws Refusal invalid_input with every mistake. */
export function checkedNewService(value: unknown): ServiceFields {
  return checked(serviceFields, serviceAccountMistakes, value);
}

export const newServiceKey = Type.Object(
  { name: Type.String({ minLength: 1 }), expires_at: Type.Optional(Type.String({ pattern: timePattern })) },
  closed,
);

export const serviceKeyShown = Type.Object(
  {
    name: Type.String(),
    expires_at: Type.Optional(time),
    last_used_at: Type.Optional(time),
    expired: Type.Boolean(),
  },
  { ...closed, title: 'ServiceKey' },
);

export function shownServiceKey({ name, expiresAt, lastUsedAt }: Omit<ServiceKey, 'createdAt'>, now: number) {
  return {
    name,
    ...(expiresAt !== undefined && { expires_at: inWords(expiresAt) }),
    ...(lastUsedAt !== undefined && { last_used_at: inWords(lastUsedAt) }),
    expired: !isKeyAlive({ expiresAt }, now),
  };
}

/** `expiresAt` in milliseconds; undefined: never. A year unless it is said. @throws Refusal invalid_input with every mistake. */
export function checkedNewServiceKey(value: unknown, now: number): { name: string; expiresAt: number | undefined } {
  const { name, expires_at: said } = checked(
    newServiceKey,
    (key, path) => {
      const wrong = key.name === undefined ? undefined : keyNameProblem(key.name);
      const at = key.expires_at === undefined ? Infinity : expiryOf(key.expires_at);
      const isGood = at === 'never' || (at !== undefined && at > now);
      return [
        ...(wrong === undefined ? [] : [{ path: [...path, 'name'], problem: wrong }]),
        ...(isGood
          ? []
          : [{ path: [...path, 'expires_at'], problem: 'must be a time that is still to come, or never' }]),
      ];
    },
    value,
  );
  const at = said === undefined ? now + defaultKeyLifetime : expiryOf(said);
  return { name, expiresAt: at === 'never' ? undefined : at };
}
