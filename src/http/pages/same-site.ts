// Cross-site request forgery: what changes something is accepted from our own pages only.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../../domain/errors.ts';

/**
 * Refuses unsafe requests that another site's page sent, by `Sec-Fetch-Site`, or by `Origin` where a browser sends none.
 * Without either it is no browser, and there are no cookies of a victim to ride on.
 */
export function refuseCrossSite(scope: FastifyInstance): void {
  scope.addHook('onRequest', async (request) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const site = request.headers['sec-fetch-site'];
    const { origin } = request.headers;
    const isOurs =
      site === undefined
        ? origin === undefined || origin === new URL(request.tenant.issuer).origin
        : site === 'same-origin' || site === 'none';
    if (!isOurs) throw new Refusal('cross_site', 'This form was sent from another site.');
  });
}

/**
 * Whether a browser sent it, by its fetch metadata (`Sec-Fetch-*`). The `fetch` of Node and its like say `Sec-Fetch-Mode: cors`
 * and nothing else, which no browser does.
 */
export function isFromBrowser({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return Object.entries(headers).some(
    ([name, value]) => name.startsWith('sec-fetch-') && !(name === 'sec-fetch-mode' && value === 'cors'),
  );
}
