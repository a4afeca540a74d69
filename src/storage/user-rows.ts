// Users as statements read them: their columns, with or without their password.
import { type SecondFactorMethod, secondFactorMethods } from '../domain/factors.ts';
import type { User, UserKind } from '../domain/user.ts';
import { type JoinBuilder, type Kysely, sql } from 'kysely';
import { lastingFactorKinds } from './factor-kinds.ts';
import type { Credentials, DB, Users } from './schema.ts';

/** What a {@link User} is read from, in a statement where `users` has the name `u`. */
export const userColumns = [
  'u.id',
  'u.kind',
  'u.username',
  'u.email',
  'u.email_verified',
  'u.claims',
  'u.roles',
  'u.admin_roles',
  'u.groups',
  'u.disabled_at',
  'u.updated_at',
] as const;
export type UserRow = {
  id: string;
  kind: string;
  username: string;
  email: string | null;
  email_verified: boolean;
  claims: unknown;
  roles: string[];
  admin_roles: string[];
  groups: string[];
  disabled_at: number | null;
  updated_at: number;
};

/** A user with what their password is compared with, and what they can prove beside it. */
export type UserWithPassword = User & {
  readonly passwordHash: string | undefined;
  readonly passwordVersion: number;
  /** When the password ends, which the next sign-in must change; undefined: never. Milliseconds. */
  readonly changePasswordBy: number | undefined;
  readonly secondFactors: readonly SecondFactorMethod[];
};

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    kind: row.kind as UserKind,
    username: row.username,
    email: row.email ?? undefined,
    emailVerified: row.email_verified,
    claims: row.claims as Record<string, unknown>,
    roles: row.roles,
    adminRoles: row.admin_roles,
    groups: row.groups,
    disabled: row.disabled_at !== null,
    updatedAt: row.updated_at,
  };
}

export function toUserWithPassword(
  row:
    | (UserRow & {
        password_hash: string | null;
        password_version: number;
        change_by: number | null;
        second_factors: string[] | null;
      })
    | undefined,
): UserWithPassword | undefined {
  return (
    row && {
      ...toUser(row),
      passwordHash: row.password_hash ?? undefined,
      passwordVersion: row.password_version,
      changePasswordBy: row.change_by ?? undefined,
      secondFactors: secondFactorMethods.filter((method) => row.second_factors?.includes(method) ?? false),
    }
  );
}

type Joined = DB & { u: Users; c: Credentials };

/** Joins the password of the user `u` as `c`. A service account has none, whatever stands in the table. */
export function onPassword(join: JoinBuilder<Joined, 'u' | 'c'>): JoinBuilder<Joined, 'u' | 'c'> {
  return join
    .onRef('c.tenant_id', '=', 'u.tenant_id')
    .onRef('c.user_id', '=', 'u.id')
    .on('u.kind', '=', sql.lit('person'))
    .on('c.kind', '=', sql.lit('password'));
}

// credentials_user_idx. A recovery code that was used is none any more.
const unspentSecondFactors = sql<boolean>`(f.kind IN (${lastingFactorKinds}) OR (f.kind = 'recovery_code' AND f.last_used_at IS NULL))`;

// A process that does not know these columns may have changed the password since: then they are about the one before.
const changeBy = sql<number | null>`CASE WHEN c.change_version = c.version THEN c.change_by END`.as('change_by');

/** Users as `u` with the hash of their password, or null, and the kinds of their second factors, or null. */
export function withPassword(q: Kysely<DB>) {
  return q
    .selectFrom('users as u')
    .leftJoin('credentials as c', onPassword)
    .leftJoinLateral(
      (e) =>
        e
          .selectFrom('credentials as f')
          .select(sql<string[] | null>`array_agg(DISTINCT f.kind)`.as('second_factors'))
          .whereRef('f.tenant_id', '=', 'u.tenant_id')
          .whereRef('f.user_id', '=', 'u.id')
          .where(unspentSecondFactors)
          .as('factors'),
      (join) => join.onTrue(),
    )
    .select([...userColumns, 'c.secret as password_hash', 'u.password_version', 'factors.second_factors', changeBy]);
}
