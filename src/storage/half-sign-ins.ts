// Sign-ins whose first factor is proven and whose second is asked for: of the holder of a partial token, or of a browser.
import { sql } from 'kysely';
import type { Acr, Proof } from '../domain/factors.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { countedParams, forgottenIf } from './limits.ts';
import { attemptParams, attemptValues, type SignInAttempt } from './sign-in-attempts.ts';
import { checkedParams, personAsChecked } from './passwords.ts';
import { type Markers, type Part, statement } from './statement.ts';
import { toUserWithPassword, type UserWithPassword, withPassword } from './user-rows.ts';

/** What was asked for and decided before the second factor. */
export type HalfSignIn = {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly demanded: Acr;
  readonly passwordVersion: number;
  /** The person had no second factor when it was demanded. */
  readonly mayEnrol: boolean;
  /** Which accounts the device knows, as it said. */
  readonly device?: string | undefined;
};

/** What goes with the row of an `attempt`: the budgets of the first factor, and the event. */
function askedOf(
  p: Markers<typeof countedParams & typeof eventParams & { tenantId: 'uuid' }>,
  type: Part = sql`'user.second_factor_asked'`,
) {
  return sql`${forgottenIf(p, sql`SELECT 1 FROM attempt`)}, event AS (
        ${auditRow(p, {
          from: sql`FROM attempt`,
          type,
          user: sql`user_id`,
          client: sql`client_id`,
        })}
      )`;
}

// users_pkey, limits_pkey. A user disabled, or whose password changed, since it was checked gets nothing.
const insert = statement(
  {
    id: 'text',
    tokenHash: 'bytea',
    request: 'jsonb',
    clientId: 'text',
    ...checkedParams,
    proven: 'jsonb',
    expiresAt: 'timestamptz',
    ...countedParams,
    ...eventParams,
  },
  (_q, p) =>
    sql<{ id: string }>`WITH person AS (
        ${personAsChecked(p)}
      ), attempt AS (
        INSERT INTO sign_in_attempts (tenant_id, id, token_hash, request, client_id, user_id, proven, created_at, expires_at)
        SELECT ${p.tenantId}, ${p.id}, ${p.tokenHash}, ${p.request}, ${p.clientId}, id, ${p.proven}, ${p.now}, ${p.expiresAt}
        FROM person
        RETURNING id, user_id, client_id
      ), ${askedOf(p)}
      SELECT id FROM attempt`,
);

/** @returns false when the user was disabled or changed the password since it was checked; nothing was kept then. */
export async function insertHalfSignIn(
  db: Db,
  tenantId: string,
  half: HalfSignIn & {
    readonly id: string;
    readonly tokenHash: Buffer;
    readonly userId: string;
    readonly proofs: readonly Proof[];
    readonly expiresAt: number;
    readonly accountKey: string | undefined;
    readonly addressKey: string | undefined;
  },
  event: EventValues,
): Promise<boolean> {
  const { id, tokenHash, userId, proofs, expiresAt, accountKey, addressKey, ...request } = half;
  const row = await insert.first(db, {
    tenantId,
    id,
    tokenHash,
    request,
    clientId: request.clientId,
    userId,
    passwordVersion: request.passwordVersion,
    proven: proofs,
    expiresAt,
    accountKey: accountKey ?? null,
    addressKey: addressKey ?? null,
    ...eventValues(event),
  });
  return row !== undefined;
}

// sign_in_attempts_pkey, users_pkey, credentials_one_password_idx
const find = statement({ tenantId: 'uuid', id: 'text', tokenHash: 'bytea', now: 'timestamptz' }, (q, p) =>
  withPassword(q)
    .innerJoin('sign_in_attempts as a', (join) =>
      join.onRef('a.tenant_id', '=', 'u.tenant_id').onRef('a.user_id', '=', 'u.id'),
    )
    .select(['a.request', 'a.proven', 'a.expires_at'])
    // Looked up first, whatever the statistics say of attempts: the user's row is then one step in its index.
    .where('u.tenant_id', '=', p.tenantId)
    .where('u.id', '=', (e) =>
      e
        .selectFrom('sign_in_attempts as f')
        .select('f.user_id')
        .where('f.tenant_id', '=', p.tenantId)
        .where('f.id', '=', p.id),
    )
    .where('a.tenant_id', '=', p.tenantId)
    .where('a.id', '=', p.id)
    .where('a.token_hash', '=', p.tokenHash)
    .where('a.finished_at', 'is', null)
    .where('a.expires_at', '>', p.now)
    .where('u.disabled_at', 'is', null)
    .where(sql<boolean>`u.password_version = (a.request->>'passwordVersion')::integer`),
);

