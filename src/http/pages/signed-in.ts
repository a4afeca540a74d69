// What a browser gets when its sign-in is complete: the cookies, and the way on.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignedIn } from '../../flows/sign-in/complete.ts';
import { setCookie, setSessionCookie } from '../cookies.ts';
import { confirmationPath } from './account-paths.ts';
import { goOn, hubPath } from './hub.ts';

/** To the hub where a client waits, else to the account, or to what was about to be ended there. */
export function signedIn(request: FastifyRequest, reply: FastifyReply, done: SignedIn) {
  setSignedInCookies(request, reply, done);
  return goOn(request, reply, wayOn(done));
}

/** Of the session, and of the accounts that this browser knows. */
export function setSignedInCookies(
  request: FastifyRequest,
  reply: FastifyReply,
  { sessionCookie, knownCookie }: SignedIn,
): void {
  setSessionCookie(reply, request.tenant, sessionCookie);
  setCookie(reply, request.tenant, 'known', knownCookie);
}

/** A path of the tenant. */
export function wayOn({ hasRequest, accountChange, attemptId }: SignedIn): string {
  return hasRequest ? hubPath(attemptId) : confirmationPath(accountChange);
}
