// GET and POST /oauth/logout, and the confirmation of its page.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { clientName } from '../../domain/client.ts';
import { endpoints } from '../../domain/endpoints.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import {
  confirmLogout,
  logout,
  type LogoutOutcome,
  logoutParameters as parameters,
  openLogoutForm,
  sealLogoutForm,
} from '../../flows/logout.ts';
import { basePath, contextOf } from '../context.ts';
import { clearCookie, readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendPage } from './page.ts';
import { signedOutPage, signOutConfirmPage } from './views/sign-out.ts';

/** OpenID Connect RP-Initiated Logout 1.0 2. A POST may come from another site, without cookies: it becomes a GET first, its form sealed into the address. */
export function logoutEndpoint(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    if (request.method === 'POST') {
      const form = sealLogoutForm(deps, contextOf(deps, request), bodyParams(request));
      const query = new URLSearchParams({ form });
      return reply
        .header('cache-control', 'no-store')
        .redirect(`${basePath(request.tenant)}${endpoints.logout}?${query.toString()}`, 303);
    }
    const context = contextOf(deps, request);
    const sealed = queryParams(request).get('form');
    const params = sealed === undefined ? queryParams(request) : openLogoutForm(deps, context, sealed);
    return show(request, reply, params, await logout(deps, context, { params, session: readCookies(request).session }));
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
