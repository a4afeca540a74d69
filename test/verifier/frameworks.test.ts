// A real Signet, and real APIs of each framework in front of which its tokens are checked.
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireToken as expressToken } from '../../src/verifier/express.ts';
import { requireToken as fastifyToken } from '../../src/verifier/fastify.ts';
import { requireToken as fetchToken } from '../../src/verifier/fetch.ts';
import { requireToken as honoToken } from '../../src/verifier/hono.ts';
import {
  createVerifier,
  KeysUnavailable,
  StatusUnavailable,
  type VerifiedToken,
  type Verifier,
} from '../../src/verifier/verifier.ts';
import { codeFlow, tokenRequest, type Tokens, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const audience = 'https://orders.example/api';
const machine = {
  client_id: 'nightly',
  client_secret: 'a-secret-of-the-nightly-job-of-32-chars',
  grant_types: ['client_credentials' as const],
  response_types: [],
  redirect_uris: [],
  scope: 'orders:read orders:write',
};
const desk = { ...webClient, client_id: 'desk', scope: 'openid orders:read' };
const resources = [{ identifier: audience, scopes: ['orders:read', 'orders:write'] }];

let signet: TestSignet;
let verifier: Verifier;
let user: Tokens;
let program: Tokens;
let broken: 'keys' | 'status' | 'bug' | undefined;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, machine, desk], resources } });
  const real = createVerifier({ issuer: signet.issuer, audience, now: () => signet.clock.now });
  verifier = {
    ...real,
    verify(token, needs) {
      if (broken === 'keys') return Promise.reject(new KeysUnavailable(7, new Error('refused')));
      if (broken === 'status') return Promise.reject(new StatusUnavailable(3, new Error('refused')));
      if (broken === 'bug') return Promise.reject(new RangeError('of the API'));
      return real.verify(token, needs);
    },
  };
  program = (await tokenRequest(signet, machine, { grant_type: 'client_credentials' })).body;
  const asked = { resource: audience, scope: 'openid orders:read' };
  user = (await codeFlow(signet, desk, { change: asked })).tokens;
});
afterAll(() => signet.stop());

test('a user’s token and a program’s', async () => {
  const ofUser = await verifier.verify(user.access_token, { acr: ['urn:signet:acr:1fa'], maxAge: 60 });
  expect(ofUser).toMatchObject({ clientId: 'desk', isClient: false, amr: ['pwd'], audience: [audience] });
  expect(ofUser.scopes).toEqual(['orders:read']);
  const ofProgram = await verifier.verify(program.access_token);
  expect(ofProgram).toMatchObject({ subject: 'nightly', clientId: 'nightly', isClient: true });
  expect(verifier.verifyNow(program.access_token)).toBe(ofProgram);
  await expect(verifier.verify(user.id_token)).rejects.toThrow('invalid_token');
  await expect(verifier.verify(user.refresh_token ?? 'opaque')).rejects.toThrow('invalid_token');
});

test('a token for Signet itself is not for the API', async () => {
  const { tokens } = await codeFlow(signet, desk, { change: { scope: 'openid' } });
  await expect(verifier.verify(tokens.access_token)).rejects.toThrow('another audience');
});

const read = { scopes: ['orders:read'] };
const write = { scopes: ['orders:write'] };
/** How many requests came to a handler. */
let handled = 0;
const answerOf = (token: VerifiedToken | undefined) => {
  handled += 1;
  return { of: token?.subject };
};
type WithToken = { readonly token?: VerifiedToken };

const listening = async (listener: RequestListener) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};
/** A handler of the Fetch API behind Node's server. */
const served = (handle: (request: Request) => Response | Promise<Response>): RequestListener => {
  const answer: (...args: Parameters<RequestListener>) => Promise<void> = async (request, response) => {
    const { authorization } = request.headers;
    const headers = authorization === undefined ? {} : { authorization };
    const reply = await Promise.resolve(
      handle(new Request(`http://api.example${request.url}`, { method: request.method!, headers })),
    ).catch(() => new Response('', { status: 500 }));
    response.writeHead(reply.status, Object.fromEntries(reply.headers)).end(await reply.text());
  };
  return (...args) => void answer(...args);
};

