// Sign-in attempts: one visit of a browser, bound to that browser, from the request to the answer.
import { sql } from 'kysely';
import type { WaitingChange } from '../domain/account-change.ts';
import type { AuthorizationRequest } from '../domain/authorization-request.ts';
import type { Proof } from '../domain/factors.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** Times in milliseconds. */
export type SignInAttempt = {
  /** What stands in forms and addresses: the id of the row, or the sealed attempt that has none yet. */
  readonly id: string;
  /** The row that it has or becomes. */
  readonly row: { readonly id: string; readonly browserHash: Buffer; readonly expiresAt: number };
  readonly isStored: boolean;
  readonly request: AuthorizationRequest | undefined;
  /** Where no client waits: what its person was about to end on the account page. */
  readonly accountChange: WaitingChange | undefined;
  /** Who it turned out to be, and what they have proven. */
  readonly userId: string | undefined;
  readonly proofs: readonly Proof[];
  /** What they ticked beside the password: that their session outlive the browser. */
  readonly staySignedIn: boolean;
  readonly sessionId: string | undefined;
  readonly authenticatedAt: number | undefined;
  readonly consentedSessionId: string | undefined;
  readonly leavingSessionId: string | undefined;
  readonly finished: boolean;
};

const columns = [
  'id',
  'browser_hash',
  'expires_at',
  'request',
  'user_id',
  'proven',
  'stay_signed_in',
  'session_id',
  'authenticated_at',
  'consented_session_id',
  'leaving_session_id',
  'account_change',
  'finished_at',
] as const;
type Row = {
  id: string;
  browser_hash: Buffer | null;
  expires_at: number;
  request: unknown;
  user_id: string | null;
  proven: unknown;
  stay_signed_in: boolean | null;
  session_id: string | null;
  authenticated_at: number | null;
  consented_session_id: string | null;
  leaving_session_id: string | null;
  account_change: unknown;
  finished_at: number | null;
};

