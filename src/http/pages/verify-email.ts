// POST /account/email/verify asks for the link; GET and POST /verify-email are where it leads.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { isSignedInAs, otherPerson } from '../../flows/recovery/own-browser.ts';
import {
  askEmailVerification,
  checkEmailVerification,
  verifyEmail,
  verifyEmailPath,
} from '../../flows/recovery/verify-email.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { otherwise } from './account-frame.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { emailVerifiedPage, signInFirstPage, verifyEmailPage } from './views/verify-email.ts';

export const askVerificationPath = '/account/email/verify';

/** Sends the link to the address that is stored. */
export function askVerification(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const input = { cookies: readCookies(request), formToken: bodyParams(request).get('csrf') };
    const outcome = await askEmailVerification(deps, contextOf(deps, request), input).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'too_many_attempts') return 'too often' as const;
      throw error;
    });
    if (outcome === 'too often') return goOn(request, reply, '/account?notice=verification_wait');
    if (outcome === 'nobody' || outcome === 'foreign form') return otherwise(request, reply, outcome);
    return goOn(request, reply, outcome === 'sent' ? '/account?notice=verification_sent' : '/account');
  };
}

/** A question: programs that read mails follow links, and prove nothing by it. */
export function verifyEmailForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const token = queryParams(request).get('token');
    const context = contextOf(deps, request);
    const { user, email } = await checkEmailVerification(deps, context, token);
    if (!(await isSignedInAs(deps, context, { cookies: readCookies(request), userId: user.id })))
      return askToSignInFirst(deps, request, reply, user, 200);
    const model = {
      action: basePath(request.tenant) + verifyEmailPath,
      token: token!,
      email,
      username: user.username,
    };
    return sendPage(request, reply, (page) => verifyEmailPage(page, model));
  };
}

/** The answer. */
export function verifyEmailAnswer(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const given = { token: bodyParams(request).get('token'), cookies: readCookies(request) };
    const outcome = await verifyEmail(deps, contextOf(deps, request), given);
    if (outcome !== 'verified') return askToSignInFirst(deps, request, reply, outcome, 403);
    const accountUri = `${basePath(request.tenant)}/account`;
    return sendPage(request, reply, (page) => emailVerifiedPage(page, { accountUri }));
  };
}

/** Where the link belongs to an account that is not signed in here. */
export async function askToSignInFirst(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { username }: { readonly username: string },
  status: 200 | 403,
) {
  const base = basePath(request.tenant);
  const other = await otherPerson(deps, contextOf(deps, request), readCookies(request));
  const model = {
    username,
    signInUri: `${base}/sign-in`,
    other: other && { username: other.username, signOutAction: `${base}/sign-out`, csrf: other.formToken },
  };
  return sendPage(request, reply, (page) => signInFirstPage(page, model), { status });
}
