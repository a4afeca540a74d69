// Sign-in attempts: opened for a browser, and found again only by it. Until a factor is proven the browser itself keeps them, sealed.
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { WaitingChange } from '../../domain/account-change.ts';
import type { AuthorizationRequest } from '../../domain/authorization-request.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { findAttempt, type SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { looksSealed, openAttemptSeal, openLateSeal, type SealedAttempt, sealAttempt } from './sealed-attempt.ts';

/** Milliseconds. */
const attemptLifetime = 60 * 60_000;

/** Opens an attempt for the browser with this cookie, or with the new one that comes back. @throws Refusal too_large. */
export function openAttempt(
  deps: Deps,
  context: RequestContext,
  input: {
    request: AuthorizationRequest | undefined;
    accountChange?: WaitingChange;
    browser: string | undefined;
  },
): { attempt: SignInAttempt; browser: string | undefined } {
  const attempt = { ...newAttempt(deps, context, input.request), accountChange: input.accountChange };
  return bind(deps, context, attempt, input.browser);
}

/** Opens an attempt that belongs to the first browser that comes with it: the request came by a POST without cookies. @throws Refusal too_large. */
export function openUnboundAttempt(deps: Deps, context: RequestContext, request: AuthorizationRequest): string {
  return sealed(deps, context, newAttempt(deps, context, request));
}

function newAttempt(deps: Deps, { now }: RequestContext, request: AuthorizationRequest | undefined): SealedAttempt {
  const id = deps.random(18).toString('base64url');
  return { id, browser: undefined, request, expiresAt: now + attemptLifetime };
}

function sealed(deps: Deps, context: RequestContext, attempt: SealedAttempt): string {
  const value = sealAttempt(deps, context, attempt);
  if (value === undefined) throw new Refusal('too_large', 'The request is too long.');
  return value;
}

/** The attempt of this browser, finished or not; an unbound one becomes this browser's. `browser` is a new cookie to set. */
export async function claimOrFind(
  deps: Deps,
  context: RequestContext,
  attemptId: string,
  browser: string | undefined,
): Promise<{ attempt: SignInAttempt; browser: string | undefined }> {
  const seal = openAttemptSeal(deps, context, attemptId);
  if (seal && seal.browser === undefined) return bind(deps, context, seal, browser);
  return { attempt: await found(deps, context, { attemptId, seal }, browser), browser: undefined };
}

/** Makes it the attempt of the browser with this cookie, or with the new one that comes back. @throws Refusal too_large. */
function bind(
  deps: Deps,
  context: RequestContext,
  attempt: SealedAttempt,
  browser: string | undefined,
): { attempt: SignInAttempt; browser: string | undefined } {
  const known = hashOfOpaque('browser', browser);
  const made = known ? undefined : newBrowser(deps);
  const bound = { ...attempt, browser: text(known ?? made!.hash) };
  return { attempt: unstored(sealed(deps, context, bound), bound), browser: made?.token };
}

/** The cookie that tells one browser from another, before anybody is signed in. */
function newBrowser(deps: Deps): { token: string; hash: Buffer } {
  return opaqueToken('browser', deps.random(opaqueBytes));
}

/** The attempt of this browser. @throws Refusal attempt_unknown or attempt_finished. */
export async function attemptOf(
  deps: Deps,
  context: RequestContext,
  attemptId: string | undefined,
  browser: string | undefined,
): Promise<SignInAttempt> {
  if (attemptId === undefined) throw attemptUnknown();
  const seal = openAttemptSeal(deps, context, attemptId);
  const attempt = await found(deps, context, { attemptId, seal }, browser);
  if (attempt.finished) throw attemptFinished(attempt.request);
  return attempt;
}

/** A sealed one is what its row says, as soon as there is one. @throws Refusal attempt_unknown. */
async function found(
  deps: Deps,
  context: RequestContext,
  { attemptId, seal }: { attemptId: string; seal: SealedAttempt | undefined },
  browser: string | undefined,
): Promise<SignInAttempt> {
  const hash = hashOfOpaque('browser', browser);
  if (!hash) throw attemptUnknown();
  if (seal ? seal.browser !== text(hash) : !isAttemptId(attemptId)) {
    const late = openLateSeal(deps, context, attemptId);
    throw attemptUnknown(late?.browser === text(hash) ? late.request : undefined);
  }
  const row = await findAttempt(deps.db, context.tenant.id, seal?.id ?? attemptId, hash, context.now);
  if (row) return row;
  if (!seal) throw attemptUnknown();
  return unstored(attemptId, seal);
}

function unstored(attemptId: string, { id, request, accountChange, browser, expiresAt }: SealedAttempt): SignInAttempt {
  return {
    id: attemptId,
    row: { id, browserHash: Buffer.from(browser!, 'base64url'), expiresAt },
    isStored: false,
    request,
    accountChange,
    userId: undefined,
    proofs: [],
    // Ticked together with the password, which gives the attempt its row.
    staySignedIn: false,
    sessionId: undefined,
    authenticatedAt: undefined,
    consentedSessionId: undefined,
    leavingSessionId: undefined,
    finished: false,
  };
}

function text(hash: Buffer): string {
  return hash.toString('base64url');
}

function isAttemptId(value: string): boolean {
  return !looksSealed(value) && /^[A-Za-z0-9_-]{24}$/.test(value);
}

/** A sign-in that cannot go on; `request` is what its browser came with, if that is known. */
export class AttemptOver extends Refusal {
  readonly request: AuthorizationRequest | undefined;

  constructor(code: 'attempt_unknown' | 'attempt_finished', description: string, request?: AuthorizationRequest) {
    super(code, description);
    this.request = request;
  }
}

function attemptUnknown(request?: AuthorizationRequest): Refusal {
  return new AttemptOver('attempt_unknown', 'This sign-in has expired, or it was begun in another browser.', request);
}

/** `request`: of the browser that the attempt belongs to. */
export function attemptFinished(request?: AuthorizationRequest): Refusal {
  return new AttemptOver('attempt_finished', 'This sign-in was already completed.', request);
}
