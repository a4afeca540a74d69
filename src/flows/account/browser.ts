// A person as the owner of their second factors, by the session of their browser.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Owner } from '../second-factors/owner.ts';
import type { Person } from './fresh.ts';

/** `cookie`: to be set when a factor was proven by it. */
export function byBrowser(deps: Deps, { user, session }: Person): { owner: Owner; cookie: string } {
  const secret = opaqueToken('session', deps.random(opaqueBytes));
  return { owner: { user, by: { kind: 'browser', session, nextSecret: secret.hash } }, cookie: secret.token };
}
