// The order service, with Express: GET /orders?userId=, for the user and for programs of the shop.
import { once } from 'node:events';
import express from 'express';
import { requireToken } from '../../src/verifier/express.ts';
import { createVerifier, type VerifiedToken } from '../../src/verifier/verifier.ts';
import type { Running } from '../web/environment.ts';
import { type ServiceOptions, shop, warnWithoutKeys } from './shop.ts';

declare module 'express-serve-static-core' {
  interface Request {
    token?: VerifiedToken;
  }
}

/** Starts it. @throws when the port is taken. */
export async function startOrders({
  issuer,
  port,
  host = 'localhost',
  audience = shop,
}: ServiceOptions & {
  /** The resource that it is: that of all services unless given. */ readonly audience?: string;
}): Promise<Running> {
  const verifier = createVerifier({ issuer, audience });
  await verifier.prime().catch(warnWithoutKeys);
  const app = express().disable('x-powered-by');

  app.get('/orders', requireToken(verifier, { scopes: ['orders:read'] }), (request, response) => {
    const { userId } = request.query;
    if (typeof userId !== 'string' || userId === '') {
      response.status(400).json({ error: 'invalid_request', error_description: 'userId is missing.' });
    } else if (!mayRead(request.token!, userId)) {
      response.status(403).json({ error: 'forbidden', error_description: 'These are the orders of somebody else.' });
    } else {
      response.json({ orders: ordersOf(userId) });
    }
  });

  const server = app.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** People see what is theirs. A program that acts for itself sees all that its scope is about. */
function mayRead(token: VerifiedToken, userId: string): boolean {
  return token.isClient || token.subject === userId;
}

/** In place of a database: everybody has ordered the same. */
function ordersOf(userId: string) {
  return [{ id: 1, userId, item: 'A lamp' }];
}
