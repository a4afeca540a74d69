// What a browser gets when its sign-in is complete: the cookies, and the way on.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignedIn } from '../../flows/sign-in/complete.ts';
import { setCookie } from '../cookies.ts';
import { backToHub, goOn } from './hub.ts';

/** To the hub where a client waits, else to the account. */
export function signedIn(
  request: FastifyRequest,
  reply: FastifyReply,
  { sessionCookie, knownCookie, hasRequest, attemptId }: SignedIn,
) {
  setCookie(reply, request.tenant, 'session', sessionCookie);
  setCookie(reply, request.tenant, 'known', knownCookie);
  return hasRequest ? backToHub(request, reply, attemptId) : goOn(request, reply, '/account');
}
