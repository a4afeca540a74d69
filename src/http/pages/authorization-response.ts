// How an authorization response travels: in the query of a redirect, or in a form that posts itself.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { AuthorizationResponse } from '../../flows/authorize/respond.ts';
import { pageHeaders } from '../headers.ts';
import { pageOf } from './page.ts';
import { formPostPage } from './views/form-post.ts';

/** RFC 6749 4.1.2 and OAuth 2.0 Form Post Response Mode. 303 and no-referrer (RFC 9700 4.2.4 and 4.12). */
export function sendAuthorizationResponse(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { target, params }: AuthorizationResponse,
) {
  if (target.responseMode === 'form_post') {
    const nonce = deps.random(16).toString('base64');
    pageHeaders(reply, `nonce-${nonce}`);
    return reply
      .type('text/html; charset=utf-8')
      .send(String(formPostPage(pageOf(request), { action: target.redirectUri, fields: params, nonce })));
  }
  const separator = target.redirectUri.includes('?') ? '&' : '?';
  const location = `${target.redirectUri}${separator}${new URLSearchParams(params).toString()}`;
  return reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(location, 303);
}
