// GET /inbox: what would have been sent. Only on a loopback host, without a mail server, and for whoever has the terminal.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { readInbox } from '../../flows/outbox/inbox.ts';
import { findTenant } from '../context.ts';
import { queryParams } from '../forms.ts';
import { route } from '../methods.ts';
import { answerPageErrors } from './errors.ts';
import { sendPage } from './page.ts';
import { inboxPage } from './views/inbox.ts';

export const inboxPath = '/inbox';

/** What a proxy adds: then the request may come from anywhere. */
const forwarded = /^(?:forwarded|via|x-forwarded-.*|x-real-ip|x-original-.*)$/;

/** `token`: shown on the terminal at this start. */
export function inboxScope(deps: Deps, token: string) {
  return async (scope: FastifyInstance) => {
    findTenant(scope, deps);
    answerPageErrors(scope, deps);
    route(scope, inboxPath, {
      GET: async (request, reply) => {
        if (Object.keys(request.headers).some((name) => forwarded.test(name)))
          throw new Refusal('not_found', 'There is nothing here.');
        const messages = await readInbox(deps, { token, given: queryParams(request).get('token') });
        return sendPage(request, reply, (page) => inboxPage(page, { messages }));
      },
    });
  };
}
