// The whole server on one screen.
import { createSecureContext, type Server as TlsServer } from 'node:tls';
import cookie from '@fastify/cookie';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyServerOptions } from 'fastify';
import type { Deps } from './deps.ts';
import { adminScope } from './http/admin/plugin.ts';
import { adminReferenceScope } from './http/admin/reference.ts';
import { authScope } from './http/auth/plugin.ts';
import { audienceConstraint } from './http/audience.ts';
import { answerBrokenRequests } from './http/broken-requests.ts';
import { tenantPrefixes } from './http/context.ts';
import { mountPathOf, withoutMount } from './http/mount.ts';
import { formLimit } from './http/forms.ts';
import { addCommonHeaders, headersWithoutRequest } from './http/headers.ts';
import { answerOAuthErrors } from './http/oauth/errors.ts';
import { documentScope, oauthScope } from './http/oauth/plugin.ts';
import { browserScope } from './http/pages/plugin.ts';
import { metricsScope, type Scrape } from './http/ops/metrics.ts';
import { opsScope } from './http/ops/plugin.ts';
import { inboxScope } from './http/pages/inbox.ts';
import { pagesScope } from './http/pages/plugin.ts';
import { answerUnknown } from './http/unknown.ts';
import type { Tracing } from './domain/tracing.ts';
import { serveProxiesOnly } from './http/proxies.ts';
import { logRequests } from './http/request-log.ts';
import { measureRequests } from './http/request-metrics.ts';
import { traceRequests } from './http/request-tracing.ts';

export type AppOptions = {
  /** Addresses and networks of proxies whose forwarding headers are believed. */
  readonly trustProxy: readonly string[];
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Whether people reach this server by https, be it through a proxy. */
  readonly isHttps: boolean;
  /** True once the server was asked to end. */
  readonly isDraining: () => boolean;
  readonly tracing?: Tracing | undefined;
  /** What opens the page of mails that were not sent; undefined: there is none. */
  readonly inboxToken?: string | undefined;
};

/**
 * Milliseconds. Shorter than requestTimeout, because Node holds a socket for the longer of the two: a body of a byte a second
 * would keep it for a minute.
 */
const headersTimeout = 10_000;

/** Characters of a part of an address: the identifier of a resource has up to 1,000, and may stand there percent-encoded. */
const longestParameter = 3000;

/** Milliseconds: how often sockets are held against requestTimeout. Node's own half minute would let slow ones stay. */
const connectionsCheckingInterval = 5000;

/** RFC 9325 3 and 4: TLS 1.2 with forward secrecy and authenticated encryption only, or 1.3; the strongest first, and the server chooses. */
const tlsPolicy = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
} as const;

/** What new handshakes of `app` see from here on. @throws Error when key and certificate do not belong together. */
export function useTls(app: FastifyInstance, pair: NonNullable<AppOptions['tls']>): void {
  createSecureContext(pair);
  (app.server as unknown as Partial<TlsServer>).setSecureContext?.({ ...pair, ...tlsPolicy });
}

export async function buildApp(deps: Deps, options: AppOptions): Promise<FastifyInstance> {
  const mountPath = mountPathOf(deps.publicUrl);
  const settings: FastifyServerOptions = {
    logger: false,
    ...(mountPath !== '' && { rewriteUrl: (request) => withoutMount(mountPath, request.url ?? '') }),
    genReqId: () => deps.random(9).toString('base64url'),
    requestIdHeader: false,
    trustProxy: options.trustProxy.length > 0 ? [...options.trustProxy] : false,
    bodyLimit: formLimit,
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: answerBrokenRequests({ isHttps: options.isHttps, mountPath }),
    frameworkErrors: (_error, _request, reply) => {
      void (reply as FastifyReply)
        .code(400)
        .headers(headersWithoutRequest(options.isHttps))
        .send({ error: 'invalid_request', error_description: 'The address is malformed.' });
    },
    // Each endpoint reads its own query, strictly.
    routerOptions: {
      querystringParser: () => ({}),
      maxParamLength: longestParameter,
      constraints: { for: audienceConstraint() },
    },
  };
  const app = options.tls
    ? (Fastify({
        ...settings,
        http: null,
        https: { ...options.tls, ...tlsPolicy, connectionsCheckingInterval, headersTimeout },
      } as object) as unknown as FastifyInstance)
    : Fastify({ ...settings, http: { connectionsCheckingInterval, headersTimeout } });

  app.decorate('mountPath', mountPath);
  traceRequests(app, options.tracing);
  logRequests(app, deps);
  measureRequests(app, deps);
  addCommonHeaders(app, options.isHttps);
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // While draining, connections end with their answers, so that no request meets a closing one.
    if (options.isDraining()) void reply.header('connection', 'close');
    done();
  });
  if (options.isHttps && !options.tls) serveProxiesOnly(app, options.trustProxy);
  answerOAuthErrors(app, deps);
  answerUnknown(app, deps);
  await app.register(cookie);
  await app.register(opsScope(deps, options.isDraining));
  for (const prefix of tenantPrefixes) {
    await app.register(documentScope(deps, { inserted: prefix === '' }), { prefix });
    await app.register(oauthScope(deps), { prefix });
    await app.register(authScope(deps), { prefix });
    await app.register(adminScope(deps), { prefix });
    await app.register(adminReferenceScope(deps), { prefix });
    await app.register(browserScope(deps), { prefix });
    await app.register(pagesScope(deps), { prefix });
  }
  if (options.inboxToken !== undefined) await app.register(inboxScope(deps, options.inboxToken));
  return app;
}

/** What only those who run the server may see, for a listener of its own. */
export async function buildMetricsApp(scrape: () => Promise<Scrape>): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    requestTimeout: 15_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    clientErrorHandler: answerBrokenRequests({ isHttps: false, mountPath: undefined }),
  });
  addCommonHeaders(app, false);
  await app.register(metricsScope(scrape));
  return app;
}
