// What everybody may read: the metadata documents and the key set.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { keySetMaxAge } from '../../domain/key-life.ts';
import { type Document, discoveryDocument } from '../../flows/discovery.ts';
import { keyRing } from '../../flows/keys/ring.ts';
import { documentHeaders } from '../headers.ts';
import { catalogues } from '../../texts/messages.ts';

/** Seconds. */
const discoveryMaxAge = 300;

/** RFC 8414 3.2, OpenID Connect Discovery 1.0 4.2. */
export function discovery(): RouteHandlerMethod {
  const locales = Object.keys(catalogues);
  return async (request, reply) =>
    answer(request, reply, discoveryDocument(request.tenant, locales), 'application/json', discoveryMaxAge);
}

/** RFC 7517 5. */
export function jwks(deps: Deps): RouteHandlerMethod {
  return async (request, reply) =>
    answer(request, reply, (await keyRing(deps, request.tenant)).jwks, 'application/jwk-set+json', keySetMaxAge);
}

function answer(request: FastifyRequest, reply: FastifyReply, document: Document, type: string, maxAge: number) {
  documentHeaders(reply, maxAge);
  void reply.header('etag', document.etag);
  if (isCurrent(request.headers['if-none-match'], document.etag)) return reply.code(304).send();
  return reply.type(type).send(document.body);
}

/** RFC 9110 13.1.2: a list, compared weakly, because a proxy that compresses weakens the tag. */
function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
