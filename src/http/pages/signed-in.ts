// What a browser gets when its sign-in is complete: the cookies, and the way on.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HalfSignedIn } from '../../flows/sign-in/ask-new-password.ts';
import type { SignedIn } from '../../flows/sign-in/complete.ts';
import type { WayOn } from '../../flows/sign-in/half-done-page.ts';
import { setCookie, setSessionCookie } from '../cookies.ts';
import { confirmationPath } from './account-paths.ts';
import { goOn, hubPath } from './hub.ts';
import { waitingPath } from './sign-in-paths.ts';

/** To the hub where a client waits, else to the account, or to what was about to be ended there; or to the next step. */
export function signedIn(request: FastifyRequest, reply: FastifyReply, done: SignedIn | HalfSignedIn) {
  setSignedInCookies(request, reply, done);
  return goOn(request, reply, wayOn(done));
}

/** Of the session, and of the accounts that this browser knows. None for a sign-in that is half done. */
export function setSignedInCookies(request: FastifyRequest, reply: FastifyReply, done: SignedIn | HalfSignedIn): void {
  if ('waitsFor' in done) return;
  const { sessionCookie, knownCookie } = done;
  setSessionCookie(reply, request.tenant, sessionCookie);
  setCookie(reply, request.tenant, 'known', knownCookie);
}

/** A path of the tenant. */
export function wayOn(done: WayOn | HalfSignedIn): string {
  if ('waitsFor' in done) return waitingPath(done);
  const { hasRequest, accountChange, attemptId } = done;
  return hasRequest ? hubPath(attemptId) : confirmationPath(accountChange);
}