// sign_in_attempts_pkey
const find = statement({ tenantId: 'uuid', id: 'text', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('sign_in_attempts')
    .select(columns)
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('browser_hash', '=', p.hash)
    .where('expires_at', '>', p.now),
);

/** The attempt, only for the browser with this cookie. */
export async function findAttempt(
  db: Db,
  tenantId: string,
  id: string,
  hash: Buffer,
  now: number,
): Promise<SignInAttempt | undefined> {
  return toAttempt(await find.first(db, { tenantId, id, hash, now }));
}

/** What becomes a row when a factor is proven. */
const made = {
  tenantId: 'uuid',
  id: 'text',
  browserHash: 'bytea',
  request: 'jsonb?',
  clientId: 'text?',
  accountChange: 'jsonb?',
  expiresAt: 'timestamptz',
  now: 'timestamptz',
} as const;

/** {@link made} of an attempt. */
export function attemptValues({ row, request, accountChange }: SignInAttempt) {
  return {
    ...row,
    request: request ?? null,
    clientId: request?.clientId ?? null,
    accountChange: accountChange ?? null,
  };
}

/** The parameters of a statement that makes or changes the row of an attempt. */
export const attemptParams = made;

// sign_in_attempts_pkey. Another person's consent does not count for this one.
const authenticated = statement(
  { ...made, userId: 'uuid', proven: 'jsonb', sessionId: 'uuid' },
  (_q, p) =>
    sql`INSERT INTO sign_in_attempts AS a (tenant_id, id, browser_hash, request, client_id, account_change, user_id, proven, session_id,
        authenticated_at, created_at, expires_at)
      VALUES (${p.tenantId}, ${p.id}, ${p.browserHash}, ${p.request}, ${p.clientId}, ${p.accountChange}, ${p.userId}, ${p.proven}, ${p.sessionId},
        ${p.now}, ${p.now}, ${p.expiresAt})
      ON CONFLICT (tenant_id, id) DO UPDATE
        SET user_id = EXCLUDED.user_id, proven = EXCLUDED.proven, session_id = EXCLUDED.session_id, authenticated_at = EXCLUDED.authenticated_at
        WHERE a.finished_at IS NULL AND a.browser_hash = EXCLUDED.browser_hash`,
);

/**
 * Who it turned out to be, what they proved, and the session that came of it: from here on the attempt has a row.
 * @returns false when it was finished meanwhile.
 */
export async function markAuthenticated(
  tx: Db,
  tenantId: string,
  attempt: SignInAttempt,
  { userId, proofs, sessionId }: { userId: string; proofs: readonly Proof[]; sessionId: string },
  now: number,
): Promise<boolean> {
  const values = { tenantId, ...attemptValues(attempt), userId, proven: proofs, sessionId, now };
  return (await authenticated.run(tx, values)) === 1;
}

// sign_in_attempts_pkey
const keep = statement(
  made,
  (_q, p) =>
    sql`INSERT INTO sign_in_attempts (tenant_id, id, browser_hash, request, client_id, account_change, proven, created_at, expires_at)
      VALUES (${p.tenantId}, ${p.id}, ${p.browserHash}, ${p.request}, ${p.clientId}, ${p.accountChange}, '[]'::jsonb, ${p.now}, ${p.expiresAt})
      ON CONFLICT (tenant_id, id) DO NOTHING`,
);

/** Gives the attempt of somebody who is signed in its row. */
export async function keepAttempt(db: Db, tenantId: string, attempt: SignInAttempt, now: number): Promise<void> {
  await keep.run(db, { tenantId, ...attemptValues(attempt), now });
}

// sign_in_attempts_pkey
const consented = statement({ tenantId: 'uuid', id: 'text', sessionId: 'uuid' }, (q, p) =>
  q
    .updateTable('sign_in_attempts')
    .set({ consented_session_id: p.sessionId })
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('finished_at', 'is', null),
);

/** @returns false when the attempt was finished meanwhile. */
export async function markConsented(tx: Db, tenantId: string, id: string, sessionId: string): Promise<boolean> {
  return (await consented.run(tx, { tenantId, id, sessionId })) === 1;
}

// sign_in_attempts_pkey. What this attempt's own sign-in proved was about the person who leaves.
const leave = statement({ tenantId: 'uuid', id: 'text', sessionId: 'uuid' }, (q, p) =>
  q
    .updateTable('sign_in_attempts')
    .set({
      leaving_session_id: p.sessionId,
      user_id: null,
      proven: sql.lit('[]'),
      session_id: null,
      authenticated_at: null,
    })
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('finished_at', 'is', null),
);

/** The person of this session wants to go on as somebody else. @returns false when the attempt was finished meanwhile. */
export async function markLeaving(db: Db, tenantId: string, id: string, sessionId: string): Promise<boolean> {
  return (await leave.run(db, { tenantId, id, sessionId })) === 1;
}

// sign_in_attempts_pkey
const finish = statement(
  { tenantId: 'uuid', id: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql`UPDATE sign_in_attempts SET finished_at = ${p.now} WHERE tenant_id = ${p.tenantId} AND id = ${p.id} AND finished_at IS NULL`,
);

/** Marks it finished. @returns false if it already was. */
export async function finishAttempt(db: Db, tenantId: string, id: string, now: number): Promise<boolean> {
  return (await finish.run(db, { tenantId, id, now })) === 1;
}

function toAttempt(row: Row | undefined): SignInAttempt | undefined {
  return (
    row && {
      id: row.id,
      row: { id: row.id, browserHash: row.browser_hash!, expiresAt: row.expires_at },
      isStored: true,
      request: (row.request as AuthorizationRequest | null) ?? undefined,
      accountChange: (row.account_change as WaitingChange | null) ?? undefined,
      userId: row.user_id ?? undefined,
      proofs: row.proven as Proof[],
      staySignedIn: row.stay_signed_in ?? false,
      sessionId: row.session_id ?? undefined,
      authenticatedAt: row.authenticated_at ?? undefined,
      consentedSessionId: row.consented_session_id ?? undefined,
      leavingSessionId: row.leaving_session_id ?? undefined,
      finished: row.finished_at !== null,
    }
  );
}
