// The way from a page back to the authorization endpoint, which decides what is next.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endpoints } from '../../domain/endpoints.ts';
import { basePath } from '../context.ts';

/** Where a browser comes back with an attempt that is longer than a part of a path may be. */
export const continuePath = `${endpoints.authorize}/continue`;

/** What the router takes. */
const longestInPath = 100;

/** 303, so that a POST becomes a GET and nothing is sent on (RFC 9700 4.12). */
export function backToHub(request: FastifyRequest, reply: FastifyReply, attemptId: string) {
  return goOn(request, reply, hubPath(attemptId));
}

/** Where the attempt goes on, as a path of the tenant. */
export function hubPath(attemptId: string): string {
  const isShort = attemptId.length <= longestInPath;
  return isShort ? `${endpoints.authorize}/${attemptId}` : `${continuePath}?attempt=${attemptId}`;
}

/** To a page of this tenant, in the same way. */
export function goOn(request: FastifyRequest, reply: FastifyReply, path: string) {
  return reply.header('cache-control', 'no-store').redirect(`${basePath(request.tenant)}${path}`, 303);
}
