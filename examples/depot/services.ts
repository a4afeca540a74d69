// The two services of Depot: Goods, which takes its token, and Crates, which takes only what Goods got in exchange for it.
import Fastify from 'fastify';
import { requireToken } from '../../src/verifier/fastify.ts';
import { bearerToken, createVerifier, type VerifiedToken } from '../../src/verifier/verifier.ts';
import { exchangeAt } from '../services/exchange.ts';
import type { Running } from '../web/environment.ts';

declare module 'fastify' {
  interface FastifyRequest {
    token?: VerifiedToken;
  }
}

/** The resources that are registered at Signet. */
export const goods = 'https://goods.acme.example';
export const crates = 'https://crates.acme.example';

type ServiceOptions = {
  /** Where Signet is: the issuer, character by character. */
  readonly issuer: string;
  readonly url: string;
  readonly port: number;
};

/** Milliseconds for a call from one service to another. */
const patience = 3000;

/** GET /goods, for who has goods:read. `crates` is where the crates service is. @throws when the port is taken. */
export async function startGoods({
  issuer,
  url,
  port,
  ...more
}: ServiceOptions & {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly crates: string;
}): Promise<Running> {
  const { clientId, clientSecret } = more;
  const verifier = createVerifier({ issuer, audience: goods });
  const exchange = exchangeAt({ issuer, clientId, clientSecret, resource: crates, scope: 'crates:read' });
  const app = Fastify({ forceCloseConnections: true });
  app.get('/goods', { onRequest: requireToken(verifier, { scopes: ['goods:read'] }) }, (request) =>
    exchange(bearerToken(request.headers.authorization)!)
      .then((token) => askCrates(token))
      .catch(() => ({ status: 502, says: 'cannot be asked' }))
      .then((answer) => ({ goods: 'has 12 lamps for you', crates: answer })),
  );

  async function askCrates(token: string): Promise<{ status: number; says: string }> {
    const answer = await fetch(`${more.crates}/crates`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    const body = (await answer.json()) as { crates?: string; error_description?: string };
    return { status: answer.status, says: body.crates ?? body.error_description ?? 'No words.' };
  }

  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}

/** GET /crates, for who has crates:read. @throws when the port is taken. */
export async function startCrates({ issuer, url, port }: ServiceOptions): Promise<Running> {
  const verifier = createVerifier({ issuer, audience: crates });
  const app = Fastify({ forceCloseConnections: true });
  app.get('/crates', { onRequest: requireToken(verifier, { scopes: ['crates:read'] }) }, (request) => {
    const { sub } = request.token!.claims['act'] as { sub: string };
    return { crates: `has 3 crates for you, asked by ${sub}` };
  });
  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}
