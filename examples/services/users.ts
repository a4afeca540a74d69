// The user service, with Fastify: GET /users/:id, which asks the order service with the token that came.
import Fastify from 'fastify';
import { requireToken } from '../../src/verifier/fastify.ts';
import { createVerifier, type VerifiedToken } from '../../src/verifier/verifier.ts';
import type { Running } from '../web/environment.ts';
import { patience, type ServiceOptions, shop, warnWithoutKeys } from './shop.ts';

declare module 'fastify' {
  interface FastifyRequest {
    token?: VerifiedToken;
  }
}

/** `orders` is where the order service is. */
export type UsersOptions = ServiceOptions & { readonly orders: string };

/** Starts it. @throws when the port is taken. */
export async function startUsers({ issuer, port, host = 'localhost', orders }: UsersOptions): Promise<Running> {
  const verifier = createVerifier({ issuer, audience: shop });
  await verifier.prime().catch(warnWithoutKeys);
  const app = Fastify({ forceCloseConnections: true });

  // Both scopes: what the order service needs, whoever calls this needs too, and learns it here at once.
  const onRequest = requireToken(verifier, { scopes: ['users:read', 'orders:read'] });
  app.get<{ Params: { id: string } }>('/users/:id', { onRequest }, async (request, reply) => {
    const { id } = request.params;
    if (request.token!.subject !== id)
      return reply.code(403).send({ error: 'forbidden', error_description: 'This is somebody else.' });
    const answer = await ordersOf(id, request.headers.authorization!).catch(() => undefined);
    // The token ended between the two services: the client gets to know it as from here.
    if (answer?.status === 401)
      return reply
        .code(401)
        .header('www-authenticate', answer.headers.get('www-authenticate') ?? 'Bearer')
        .send();
    if (!answer?.ok)
      return reply.code(502).send({ error: 'bad_gateway', error_description: 'The orders cannot be had.' });
    return { id, ...((await answer.json()) as object) };
  });

  /** The order service checks the same token for itself: it does not have to believe this service. */
  function ordersOf(userId: string, authorization: string): Promise<Response> {
    const url = new URL('/orders', orders);
    url.searchParams.set('userId', userId);
    return fetch(url, { headers: { authorization }, redirect: 'error', signal: AbortSignal.timeout(patience) });
  }

  await app.listen({ host, port });
  return { url: `http://${host}:${port}`, stop: () => app.close() };
}
