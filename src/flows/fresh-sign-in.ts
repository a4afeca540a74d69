// What is hard to undo wants a recent sign-in of whoever administers, wherever it is asked for.
import type { RequestContext } from '../domain/context.ts';
import { InsufficientAuthentication } from '../domain/errors.ts';

/** Seconds: how long ago a person may have signed in who does what is hard to undo. */
export const dangerFreshFor = 600;

/** RFC 9470 3. A program has not signed in: its scopes decide. @throws OAuthError insufficient_user_authentication. */
export function assertFreshSignIn({ now, signedInAt }: Pick<RequestContext, 'now' | 'signedInAt'>): void {
  if (signedInAt === undefined || now - signedInAt <= dangerFreshFor * 1000) return;
  throw new InsufficientAuthentication(
    `This needs a sign-in of the last ten minutes: send the person to the authorization endpoint with max_age=${dangerFreshFor}.`,
    { maxAge: dangerFreshFor },
  );
}
