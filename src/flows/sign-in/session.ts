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

/**
 * The token that forms of a signed-in browser carry, so that no other site can send them. Of the session, which stays when
 * its cookie changes: a page that was open meanwhile still works.
 */
export function formToken(deps: Deps, session: Session): string {
  return deps.box.mac('form', about(session));
}

/** True when `token` was made for this very session. */
export function isFormToken(deps: Deps, session: Session, token: string | undefined): boolean {
  return token !== undefined && deps.box.matches('form', about(session), token);
}

function about({ id, userId }: Session): string {
  return `${userId} ${id}`;
}
