// GET and POST /setup: the first administrator.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { shortestPassword } from '../../domain/user.ts';
import { guessablePassword } from '../../schemas/password.ts';
import { checkSetup, setUpFirstAdmin, signInFirstAdmin } from '../../flows/setup.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies, setCookie } from '../cookies.ts';
import { logShownFailure, refusalStatus } from '../failures.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { translator } from '../../texts/messages.ts';
import { pageOf, sendPage } from './page.ts';
import { signedIn } from './signed-in.ts';
import { setupPage } from './views/setup.ts';

/** The form, for whoever holds the link. */
export function setupForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const token = queryParams(request).get('token');
    await checkSetup(deps, contextOf(deps, request), token);
    return show(request, reply, token!, { username: '', email: '' }, []);
  };
}

/** Makes the administrator, and signs them in. */
export function setup(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const values = { username: params.get('username') ?? '', email: params.get('email') ?? '' };
    const password = params.get('password') ?? '';
    const repeat = params.get('password_repeat');
    const context = contextOf(deps, request);
    const token = params.get('token');
    // Scripts may send the password once; a person who mistypes it would lock out the only administrator.
    if (repeat !== undefined && repeat !== password) {
      await checkSetup(deps, context, token);
      const isShort = Array.from(password).length < shortestPassword;
      return show(request, reply, token!, values, [...(isShort ? ['password'] : []), 'password_repeat']);
    }
    try {
      await setUpFirstAdmin(deps, context, token, { ...values, password });
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'invalid_input') throw error;
      return show(
        request,
        reply,
        token!,
        values,
        error.mistakes.map(({ path, problem }) => (problem === guessablePassword ? guessablePassword : path[0])),
      );
    }
    try {
      const { outcome, browser } = await signInFirstAdmin(deps, context, { ...values, password }, readCookies(request));
      if (browser !== undefined) setCookie(reply, request.tenant, 'browser', browser);
      return await signedIn(request, reply, outcome);
    } catch (error) {
      // The administrator is there: whatever stands in the way of signing in now, the sign-in page says it.
      logShownFailure(deps, request, error);
      return reply.redirect(`${basePath(request.tenant)}/sign-in?notice=setup_done`, 303);
    }
  };
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  values: { username: string; email: string },
  wrong: readonly unknown[],
) {
  const t = translator(pageOf(request).locale);
  const errors = {
    ...(wrong.includes('username') && { username: t('setup.error.username_invalid') }),
    ...(wrong.includes('email') && { email: t('setup.error.email_invalid') }),
    ...(wrong.includes('password') && { password: t('setup.error.password_short', { minimum: shortestPassword }) }),
    ...(wrong.includes(guessablePassword) && { password: t('setup.error.password_guessable') }),
    ...(wrong.includes('password_repeat') && { password_repeat: t('setup.error.password_repeat') }),
  };
  return sendPage(
    request,
    reply,
    (page) => setupPage(page, { action: `${basePath(request.tenant)}/setup`, token, values, errors }),
    { status: wrong.length > 0 ? refusalStatus.invalid_input : 200 },
  );
}
