// The session behind a cookie, and ending sessions.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { isAlive, type Session } from '../../domain/session.ts';
import { findSession } from '../../storage/sessions.ts';

/** The living session of a cookie, or undefined. */
export async function livingSession(
  deps: Deps,
  context: RequestContext,
  cookie: string | undefined,
): Promise<Session | undefined> {
  const hash = hashOfOpaque('session', cookie);
  const session = hash && (await findSession(deps.db, context.tenant.id, hash));
  return session && isAlive(session, context.now) ? session : undefined;
}

/** The token that forms of a signed-in browser carry, so that no other site can send them. */
export function formToken(deps: Deps, cookie: string): string {
  return deps.box.mac('form', cookie);
}

/** True when `token` was made for this very session cookie. */
export function isFormToken(deps: Deps, cookie: string | undefined, token: string | undefined): boolean {
  return cookie !== undefined && token !== undefined && deps.box.matches('form', cookie, token);
}
