// GET and POST /reset-password: another password, for whoever holds the mailed link. Nobody is signed in by it.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal, Unavailable } from '../../domain/errors.ts';
import { resetPath } from '../../flows/recovery/forgot.ts';
import { checkReset, resetPassword } from '../../flows/recovery/reset.ts';
import { translator } from '../../texts/messages.ts';
import { basePath, contextOf } from '../context.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { goOn } from './hub.ts';
import { newPasswordProblem } from './new-password-problem.ts';
import { pageOf, sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { type ResetPassword, resetPasswordPage } from './views/reset-password.ts';

/** The form. Looking spends nothing: programs that read mails may have followed the link already. */
export function resetForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => show(deps, request, reply, queryParams(request).get('token'), {}, 200);
}

/** The new password. */
export function reset(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const token = params.get('token');
    const wanted = params.get('new_password') ?? '';
    const t = translator(pageOf(request).locale);
    if ((params.get('new_password_repeat') ?? '') !== wanted) {
      const errors = { new_password_repeat: t('setup.error.password_repeat') };
      return show(deps, request, reply, token, errors, refusalStatus.invalid_input);
    }
    try {
      await resetPassword(deps, contextOf(deps, request), token, wanted);
      return await goOn(request, reply, '/sign-in?notice=password_reset');
    } catch (error) {
      if (error instanceof Refusal && error.code === 'invalid_input') {
        const errors = { new_password: newPasswordProblem(error, t) };
        return show(deps, request, reply, token, errors, refusalStatus.invalid_input);
      }
      const shown =
        error instanceof Unavailable ? shownAbove(deps, request, reply, error, 'wrong_credentials') : undefined;
      if (!shown) throw error;
      return show(deps, request, reply, token, { form: 'busy' }, shown.status);
    }
  };
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string | undefined,
  errors: ResetPassword['errors'],
  status: number,
) {
  const { user } = await checkReset(deps, contextOf(deps, request), token);
  const model = { action: basePath(request.tenant) + resetPath, token: token!, username: user.username, errors };
  return sendPage(request, reply, (page) => resetPasswordPage(page, model), { status });
}
