// How an authorization response travels: in the query or fragment of a redirect, or in a form that posts itself.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { AuthorizationResponse } from '../../flows/authorize/respond.ts';
import { whoAsks } from '../failures.ts';
import { pageHeaders } from '../headers.ts';
import { pageOf } from './page.ts';
import { formPostPage } from './views/form-post.ts';

/** RFC 6749 4.1.2 and OAuth 2.0 Form Post Response Mode. 303 and no-referrer (RFC 9700 4.2.4 and 4.12). */
export function sendAuthorizationResponse(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  response: AuthorizationResponse,
) {
  logRefused(deps, request, response);
  const { target, params } = response;
  if (target.responseMode === 'form_post') {
    const nonce = deps.random(16).toString('base64');
    pageHeaders(reply, `nonce-${nonce}`);
    return reply
      .type('text/html; charset=utf-8')
      .send(String(formPostPage(pageOf(request), { action: target.redirectUri, fields: params, nonce })));
  }
  const inQuery = target.redirectUri.includes('?') ? '&' : '?';
  const separator = target.responseMode === 'fragment' ? '#' : inQuery;
  const location = `${target.redirectUri}${separator}${new URLSearchParams(params).toString()}`;
  return reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(location, 303);
}

/** What people and `prompt=none` answer every day. */
const everyday: readonly (string | undefined)[] = ['login_required', 'consent_required', 'access_denied'];

/** Most applications show nothing of an error that they are told. */
function logRefused(deps: Deps, request: FastifyRequest, { target, clientId, params }: AuthorizationResponse): void {
  const { error: code, error_description: description } = params;
  if (code === undefined) return;
  deps.log[everyday.includes(code) ? 'debug' : 'info'](
    { ...whoAsks(request), code, description, client: clientId, redirect_uri: target.redirectUri },
    'refused',
  );
}
