// GET and POST /forgot-password: a link to another password, for whoever has the mailbox.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { canRecover } from '../../flows/deliver/asked.ts';
import { forgotPassword } from '../../flows/recovery/forgot.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams } from '../forms.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { type ForgotPassword, forgotPasswordPage, linkSentPage } from './views/forgot-password.ts';

export const forgotPath = '/forgot-password';

/** The form, where mails can be sent. */
export function forgotForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    if (!canRecover(deps)) throw new Refusal('not_found', 'There is nothing here.');
    return show(request, reply, { email: '' });
  };
}

/** The same answer, whoever has the address. */
export function forgot(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const email = (bodyParams(request).get('email') ?? '').trim();
    try {
      await forgotPassword(deps, contextOf(deps, request), { email, known: readCookies(request).known });
      const signInUri = `${basePath(request.tenant)}/sign-in`;
      return await sendPage(request, reply, (page) => linkSentPage(page, { email, signInUri }));
    } catch (error) {
      if (error instanceof Refusal && error.code === 'invalid_input')
        return show(request, reply, { email, error: { code: 'invalid' } }, refusalStatus.invalid_input);
      const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
      if (shown?.code !== 'too_many_attempts') throw error;
      return show(request, reply, { email, error: { ...shown, code: 'too_many_attempts' } }, shown.status);
    }
  };
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  { email, error }: Pick<ForgotPassword, 'email' | 'error'>,
  status = 200,
) {
  const base = basePath(request.tenant);
  const model = { action: base + forgotPath, signInUri: `${base}/sign-in`, email, error };
  return sendPage(request, reply, (page) => forgotPasswordPage(page, model), { status });
}
