// A service account and its keys.
import Type, { type Static } from 'typebox';
import type { Mistake, Path } from '../domain/mistake.ts';
import { keyNameProblem, mostLivingKeys } from '../domain/service-key.ts';
import { identifierProblem } from '../domain/user.ts';
import { checked } from './mistakes.ts';
import { closed, text, texts, serviceKeyPattern, sha256Pattern, timePattern } from './parts.ts';

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
