// Addresses that nothing answers: a page for people, JSON for programs.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { tenantOfRequest } from '../flows/tenants.ts';
import { hostOf } from './context.ts';
import { apiHeaders } from './headers.ts';
import { sendPage } from './pages/page.ts';
import { errorPage } from './pages/views/error.ts';

export function answerUnknown(app: FastifyInstance, deps: Deps): void {
  app.setNotFoundHandler(async (request, reply) => {
    if (request.headers.accept?.includes('text/html')) {
      const tenant = await tenantOfRequest(deps, hostOf(request), undefined);
      if (tenant) request.tenant = tenant;
      const description = 'There is nothing at this address.';
      return sendPage(
        request,
        reply,
        (page) => errorPage(page, { code: 'not_found', description, reference: request.id, next: 'check_address' }),
        { status: 404 },
      );
    }
    apiHeaders(reply);
    return reply.code(404).send({ error: 'invalid_request', error_description: 'There is nothing at this address.' });
  });
}
