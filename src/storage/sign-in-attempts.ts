// Sign-in attempts: one visit of a browser, bound to that browser, from the request to the answer.
import { sql } from 'kysely';
import type { AuthorizationRequest } from '../domain/authorization-request.ts';
import type { Proof } from '../domain/factors.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** Times in milliseconds. */
export type SignInAttempt = {
  readonly id: string;
  readonly request: AuthorizationRequest | undefined;
  /** Who it turned out to be, and what they have proven. */
  readonly userId: string | undefined;
  readonly proofs: readonly Proof[];
  readonly sessionId: string | undefined;
  readonly authenticatedAt: number | undefined;
  readonly consentedSessionId: string | undefined;
  readonly leavingSessionId: string | undefined;
  readonly finished: boolean;
};

const insert = statement(
  {
    tenantId: 'uuid',
    id: 'text',
    browserHash: 'bytea?',
    tokenHash: 'bytea?',
    request: 'jsonb?',
    clientId: 'text?',
    now: 'timestamptz',
    expiresAt: 'timestamptz',
  },
  (q, p) =>
    q.insertInto('sign_in_attempts').values({
      tenant_id: p.tenantId,
      id: p.id,
      browser_hash: p.browserHash,
      token_hash: p.tokenHash,
      request: p.request,
      client_id: p.clientId,
      proven: sql.lit('[]'),
      created_at: p.now,
      expires_at: p.expiresAt,
    }),
);

/** Whose an attempt is: a browser's by its cookie, or of whoever holds a partial token. */
export type Holder = { readonly kind: 'browser' | 'token'; readonly hash: Buffer };

/** `holder` undefined: whichever browser comes first with a GET owns it. */
export async function insertAttempt(
  db: Db,
  tenantId: string,
  attempt: {
    id: string;
    holder: Holder | undefined;
    request: AuthorizationRequest | undefined;
    expiresAt: number;
  },
  now: number,
): Promise<void> {
  const { id, holder, request, expiresAt } = attempt;
  await insert.run(db, {
    tenantId,
    id,
    browserHash: holder?.kind === 'browser' ? holder.hash : null,
    tokenHash: holder?.kind === 'token' ? holder.hash : null,
    request: request ?? null,
    clientId: request?.clientId ?? null,
    expiresAt,
    now,
  });
}

const columns = [
  'id',
  'request',
  'user_id',
  'proven',
  'session_id',
  'authenticated_at',
  'consented_session_id',
  'leaving_session_id',
  'finished_at',
] as const;
type Row = {
  id: string;
  request: unknown;
  user_id: string | null;
  proven: unknown;
  session_id: string | null;
  authenticated_at: number | null;
  consented_session_id: string | null;
  leaving_session_id: string | null;
  finished_at: number | null;
};

// sign_in_attempts_pkey
const findBy = (column: 'browser_hash' | 'token_hash') =>
  statement({ tenantId: 'uuid', id: 'text', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
    q
      .selectFrom('sign_in_attempts')
      .select(columns)
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id)
      .where(column, '=', p.hash)
      .where('expires_at', '>', p.now),
  );
const find = { browser: findBy('browser_hash'), token: findBy('token_hash') };

/** The attempt, only for its holder. */
export async function findAttempt(
  db: Db,
  tenantId: string,
  id: string,
  { kind, hash }: Holder,
  now: number,
): Promise<SignInAttempt | undefined> {
  return toAttempt(await find[kind].first(db, { tenantId, id, hash, now }));
}

// sign_in_attempts_pkey
const claim = statement({ tenantId: 'uuid', id: 'text', browserHash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .updateTable('sign_in_attempts')
    .set({ browser_hash: p.browserHash })
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('browser_hash', 'is', null)
    .where('token_hash', 'is', null)
    .where('expires_at', '>', p.now)
    .returning(columns),
);

/** Binds an attempt that no browser owns yet to this one. One winner. */
export async function claimAttempt(
  db: Db,
  tenantId: string,
  id: string,
  browserHash: Buffer,
  now: number,
): Promise<SignInAttempt | undefined> {
  return toAttempt(await claim.first(db, { tenantId, id, browserHash, now }));
}

// sign_in_attempts_pkey. Another person's consent does not count for this one.
const authenticated = statement(
  { tenantId: 'uuid', id: 'text', userId: 'uuid', proven: 'jsonb', sessionId: 'uuid', now: 'timestamptz' },
  (q, p) =>
    q
      .updateTable('sign_in_attempts')
      .set({ user_id: p.userId, proven: p.proven, session_id: p.sessionId, authenticated_at: p.now })
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id)
      .where('finished_at', 'is', null),
);

/** Who it turned out to be, what they proved, and the session that came of it. @returns false when the attempt was finished meanwhile. */
export async function markAuthenticated(
  tx: Db,
  tenantId: string,
  id: string,
  { userId, proofs, sessionId }: { userId: string; proofs: readonly Proof[]; sessionId: string },
  now: number,
): Promise<boolean> {
  return (await authenticated.run(tx, { tenantId, id, userId, proven: proofs, sessionId, now })) === 1;
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
      request: (row.request as AuthorizationRequest | null) ?? undefined,
      userId: row.user_id ?? undefined,
      proofs: row.proven as Proof[],
      sessionId: row.session_id ?? undefined,
      authenticatedAt: row.authenticated_at ?? undefined,
      consentedSessionId: row.consented_session_id ?? undefined,
      leavingSessionId: row.leaving_session_id ?? undefined,
      finished: row.finished_at !== null,
    }
  );
}
