// GET and POST /sign-in/email send a link or a code; POST /sign-in/email/code takes the code.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { clientName } from '../../domain/client.ts';
import { Refusal } from '../../domain/errors.ts';
import {
  askInBrowser,
  type MailSignInView,
  signInWithMailedCode,
  viewMailSignIn,
} from '../../flows/passwordless/browser.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { cancel } from './cancel.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { signedIn } from './signed-in.ts';
import {
  mailedCodePage,
  type MailedCode,
  type MailSignIn,
  mailSignInPage,
  signInLinkSentPage,
} from './views/mail-sign-in.ts';

export const mailSignInPath = '/sign-in/email';
export const mailedCodePath = '/sign-in/email/code';

/** The form for the address. */
export function mailSignInForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const attemptId = queryParams(request).get('attempt');
    const view = await viewMailSignIn(deps, contextOf(deps, request), { attemptId, cookies: readCookies(request) });
    return show(request, reply, view, { email: view.loginHint ?? '', isChecked: false });
  };
}

/** Sends what was asked for, or "back to the application". The same answer, whoever has the address. */
export function mailSignIn(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const attemptId = params.get('attempt');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const email = (params.get('email') ?? '').trim();
    const staySignedIn = params.get('stay') !== undefined;
    const way = params.get('way') === 'code' ? 'code' : 'link';
    const view = await viewMailSignIn(deps, context, { attemptId, cookies });
    try {
      await askInBrowser(deps, context, { attemptId, cookies, email, way, staySignedIn });
    } catch (error) {
      const also = { email, isChecked: staySignedIn };
      if (error instanceof Refusal && error.code === 'invalid_input')
        return show(request, reply, view, { ...also, error: { code: 'invalid' } }, refusalStatus.invalid_input);
      const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
      if (shown?.code !== 'too_many_attempts') throw error;
      return show(request, reply, view, { ...also, error: { ...shown, code: 'too_many_attempts' } }, shown.status);
    }
    const model = { ...common(request, view), email, stay: staySignedIn };
    const { uiLocales } = view;
    if (way === 'code') return showCode(request, reply, view, { email, stay: staySignedIn });
    return sendPage(request, reply, (page) => signInLinkSentPage(page, model), { uiLocales });
  };
}

/** The code, or "back to the application". */
export function mailedCode(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const attemptId = params.get('attempt');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const email = (params.get('email') ?? '').trim();
    try {
      const code = params.get('code') ?? '';
      const done = await signInWithMailedCode(deps, context, { attemptId, cookies, email, code });
      return await signedIn(request, reply, done);
    } catch (error) {
      const shown = shownAbove(deps, request, reply, error, 'wrong_code');
      if (!shown) throw error;
      const view = await viewMailSignIn(deps, context, { attemptId, cookies });
      const stay = params.get('stay') !== undefined;
      return showCode(request, reply, view, { email, stay, error: shown }, shown.status);
    }
  };
}

function common(request: FastifyRequest, view: MailSignInView) {
  const base = basePath(request.tenant);
  return {
    action: base + mailSignInPath,
    attempt: view.attemptId,
    passwordUri: `${base}/sign-in?attempt=${view.attemptId}`,
    clientName: view.client && clientName(view.client),
    clientLogoUri: view.client?.metadata.logo_uri,
    isForAccount: view.isForAccount,
  };
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  view: MailSignInView,
  { email, isChecked, error }: Pick<MailSignIn, 'email' | 'error'> & { isChecked: boolean },
  status = 200,
) {
  const model = { ...common(request, view), email, stay: view.asksToStay ? { isChecked } : undefined, error };
  return sendPage(request, reply, (page) => mailSignInPage(page, model), { status, uiLocales: view.uiLocales });
}

function showCode(
  request: FastifyRequest,
  reply: FastifyReply,
  view: MailSignInView,
  { email, stay, error }: Pick<MailedCode, 'email' | 'stay' | 'error'>,
  status = 200,
) {
  const codeAction = basePath(request.tenant) + mailedCodePath;
  const model = { ...common(request, view), email, stay, codeAction, error };
  return sendPage(request, reply, (page) => mailedCodePage(page, model), { status, uiLocales: view.uiLocales });
}
