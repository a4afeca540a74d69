// Sign-in attempts: opened for a browser, and found again only by it.
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { AuthorizationRequest } from '../../domain/authorization-request.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import {
  claimAttempt,
  findAttempt,
  type Holder,
  insertAttempt,
  type SignInAttempt,
} from '../../storage/sign-in-attempts.ts';

/** Milliseconds. */
const attemptLifetime = 60 * 60_000;

/** Opens an attempt for the browser with this cookie, or with the new one that comes back. */
export async function openAttempt(
  deps: Deps,
  context: RequestContext,
  input: { request: AuthorizationRequest | undefined; browser: string | undefined },
): Promise<{ attemptId: string; browser: string | undefined }> {
  const known = hashOfOpaque('browser', input.browser);
  const made = known ? undefined : newBrowser(deps);
  return {
    attemptId: await insert(deps, context, input.request, browserHolder(known ?? made!.hash)),
    browser: made?.token,
  };
}

/** Opens an attempt that belongs to the first browser that comes for it: the request came by a POST without cookies. */
export async function openUnboundAttempt(
  deps: Deps,
  context: RequestContext,
  request: AuthorizationRequest,
): Promise<string> {
  return insert(deps, context, request, undefined);
}

async function insert(
  deps: Deps,
  context: RequestContext,
  request: AuthorizationRequest | undefined,
  holder: Holder | undefined,
): Promise<string> {
  const id = deps.random(18).toString('base64url');
  await insertAttempt(
    deps.db,
    context.tenant.id,
    { id, holder, request, expiresAt: context.now + attemptLifetime },
    context.now,
  );
  return id;
}

/** The attempt of this browser, finished or not; an unbound one becomes this browser's. `browser` is a new cookie to set. */
export async function claimOrFind(
  deps: Deps,
  context: RequestContext,
  attemptId: string,
  browser: string | undefined,
): Promise<{ attempt: SignInAttempt; browser: string | undefined }> {
  const { tenant, now } = context;
  if (!isAttemptId(attemptId)) throw attemptUnknown();
  const known = hashOfOpaque('browser', browser);
  const found = known && (await findAttempt(deps.db, tenant.id, attemptId, browserHolder(known), now));
  if (found) return { attempt: found, browser: undefined };
  const made = known ? undefined : newBrowser(deps);
  const claimed = await claimAttempt(deps.db, tenant.id, attemptId, known ?? made!.hash, now);
  if (!claimed) throw attemptUnknown();
  return { attempt: claimed, browser: made?.token };
}

function browserHolder(hash: Buffer): Holder {
  return { kind: 'browser', hash };
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
  const hash = hashOfOpaque('browser', browser);
  if (!hash || !isAttemptId(attemptId)) throw attemptUnknown();
  const attempt = await findAttempt(deps.db, context.tenant.id, attemptId, browserHolder(hash), context.now);
  if (!attempt) throw attemptUnknown();
  if (attempt.finished) throw attemptFinished();
  return attempt;
}

function isAttemptId(value: string | undefined): value is string {
  return value !== undefined && /^[A-Za-z0-9_-]{24}$/.test(value);
}

function attemptUnknown(): Refusal {
  return new Refusal('attempt_unknown', 'This sign-in has expired, or it was begun in another browser.');
}

export function attemptFinished(): Refusal {
  return new Refusal('attempt_finished', 'This sign-in was already completed.');
}
