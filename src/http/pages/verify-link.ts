// GET and POST /auth/verify for browsers: where a mailed link leads. Programs get the endpoint (http/auth/passwordless.ts).
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { signInWithLink, verifyPath, viewLink } from '../../flows/passwordless/browser.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendPage } from './page.ts';
import { signedIn } from './signed-in.ts';
import { linkElsewherePage, verifyLinkPage } from './views/verify-link.ts';

/** A question: programs that read mails follow links, and spend nothing by it. A `proof` in the address is not looked at. */
export function verifyLinkForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const token = queryParams(request).get('token');
    const view = await viewLink(deps, contextOf(deps, request), { token, cookies: readCookies(request) });
    if (view.kind === 'elsewhere') return sendPage(request, reply, linkElsewherePage);
    const { username, clientName, uiLocales } = view;
    const model = { action: basePath(request.tenant) + verifyPath, token: token!, username, clientName };
    return sendPage(request, reply, (page) => verifyLinkPage(page, model), { uiLocales });
  };
}

/** The answer. */
export function verifyLinkAnswer(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const token = bodyParams(request).get('token');
    const done = await signInWithLink(deps, contextOf(deps, request), { token, cookies: readCookies(request) });
    return done === 'elsewhere'
      ? sendPage(request, reply, linkElsewherePage, { status: 403 })
      : signedIn(request, reply, done);
  };
}
