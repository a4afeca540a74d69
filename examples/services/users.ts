// The user service, with Fastify: GET /users/:id, which asks the order service with the token that came, or one that it got for it.
import Fastify from 'fastify';
import { requireToken } from '../../src/verifier/fastify.ts';
import { bearerToken, createVerifier, type VerifiedToken } from '../../src/verifier/verifier.ts';
import type { Running } from '../web/environment.ts';
import { type Exchange, notExchanged } from './exchange.ts';
import { patience, type ServiceOptions, shop, warnWithoutKeys } from './shop.ts';

declare module 'fastify' {
  interface FastifyRequest {
    token?: VerifiedToken;
  }
}

/** `orders` is where the order service is. `exchange`: where that one has a resource of its own. */
export type UsersOptions = ServiceOptions & { readonly orders: string; readonly exchange?: Exchange | undefined };

/** Starts it. @throws when the port is taken. */
export async function startUsers({
  issuer,
  port,
  host = 'localhost',
  orders,
  exchange = (token) => Promise.resolve(token),
}: UsersOptions): Promise<Running> {
  const verifier = createVerifier({ issuer, audience: shop });
  await verifier.prime().catch(warnWithoutKeys);
  const app = Fastify({ forceCloseConnections: true });

  // Both scopes: what the order service needs, whoever calls this needs too, and learns it here at once.
  const onRequest = requireToken(verifier, { scopes: ['users:read', 'orders:read'] });
  app.get<{ Params: { id: string } }>('/users/:id', { onRequest }, async (request, reply) => {
    const { id } = request.params;
    if (request.token!.subject !== id)
      return reply.code(403).send({ error: 'forbidden', error_description: 'This is somebody else.' });
    const token = await exchange(bearerToken(request.headers.authorization)!).catch(notExchanged);
    if (token === 'away')
      return reply
        .code(503)
        .header('retry-after', '5')
        .send({ error: 'temporarily_unavailable', error_description: 'The orders cannot be asked for at the moment.' });
    const answer = token === 'refused' ? undefined : await ordersOf(id, token).catch(() => undefined);
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

  /** The order service checks the token for itself: it does not have to believe this service. */
  function ordersOf(userId: string, token: string): Promise<Response> {
    const url = new URL('/orders', orders);
    url.searchParams.set('userId', userId);
    const headers = { authorization: `Bearer ${token}` };
    return fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(patience) });
  }

  await app.listen({ host, port });
  return { url: `http://${host}:${port}`, stop: () => app.close() };
}
