// GET and POST /sign-in/second-factor.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import {
  type SecondFactorView,
  sendCode,
  signInWithCode,
  viewSecondFactor,
} from '../../flows/sign-in/second-factor.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { cancel } from './cancel.ts';
import { halfDoneModel } from './half-done.ts';
import { goOn } from './hub.ts';
import { passwordFirst } from './password-first.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { waitingPath, waitingPaths } from './sign-in-paths.ts';
import { signedIn, wayOn } from './signed-in.ts';
import { type SecondFactorError, secondFactorPage } from './views/second-factor.ts';

export const sendFactorCodePath = '/sign-in/second-factor/send';

/** The page that asks for a code. */
export function secondFactorForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const query = queryParams(request);
    const attemptId = query.get('attempt');
    const cookies = readCookies(request);
    try {
      const method = query.get('method');
      const view = await viewSecondFactor(deps, contextOf(deps, request), { attemptId, method, cookies });
      if (view === 'to the new password')
        return goOn(request, reply, waitingPath({ waitsFor: 'new password', attemptId: attemptId! }));
      return 'hasRequest' in view ? goOn(request, reply, wayOn(view)) : show(request, reply, view);
    } catch (error) {
      return passwordFirst(request, reply, attemptId, error);
    }
  };
}

/** The code, or "back to the application". */
export function secondFactor(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const attemptId = params.get('attempt');
    const method = params.get('method');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    try {
      const code = params.get('code') ?? '';
      return await signedIn(request, reply, await signInWithCode(deps, context, { attemptId, code, method, cookies }));
    } catch (error) {
      const shown = shownAbove(deps, request, reply, error, 'wrong_code');
      if (!shown) return passwordFirst(request, reply, attemptId, error);
      const view = await viewSecondFactor(deps, context, { attemptId, method, cookies });
      if (typeof view === 'string' || 'hasRequest' in view) throw error;
      return show(request, reply, view, shown);
    }
  };
}

/** Sends a code, or "back to the application". */
export function sendFactorCode(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const attemptId = params.get('attempt');
    const method = params.get('method');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    try {
      await sendCode(deps, context, { attemptId, method, cookies });
      return await goOn(request, reply, `${waitingPaths['second factor']}?attempt=${attemptId}&method=${method}`);
    } catch (error) {
      const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
      if (shown?.code !== 'too_many_attempts') return passwordFirst(request, reply, attemptId, error);
      const view = await viewSecondFactor(deps, context, { attemptId, method, cookies });
      if (typeof view === 'string' || 'hasRequest' in view) throw error;
      return show(request, reply, view, { ...shown, code: 'too_many_codes' });
    }
  };
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  view: SecondFactorView,
  error?: SecondFactorError & { status: number },
) {
  const here = basePath(request.tenant) + waitingPaths['second factor'];
  const model = {
    ...halfDoneModel(request, view),
    action: here,
    method: view.method,
    unusable: view.unusable,
    sent: view.sent && { ...view.sent, action: basePath(request.tenant) + sendFactorCodePath },
    others: view.others.map((method) => ({ method, uri: `${here}?attempt=${view.attemptId}&method=${method}` })),
    error,
  };
  return sendPage(request, reply, (page) => secondFactorPage(page, model), {
    status: error?.status ?? 200,
    uiLocales: view.uiLocales,
  });
}
