// What a browser gets when its sign-in is complete: the cookies, and the way on.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignedIn } from '../../flows/sign-in/complete.ts';
import { setCookie } from '../cookies.ts';
import { confirmationPath } from './account-paths.ts';
import { backToHub, goOn } from './hub.ts';

/** To the hub where a client waits, else to the account, or to what was about to be ended there. */
export function signedIn(
  request: FastifyRequest,
  reply: FastifyReply,
  { sessionCookie, knownCookie, hasRequest, accountChange, attemptId }: SignedIn,
) {
  setCookie(reply, request.tenant, 'session', sessionCookie);
  setCookie(reply, request.tenant, 'known', knownCookie);
  return hasRequest ? backToHub(request, reply, attemptId) : goOn(request, reply, confirmationPath(accountChange));
}
