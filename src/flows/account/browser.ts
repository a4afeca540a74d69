// A person as the owner of their second factors, by the session of their browser.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { type SessionCookie, sessionCookie, staysSignedIn } from '../../domain/session.ts';
import type { Owner } from '../second-factors/owner.ts';
import type { Person } from './fresh.ts';

/** `cookie`: to be set when a factor was proven by it. */
export function byBrowser(
  deps: Deps,
  { tenant, now }: RequestContext,
  { user, session }: Person,
): { owner: Owner; cookie: SessionCookie } {
  const secret = opaqueToken('session', deps.random(opaqueBytes));
  const persistent = staysSignedIn(tenant.settings.stay_signed_in, session.persistent);
  return {
    owner: { user, by: { kind: 'browser', session, nextSecret: secret.hash } },
    cookie: sessionCookie(secret.token, { ...session, persistent }, now),
  };
}
