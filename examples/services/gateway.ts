// The gateway: POST /gateway/auth signs people in at Signet, and /users/… goes on to the user service.
import Fastify, { type FastifyReply } from 'fastify';
import type { Running } from '../web/environment.ts';
import { patience, type ServiceOptions, shop } from './shop.ts';
import { signInAt, type SignInRefusal } from './sign-in.ts';

export type GatewayOptions = ServiceOptions & {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the user service is. */
  readonly users: string;
};

/** A name, a password and what a device keeps fit into it. */
const longestBody = 4096;

/** Starts it. @throws when the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Running> {
  const { port, host = 'localhost', users } = options;
  const signIn = signInAt(options, { resource: shop, scope: 'users:read orders:read' });
  const app = Fastify({ forceCloseConnections: true, bodyLimit: longestBody });

  app.post('/gateway/auth', async (request, reply) => {
    void reply.header('cache-control', 'no-store');
    const { username, password, device } = (request.body ?? {}) as Record<string, unknown>;
    if (typeof username !== 'string' || typeof password !== 'string')
      return refuse(reply, { status: 400, code: 'invalid_input', detail: 'Send username and password as JSON.' });
    const known = typeof device === 'string' ? device : undefined;
    const { tokens, refusal } = await signIn({ username, password, device: known }, request.ip);
    return refusal ? refuse(reply, refusal) : tokens;
  });

  // Nothing is checked here: each service does that for itself, and answers what this passes back.
  app.get('/users/*', async (request, reply) => {
    const target = URL.parse(request.url, users);
    // `GET http://elsewhere/users/1` and `/users/../` lead out: a token goes only where it should.
    if (target?.origin !== new URL(users).origin || !target.pathname.startsWith('/users/'))
      return refuse(reply, { status: 404, code: 'not_found', detail: 'There is nothing here.' });
    const { authorization } = request.headers;
    const answer = await fetch(target, {
      headers: authorization === undefined ? {} : { authorization },
      redirect: 'manual',
      signal: AbortSignal.timeout(2 * patience),
    }).catch(() => undefined);
    if (!answer) return refuse(reply, { status: 502, code: 'bad_gateway', detail: 'The user service is away.' });
    for (const name of ['content-type', 'cache-control', 'www-authenticate', 'retry-after']) {
      const value = answer.headers.get(name);
      if (value !== null) void reply.header(name, value);
    }
    return reply.code(answer.status).send(Buffer.from(await answer.arrayBuffer()));
  });

  await app.listen({ host, port });
  return { url: `http://${host}:${port}`, stop: () => app.close() };
}

/** RFC 9457 3. */
function refuse(reply: FastifyReply, { status, code, detail, retryAfter }: SignInRefusal): FastifyReply {
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  return reply.code(status).type('application/problem+json').send({ status, code, detail });
}
