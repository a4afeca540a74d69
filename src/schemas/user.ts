// A user: the claims of OpenID Connect Core 5.1 by their names.
import { checked, checkedPatch } from './mistakes.ts';
import Type, { type Static } from 'typebox';
import { adminRoleNames, closed, text, texts, time, inWords, datePattern } from './parts.ts';
import { customClaimProblem, storedClaims } from '../domain/claims.ts';
import { identifierProblem, passwordProblem, type User } from '../domain/user.ts';
import { parsePhc } from '../domain/phc.ts';
import type { Mistake, Path } from '../domain/mistake.ts';

const address = Type.Object(
  {
    formatted: Type.Optional(text),
    street_address: Type.Optional(text),
    locality: Type.Optional(text),
    region: Type.Optional(text),
    postal_code: Type.Optional(text),
    country: Type.Optional(text),
  },
  closed,
);

/** What a tenant knows of a person beside the standard claims: any JSON. */
const customClaims = Type.Record(Type.String(), Type.Unknown(), { maxProperties: 50 });

/** OpenID Connect Core 1.0 5.1 names. */
export const user = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 200 }),
    password: Type.Optional(Type.String({ minLength: 1 })),
    password_hash: Type.Optional(Type.String({ maxLength: 1000 })),
    password_reset: Type.Optional(Type.Boolean()),
    disabled: Type.Optional(Type.Boolean()),
    roles: Type.Optional(texts),
    admin_roles: Type.Optional(adminRoleNames),
    groups: Type.Optional(texts),
    email: Type.Optional(text),
    email_verified: Type.Optional(Type.Boolean()),
    name: Type.Optional(text),
    given_name: Type.Optional(text),
    family_name: Type.Optional(text),
    middle_name: Type.Optional(text),
    nickname: Type.Optional(text),
    preferred_username: Type.Optional(text),
    profile: Type.Optional(text),
    picture: Type.Optional(text),
    website: Type.Optional(text),
    gender: Type.Optional(text),
    birthdate: Type.Optional(Type.String({ pattern: datePattern })),
    zoneinfo: Type.Optional(text),
    locale: Type.Optional(text),
    phone_number: Type.Optional(text),
    phone_number_verified: Type.Optional(Type.Boolean()),
    address: Type.Optional(address),
    custom_claims: Type.Optional(customClaims),
  },
  closed,
);
export type UserEntry = Static<typeof user>;

/** Every rule that it breaks beyond its shape; `path` leads to it. */
export function userMistakes(user: Partial<UserEntry>, path: Path): Mistake[] {
  const mistakes: Mistake[] = [];
  const problem = user.username === undefined ? undefined : identifierProblem(user.username, user.email);
  if (problem) mistakes.push({ path: [...path, problem.field], problem: problem.problem });
  const weakness = user.password === undefined ? undefined : passwordProblem(user.password);
  if (weakness !== undefined) mistakes.push({ path: [...path, 'password'], problem: weakness });
  if (user.password !== undefined && user.password_hash !== undefined)
    mistakes.push({ path: [...path, 'password_hash'], problem: 'stands beside password: give one of them' });
  if (user.password_reset === true && user.password === undefined && user.password_hash === undefined)
    mistakes.push({ path: [...path, 'password_reset'], problem: 'needs password or password_hash beside it' });
  if (user.password_hash !== undefined && !parsePhc(user.password_hash)) {
    mistakes.push({
      path: [...path, 'password_hash'],
      problem: 'must be an argon2id PHC string ($argon2id$v=19$m=...,t=...,p=...$salt$hash)',
    });
  }
  for (const [name, value] of Object.entries(user.custom_claims ?? {})) {
    const nameProblem = customClaimProblem(name);
    const isLong = JSON.stringify(value).length > longestClaim;
    const wrong = nameProblem ?? (isLong ? `must have at most ${longestClaim} characters as JSON` : undefined);
    if (wrong !== undefined) mistakes.push({ path: [...path, 'custom_claims', name], problem: wrong });
  }
  return mistakes;
}

/** Characters of JSON: claims travel in headers with every request. */
const longestClaim = 1000;

/** @throws Refusal invalid_input with every mistake. */
export function checkedUser(value: unknown): UserEntry {
  return checked(user, userMistakes, value);
}

/** What makes a person at the admin API: a hash could ask for more work than a sign-in may cost. */
const { password_hash: _hash, password_reset: _reset, ...newProperties } = user.properties;
export const newUser = Type.Object(newProperties, closed);

/** @throws Refusal invalid_input with every mistake. */
export function checkedNewUser(value: unknown): Static<typeof newUser> {
  return checked(newUser, userMistakes, value);
}

/** What of a user can be changed with a patch: passwords have an address of their own. */
const {
  password: _password,
  password_hash: _passwordHash,
  password_reset: _passwordReset,
  ...changeable
} = user.properties;
export const userFields = Type.Object(changeable, closed);
export type UserFieldsEntry = Static<typeof userFields>;

/** A person as administrators are shown one. */
export const userShown = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'The sub of tokens about them. Never changes.' }),
    ...Type.Required(Type.Pick(userFields, ['username', 'disabled', 'roles', 'groups', 'admin_roles'])).properties,
    ...Type.Omit(userFields, ['username', 'disabled', 'roles', 'groups', 'admin_roles']).properties,
    updated_at: time,
  },
  { ...closed, title: 'User' },
);
export type UserShown = Static<typeof userShown>;

/** The user as an entry: what would make another one like them, but for the password. */
export function entryOf(given: User): UserFieldsEntry {
  const claims = Object.entries(given.claims);
  const standard: readonly string[] = storedClaims;
  const own = claims.filter(([name]) => !standard.includes(name));
  return {
    username: given.username,
    disabled: given.disabled,
    roles: [...given.roles],
    groups: [...given.groups],
    admin_roles: [...given.adminRoles],
    ...(given.email !== undefined && { email: given.email, email_verified: given.emailVerified }),
    ...Object.fromEntries(claims.filter(([name]) => standard.includes(name))),
    ...(own.length > 0 && { custom_claims: Object.fromEntries(own) }),
  };
}

export function shownUser(given: User): UserShown {
  return { id: given.id, ...entryOf(given), updated_at: inWords(given.updatedAt) } as UserShown;
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedUserPatch(current: UserFieldsEntry, patch: unknown): UserFieldsEntry {
  const merged = checkedPatch(userFields, userMistakes, current, patch);
  // Another address is not known to be theirs until somebody says so.
  const { email_verified: said } = patch as { email_verified?: unknown };
  if (merged.email !== current.email && said === undefined) return { ...merged, email_verified: false };
  return merged;
}