// sign_in_attempts_pkey
const goOn = statement(
  { tenantId: 'uuid', id: 'text', passwordVersion: 'integer' },
  (_q, p) =>
    sql`UPDATE sign_in_attempts SET request = jsonb_set(request, '{passwordVersion}', to_jsonb(${p.passwordVersion}))
      WHERE tenant_id = ${p.tenantId} AND id = ${p.id} AND finished_at IS NULL`,
);

/** This one alone goes on, where every other sign-in that is under way is refused. */
export async function letHalfSignInGoOn(
  tx: Db,
  tenantId: string,
  { id, passwordVersion }: { id: string; passwordVersion: number },
): Promise<void> {
  await goOn.run(tx, { tenantId, id, passwordVersion });
}

/** `expiresAt` in milliseconds. */
export type FoundHalfSignIn = {
  readonly half: HalfSignIn;
  readonly proofs: readonly Proof[];
  readonly user: UserWithPassword;
  readonly expiresAt: number;
};

/** The half-done sign-in of this token, and whose it is; undefined when it was finished, or its user no longer stands as they did. */
export async function findHalfSignIn(
  db: Db,
  tenantId: string,
  { id, tokenHash, now }: { id: string; tokenHash: Buffer; now: number },
): Promise<FoundHalfSignIn | undefined> {
  const row = await find.first(db, { tenantId, id, tokenHash, now });
  if (!row) return undefined;
  const user = toUserWithPassword(row)!;
  return { half: row.request as HalfSignIn, proofs: row.proven as Proof[], user, expiresAt: row.expires_at };
}

// sign_in_attempts_pkey, users_pkey, limits_pkey. A user disabled, or whose password changed, since it was checked gets nothing.
const mark = statement(
  {
    ...attemptParams,
    ...checkedParams,
    proven: 'jsonb',
    staySignedIn: 'boolean',
    type: 'text',
    ...countedParams,
    ...eventParams,
  },
  (_q, p) =>
    sql<{ id: string }>`WITH person AS (
        ${personAsChecked(p)}
      ), attempt AS (
        INSERT INTO sign_in_attempts AS a (tenant_id, id, browser_hash, request, client_id, account_change, user_id, proven, stay_signed_in, created_at, expires_at)
        SELECT ${p.tenantId}, ${p.id}, ${p.browserHash}, ${p.request}, ${p.clientId}, ${p.accountChange}, id, ${p.proven}, ${p.staySignedIn}, ${p.now}, ${p.expiresAt}
        FROM person
        ON CONFLICT (tenant_id, id) DO UPDATE
          SET user_id = EXCLUDED.user_id, proven = EXCLUDED.proven, stay_signed_in = EXCLUDED.stay_signed_in,
            session_id = NULL, authenticated_at = NULL
          WHERE a.finished_at IS NULL AND a.browser_hash = EXCLUDED.browser_hash
        RETURNING a.id, a.user_id, a.client_id
      ), ${askedOf(p, p.type)}
      SELECT id FROM attempt`,
);

/** A browser's attempt, whose request it has, and what it waits for now, as `type` of the event. @returns false when the user no longer stands as they were checked, or the attempt was finished. */
export async function markHalfSignedIn(
  db: Db,
  tenantId: string,
  half: {
    readonly attempt: SignInAttempt;
    readonly userId: string;
    readonly passwordVersion: number;
    readonly proofs: readonly Proof[];
    readonly accountKey: string | undefined;
    readonly addressKey: string | undefined;
    readonly type: 'user.second_factor_asked' | 'user.password_change_asked';
  },
  event: EventValues,
): Promise<boolean> {
  const { attempt, proofs, accountKey, addressKey, ...rest } = half;
  const values = {
    tenantId,
    ...attemptValues(attempt),
    ...rest,
    proven: proofs,
    staySignedIn: attempt.staySignedIn,
    accountKey: accountKey ?? null,
    addressKey: addressKey ?? null,
    ...eventValues(event),
  };
  return (await mark.first(db, values)) !== undefined;
}
