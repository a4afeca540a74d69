// GET /metrics, on a listener of its own, and nothing else there.
import type { FastifyInstance } from 'fastify';

/** What one scrape gets. */
export type Scrape = { readonly contentType: string; readonly body: string };

/** The routes of the metrics listener. */
export function metricsScope(scrape: () => Promise<Scrape>) {
  return async (scope: FastifyInstance) => {
    scope.get('/metrics', { exposeHeadRoute: false }, async (_request, reply) => {
      const { contentType, body } = await scrape();
      return reply.header('cache-control', 'no-store').header('content-type', contentType).send(body);
    });
    scope.setNotFoundHandler((_request, reply) =>
      reply.code(404).type('text/plain; charset=utf-8').send('There is nothing here but GET /metrics.\n'),
    );
  };
}
