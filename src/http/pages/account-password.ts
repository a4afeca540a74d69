// GET and POST /account/password.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { changePasswordInBrowser, mayChangePassword } from '../../flows/account/password.ts';
import type { Person } from '../../flows/account/fresh.ts';
import { canRecover } from '../../flows/deliver/asked.ts';
import { translator } from '../../texts/messages.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams } from '../forms.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountSections } from './account-paths.ts';
import { forgotPath } from './forgot-password.ts';
import { goOn } from './hub.ts';
import { newPasswordProblem } from './new-password-problem.ts';
import { pageOf, sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { type AccountPassword, accountPasswordPage, noPasswordPage } from './views/account-password.ts';

/** The form, for whoever proved not long ago who they are. */
export function accountPassword(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const person = await mayChangePassword(deps, contextOf(deps, request), readCookies(request));
    if (person === 'nobody' || person.kind === 'prove first') return otherwise(request, reply, person);
    return show(deps, request, reply, person, {}, 200);
  };
}

/** The change. */
export function changePassword(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const [current, wanted] = [params.get('password') ?? '', params.get('new_password') ?? ''];
    const again = async (errors: AccountPassword['errors'], status: number) => {
      const person = await mayChangePassword(deps, context, cookies);
      if (person === 'nobody' || person.kind === 'prove first') return otherwise(request, reply, person);
      return show(deps, request, reply, person, errors, status);
    };
    const t = translator(pageOf(request).locale);
    const repeat = params.get('new_password_repeat');
    if (repeat !== undefined && repeat !== wanted)
      return again({ new_password_repeat: t('setup.error.password_repeat') }, refusalStatus.invalid_input);
    try {
      const formToken = params.get('csrf');
      const outcome = await changePasswordInBrowser(deps, context, { cookies, formToken, current, wanted });
      if (outcome !== 'done') return otherwise(request, reply, outcome);
      return await goOn(request, reply, `${accountSections.profile}?notice=password_changed`);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'invalid_input')
        return again({ new_password: newPasswordProblem(error, t) }, refusalStatus.invalid_input);
      const shown = shownAbove(deps, request, reply, error, 'wrong_credentials');
      if (!shown) throw error;
      return again({ form: shown }, shown.status);
    }
  };
}

function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { user, formToken, hasPassword }: Person & { readonly hasPassword: boolean },
  errors: AccountPassword['errors'],
  status: number,
) {
  const base = basePath(request.tenant);
  const frame = frameOf(request, 'password', formToken);
  if (!hasPassword) {
    const link =
      user.email !== undefined && canRecover(deps) ? { action: base + forgotPath, email: user.email } : undefined;
    return sendPage(request, reply, (page) => noPasswordPage(page, { frame, link }), { status });
  }
  const model = { frame, action: base + accountSections.password, username: user.username, errors };
  return sendPage(request, reply, (page) => accountPasswordPage(page, model), { status });
}