const frameworks: readonly [name: string, start: () => Promise<Server>][] = [
  [
    'Fastify',
    async () => {
      const app = Fastify();
      app.get('/orders', { onRequest: fastifyToken(verifier, read) }, (request) =>
        answerOf((request as WithToken).token),
      );
      app.post('/orders', { onRequest: fastifyToken(verifier, write) }, (request) =>
        answerOf((request as WithToken).token),
      );
      await app.listen({ host: '127.0.0.1', port: 0 });
      return app.server;
    },
  ],
  [
    'Express',
    async () => {
      const app = express();
      app.set('env', 'test');
      app.get('/orders', expressToken(verifier, read), (request, response) => {
        response.json(answerOf((request as WithToken).token));
      });
      app.post('/orders', expressToken(verifier, write), (request, response) => {
        response.json(answerOf((request as WithToken).token));
      });
      return listening(app);
    },
  ],
  [
    'Hono',
    async () => {
      const app = new Hono<{ Variables: { token: VerifiedToken } }>();
      app.get('/orders', honoToken(verifier, read), (c) => c.json(answerOf(c.get('token'))));
      app.post('/orders', honoToken(verifier, write), (c) => c.json(answerOf(c.get('token'))));
      app.onError((_error, c) => c.text('', 500));
      return listening(served((request) => app.fetch(request)));
    },
  ],
  [
    'the Fetch API',
    async () => {
      const list = fetchToken(verifier, read, (_request, token) => Response.json(answerOf(token)));
      const store = fetchToken(verifier, write, (_request, token) => Response.json(answerOf(token)));
      return listening(served((request) => (request.method === 'GET' ? list(request) : store(request))));
    },
  ],
];

describe.each(frameworks)('%s', (_name, start) => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = await start();
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
  });
  afterAll(async () => {
    broken = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const ask = async (token?: string, method = 'GET', path = '') => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    handled = 0;
    const response = await fetch(`${address}${path}`, { method, headers });
    const text = await response.text();
    expect(handled).toBe(response.status === 200 ? 1 : 0);
    const challenge = response.headers.get('www-authenticate');
    return { status: response.status, challenge, headers: response.headers, text };
  };

  test('a good token passes, and the handler sees whose it is', async () => {
    expect(await ask(program.access_token, 'POST')).toMatchObject({ status: 200, text: '{"of":"nightly"}' });
    const { sub } = (await verifier.verify(user.access_token)).claims;
    expect(await ask(user.access_token)).toMatchObject({ status: 200, text: JSON.stringify({ of: sub }) });
  });

  test('no token: a challenge without an error; also where one stands in the address', async () => {
    for (const path of ['', `?access_token=${program.access_token}`]) {
      const { status, challenge, headers, text } = await ask(undefined, 'GET', path);
      expect([status, challenge]).toEqual([401, `Bearer realm="${audience}"`]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(JSON.parse(text)).toEqual({ error: 'missing_token', error_description: 'An access token is needed.' });
    }
  });

  test('a false token', async () => {
    const { status, challenge, headers, text } = await ask(`${program.access_token.slice(0, -9)}AAAAAAAAA`);
    expect([status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(text)).toMatchObject({ error: 'invalid_token' });
  });

  test('a token that allows too little', async () => {
    const { status, challenge, text } = await ask(user.access_token, 'POST');
    expect([status, challenge]).toEqual([403, expect.stringContaining('scope="orders:write"')]);
    expect(JSON.parse(text)).toEqual({
      error: 'insufficient_scope',
      error_description: 'This needs the scope orders:write.',
    });
  });

  test('keys that cannot be had are not the client’s fault', async () => {
    broken = 'keys';
    const { status, challenge, headers, text } = await ask(program.access_token);
    broken = undefined;
    expect([status, challenge, headers.get('retry-after')]).toEqual([503, null, '7']);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(JSON.parse(text)).toMatchObject({ error: 'temporarily_unavailable' });
  });

  test('nor is a status list that cannot be had', async () => {
    broken = 'status';
    const { status, challenge, headers, text } = await ask(program.access_token);
    broken = undefined;
    expect([status, challenge, headers.get('retry-after')]).toEqual([503, null, '3']);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(JSON.parse(text)).toMatchObject({ error: 'temporarily_unavailable' });
  });

  test('any other fault is the API’s: it lets nobody pass, and blames no token', async () => {
    broken = 'bug';
    const { status, challenge } = await ask(program.access_token);
    broken = undefined;
    expect([status, challenge]).toEqual([500, null]);
  });
});

test('a misspelt need is found when the API is set up', () => {
  const needs = { scope: ['orders:read'] } as object;
  for (const make of [fastifyToken, expressToken, honoToken]) expect(() => make(verifier, needs)).toThrow(TypeError);
  expect(() => fetchToken(verifier, needs, () => new Response())).toThrow(TypeError);
});

test('it ends with its time', async () => {
  await verifier.verify(program.access_token);
  signet.clock.advance(906);
  await expect(verifier.verify(program.access_token)).rejects.toThrow('has expired');
});
