// GET and POST /sign-in.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { clientName } from '../../domain/client.ts';
import { provenChange } from '../../flows/account/change.ts';
import { canSignInByMail } from '../../flows/passwordless/ask.ts';
import { awaitsSetup } from '../../flows/setup.ts';
import { canRecover } from '../../flows/deliver/asked.ts';
import { signInIsNext } from '../../flows/authorize/authorize.ts';
import { type SignInView, viewSignIn } from '../../flows/sign-in/page.ts';
import { signInWithPassword } from '../../flows/sign-in/password.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies, setCookie } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { confirmationPath } from './account-paths.ts';
import { cancel } from './cancel.ts';
import { forgotPath } from './forgot-password.ts';
import { backToHub, goOn } from './hub.ts';
import { mailSignInPath } from './mail-sign-in.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { signedIn } from './signed-in.ts';
import { type SignIn, type SignInError, signInPage } from './views/sign-in.ts';

const notices = ['setup_done', 'password_reset'] as const;

/** The page for an attempt, or for somebody who came by themselves. */
export function signInForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const attemptId = queryParams(request).get('attempt');
    if (attemptId !== undefined && cookies.session !== undefined) {
      if (!(await signInIsNext(deps, context, { attemptId, cookies }))) return backToHub(request, reply, attemptId);
      const change = await provenChange(deps, context, { attemptId, cookies });
      if (change) return goOn(request, reply, confirmationPath(change));
    }
    const view = await viewSignIn(deps, context, { attemptId, cookies });
    if (view === 'signed in') return reply.redirect(`${basePath(request.tenant)}/account`, 303);
    if (view.browser !== undefined) setCookie(reply, request.tenant, 'browser', view.browser);
    const asked = notices.find((notice) => notice === queryParams(request).get('notice'));
    const isStranded = view.client === undefined && (await awaitsSetup(deps, request.tenant));
    return show(deps, request, reply, view, { notice: isStranded ? 'setup_open' : asked });
  };
}

/** The password, or "back to the application". */
export function signIn(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const attemptId = params.get('attempt');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    const username = params.get('username') ?? '';
    const staySignedIn = params.get('stay') !== undefined;
    try {
      const password = params.get('password') ?? '';
      const input = { attemptId, username, password, staySignedIn, cookies };
      const outcome = await signInWithPassword(deps, context, input);
      return await signedIn(request, reply, outcome);
    } catch (error) {
      const shown = shownAbove(deps, request, reply, error, 'wrong_credentials');
      if (!shown) throw error;
      const view = await viewSignIn(deps, context, { attemptId, cookies });
      if (view === 'signed in') throw error;
      return show(deps, request, reply, view, { username, staySignedIn, error: shown, status: shown.status });
    }
  };
}

function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  view: SignInView,
  also: {
    username?: string;
    staySignedIn?: boolean;
    error?: SignInError;
    status?: number;
    notice?: SignIn['notice'];
  },
) {
  const model = {
    action: `${basePath(request.tenant)}/sign-in`,
    attempt: view.attemptId,
    clientName: view.client && clientName(view.client),
    clientLogoUri: view.client?.metadata.logo_uri,
    username: also.username ?? view.username,
    reason: view.reason,
    isForAccount: view.isForAccount,
    stay: view.asksToStay ? { isChecked: also.staySignedIn ?? false } : undefined,
    error: also.error,
    notice: also.notice,
    mailUri: canSignInByMail(deps, request.tenant)
      ? `${basePath(request.tenant)}${mailSignInPath}?attempt=${view.attemptId}`
      : undefined,
    forgotUri: canRecover(deps) ? basePath(request.tenant) + forgotPath : undefined,
  };
  return sendPage(request, reply, (page) => signInPage(page, model), {
    status: also.status ?? 200,
    uiLocales: view.uiLocales,
  });
}
