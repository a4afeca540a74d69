// Addresses that nothing answers: a page for people, JSON for programs, a problem where all errors are problems.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { isFirstPartyAddress } from '../domain/endpoints.ts';
import type { Tenant } from '../domain/tenant.ts';
import { tenantOfRequest } from '../flows/tenants/find.ts';
import { sendProblem } from './problems.ts';
import { hostOf } from './context.ts';
import { apiHeaders } from './headers.ts';
import { wayOut } from './pages/errors.ts';
import { sendPage } from './pages/page.ts';
import { errorPage } from './pages/views/error.ts';

export function answerUnknown(app: FastifyInstance, deps: Deps): void {
  app.setNotFoundHandler(async (request, reply) => {
    if (request.headers.accept?.includes('text/html')) {
      const tenant = await nearestTenant(deps, request);
      if (tenant) request.tenant = tenant;
      const model = {
        code: 'not_found',
        kind: 'missing',
        description: 'There is nothing at this address.',
        reference: request.id,
        at: deps.clock(),
        next: 'check_address',
        link: wayOut(request, 'start'),
      } as const;
      return sendPage(request, reply, (page) => errorPage(page, model), { status: 404 });
    }
    apiHeaders(reply);
    if (isFirstPartyAddress(request.url))
      return sendProblem(request, reply, {
        status: 404,
        code: 'not_found',
        detail: 'There is nothing at this address.',
      });
    return reply.code(404).send({ error: 'invalid_request', error_description: 'There is nothing at this address.' });
  });
}

/** The tenant whose slug the address begins with, else the one of its host. */
async function nearestTenant(deps: Deps, request: FastifyRequest): Promise<Tenant | undefined> {
  // No route matched, so nothing has read the slug out of the path yet.
  const slug = /^\/t\/([^/?]+)/.exec(request.url)?.[1];
  const bySlug = slug === undefined ? undefined : await tenantOfRequest(deps, hostOf(request), slug);
  return bySlug ?? tenantOfRequest(deps, hostOf(request), undefined);
}
