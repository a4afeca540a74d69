// What everybody may read: the metadata documents, the key set and the status lists.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { keySetMaxAge } from '../../domain/key-life.ts';
import { type Document, discoveryDocument } from '../../flows/discovery.ts';
import { keyRing } from '../../flows/keys/ring.ts';
import { statusList, statusListTtl } from '../../flows/status/lists.ts';
import { contextOf } from '../context.ts';
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

/** Token Status List 8.1. */
export function statusLists(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const { list: name } = request.params as { list: string };
    const list = await statusList(deps, contextOf(deps, request), name);
    if (!list) throw new Refusal('not_found', 'There is no status list of this name, or its tokens have all expired.');
    const isGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    void reply.header('vary', 'accept-encoding');
    if (isGzip) void reply.header('content-encoding', 'gzip');
    const document = { body: isGzip ? list.gzip : list.body, etag: list.etag };
    return answer(request, reply, document, 'application/statuslist+jwt', statusListTtl);
  };
}

function answer(request: FastifyRequest, reply: FastifyReply, document: Document, type: string, maxAge: number) {
  documentHeaders(reply, maxAge);
  void reply.header('etag', document.etag);
  if (isCurrent(request.headers['if-none-match'], document.etag)) return reply.code(304).send();
  return reply.type(type).send(document.body);
}

/** RFC 9110 13.1.2: a list, compared weakly, because a proxy that compresses weakens the tag. */
function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map(strong);
  return tags.includes(strong(etag)) || tags.includes('*');
}

function strong(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}
