// GET and POST /oauth/logout, and the confirmation of its page.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { clientName } from '../../domain/client.ts';
import { endpoints } from '../../domain/endpoints.ts';
import { Refusal } from '../../domain/errors.ts';
import { type Params, paramsFrom } from '../../domain/params.ts';
import {
  confirmLogout,
  logout,
  type LogoutOutcome,
  logoutParameters as parameters,
  openLogoutForm,
  provesClient,
  sealLogoutForm,
} from '../../flows/logout.ts';
import type { ClientCredentials } from '../../flows/clients/presented.ts';
import { basePath, contextOf } from '../context.ts';
import { clearCookie, readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendPage } from './page.ts';
import { isFromBrowser } from './same-site.ts';
import { signedOutPage, signOutConfirmPage } from './views/sign-out.ts';

/**
 * OpenID Connect RP-Initiated Logout 1.0 2. A POST may come from another site, without cookies: it becomes a GET first, its
 * form sealed into the address. One that proves its client is no browser's, and is answered at once.
 */
export function logoutEndpoint(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    if (request.method === 'POST') {
      const params = bodyParams(request);
      const program = programIn(request, params);
      if (program) {
        const outcome = await logout(deps, contextOf(deps, request), { params, session: undefined, program });
        // Without a proof it may be an old browser, whose cookie comes with the GET only.
        if (provesClient(program)) return show(request, reply, params, outcome);
      }
      const form = sealLogoutForm(deps, contextOf(deps, request), params);
      const query = new URLSearchParams({ form });
      return reply
        .header('cache-control', 'no-store')
        .redirect(`${basePath(request.tenant)}${endpoints.logout}?${query.toString()}`, 303);
    }
    const context = contextOf(deps, request);
    const sealed = queryParams(request).get('form');
    const params = sealed === undefined ? queryParams(request) : openLogoutForm(deps, context, sealed);
    // What stands in an address is read by others: a secret in it proves nothing.
    const program = programIn(request, paramsFrom([]));
    const { session } = readCookies(request);
    return show(request, reply, params, await logout(deps, context, { params, session, program }));
  };
}

/** How the client of a call without browser and session cookie proves who it is, if it does. */
function programIn(request: FastifyRequest, params: Params): ClientCredentials | undefined {
  if (isFromBrowser(request) || readCookies(request).session !== undefined) return undefined;
  return { authorization: request.headers.authorization, params };
}

/** GET /sign-out: asks, and changes nothing: a link alone must not sign anybody out. */
export function logoutQuestion(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = paramsFrom([]);
    const { session } = readCookies(request);
    return show(request, reply, params, await logout(deps, contextOf(deps, request), { params, session }));
  };
}

/** The person's answer to "sign out?". */
export function logoutConfirmation(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    if (params.get('decision') !== 'confirm') return reply.redirect(`${basePath(request.tenant)}/account`, 303);
    const outcome = await confirmLogout(deps, contextOf(deps, request), {
      params,
      session: readCookies(request).session,
      formToken: params.get('csrf'),
    });
    if (!outcome) throw new Refusal('csrf', 'This form was not made for this browser, or it is too old.');
    return show(request, reply, params, outcome);
  };
}

function show(request: FastifyRequest, reply: FastifyReply, params: Params, outcome: LogoutOutcome) {
  const shownName = outcome.client && clientName(outcome.client);
  const uiLocales = params.get('ui_locales');
  if (outcome.kind === 'confirm') {
    const hidden = Object.fromEntries(
      parameters.flatMap((name) => (params.get(name) === undefined ? [] : [[name, params.get(name)!]])),
    );
    const action = `${basePath(request.tenant)}/sign-out`;
    return sendPage(
      request,
      reply,
      (page) =>
        signOutConfirmPage(page, {
          action,
          csrf: outcome.formToken,
          hidden,
          clientName: shownName,
          username: outcome.username,
        }),
      { uiLocales },
    );
  }
  clearCookie(reply, request.tenant, 'session');
  if (outcome.redirect !== undefined)
    return reply
      .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .redirect(outcome.redirect, 303);
  const model = {
    clientName: shownName,
    returnUri: outcome.client?.metadata.client_uri,
    signInUri: `${basePath(request.tenant)}/sign-in`,
  };
  return sendPage(request, reply, (page) => signedOutPage(page, model), { uiLocales });
}
