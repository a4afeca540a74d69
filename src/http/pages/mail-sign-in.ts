// GET and POST /sign-in/email send a link or a code, GET /sign-in/email/sent says so; POST /sign-in/email/code takes the code.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { clientName } from '../../domain/client.ts';
import { Refusal } from '../../domain/errors.ts';
import {
  type Asked,
  askInBrowser,
  type MailSignInView,
  openAsked,
  signInWithMailedCode,
  viewMailSignIn,
} from '../../flows/passwordless/browser.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { cancel } from './cancel.ts';
import { goOn } from './hub.ts';
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
export const mailSentPath = '/sign-in/email/sent';
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
    const asked = { email, way, staySignedIn } as const;
    try {
      const sealed = await askInBrowser(deps, context, { attemptId, cookies, ...asked });
      // To an address of its own: whoever reads it again, or comes back to it, asks for nothing.
      return await goOn(
        request,
        reply,
        `${mailSentPath}?${new URLSearchParams({ attempt: attemptId!, asked: sealed }).toString()}`,
      );
    } catch (error) {
      const view = () => viewMailSignIn(deps, context, { attemptId, cookies });
      const also = { email, isChecked: staySignedIn };
      if (error instanceof Refusal && error.code === 'invalid_input')
        return show(request, reply, await view(), { ...also, error: { code: 'invalid' } }, refusalStatus.invalid_input);
      const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
      if (shown?.code !== 'too_many_attempts') throw error;
      // Whoever has a code still has the field for it.
      if (params.get('again') === 'code')
        return showCode(
          request,
          reply,
          await view(),
          { ...asked, error: { ...shown, code: 'too_many_mails' } },
          shown.status,
        );
      return show(
        request,
        reply,
        await view(),
        { ...also, error: { ...shown, code: 'too_many_attempts' } },
        shown.status,
      );
    }
  };
}

/** What was sent, and where a code is typed. */
export function mailSent(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const query = queryParams(request);
    const visit = { attemptId: query.get('attempt'), cookies: readCookies(request) };
    const context = contextOf(deps, request);
    const asked = await openAsked(deps, context, { ...visit, sealed: query.get('asked') });
    if (!asked) return goOn(request, reply, `${mailSignInPath}?attempt=${visit.attemptId}`);
    const view = await viewMailSignIn(deps, context, visit);
    if (asked.way === 'code') return showCode(request, reply, view, asked);
    const { email, staySignedIn: stay } = asked;
    const model = { ...common(request, view), email, stay };
    return sendPage(request, reply, (page) => signInLinkSentPage(page, model), { uiLocales: view.uiLocales });
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
      const staySignedIn = params.get('stay') !== undefined;
      return showCode(request, reply, view, { email, staySignedIn, error: shown }, shown.status);
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
  { email, staySignedIn: stay, error }: Pick<Asked, 'email' | 'staySignedIn'> & Pick<MailedCode, 'error'>,
  status = 200,
) {
  const codeAction = basePath(request.tenant) + mailedCodePath;
  const model = { ...common(request, view), email, stay, codeAction, error };
  return sendPage(request, reply, (page) => mailedCodePage(page, model), { status, uiLocales: view.uiLocales });
}
