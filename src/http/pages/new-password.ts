// GET and POST /sign-in/new-password: another password in the place of one that somebody else knows, before there is a session.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { signInWithNewPassword, viewNewPassword } from '../../flows/users/change-on-the-way.ts';
import { translator } from '../../texts/messages.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { cancel } from './cancel.ts';
import { halfDoneModel } from './half-done.ts';
import { goOn } from './hub.ts';
import { newPasswordProblem } from './new-password-problem.ts';
import { pageOf, sendPage } from './page.ts';
import { passwordFirst } from './password-first.ts';
import { shownAbove } from './shown-above.ts';
import { waitingPaths } from './sign-in-paths.ts';
import { signedIn, wayOn } from './signed-in.ts';
import { type NewPassword, newPasswordPage } from './views/new-password.ts';

/** The form, for whoever has proven all else. */
export function newPasswordForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => show(deps, request, reply, queryParams(request).get('attempt'), {}, 200);
}

/** The new password, which also completes the sign-in, or "back to the application". */
export function newPassword(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const attemptId = params.get('attempt');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    const again = (errors: NewPassword['errors'], status: number) =>
      show(deps, request, reply, attemptId, errors, status);
    const t = translator(pageOf(request).locale);
    const wanted = params.get('new_password') ?? '';
    if ((params.get('new_password_repeat') ?? '') !== wanted)
      return again({ new_password_repeat: t('setup.error.password_repeat') }, refusalStatus.invalid_input);
    try {
      const input = { attemptId, cookies: readCookies(request), wanted };
      return await signedIn(request, reply, await signInWithNewPassword(deps, contextOf(deps, request), input));
    } catch (error) {
      if (error instanceof Refusal && error.code === 'invalid_input')
        return again({ new_password: newPasswordProblem(error, t) }, refusalStatus.invalid_input);
      const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
      if (!shown) return passwordFirst(request, reply, attemptId, error);
      return again({ form: shown }, shown.status);
    }
  };
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  attemptId: string | undefined,
  errors: NewPassword['errors'],
  status: number,
) {
  try {
    const view = await viewNewPassword(deps, contextOf(deps, request), { attemptId, cookies: readCookies(request) });
    if ('hasRequest' in view) return goOn(request, reply, wayOn(view));
    const model = {
      ...halfDoneModel(request, view),
      action: basePath(request.tenant) + waitingPaths['new password'],
      errors,
    };
    return await sendPage(request, reply, (page) => newPasswordPage(page, model), {
      status,
      uiLocales: view.uiLocales,
    });
  } catch (failure) {
    return passwordFirst(request, reply, attemptId, failure);
  }
}
