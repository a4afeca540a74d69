// GET and POST /setup: the first administrator.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { shortestChosenPassword } from '../../domain/user.ts';
import { checkSetup, setUpFirstAdmin } from '../../flows/setup.ts';
import { basePath, contextOf } from '../context.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { translator } from './messages.ts';
import { pageOf, sendPage } from './page.ts';
import { setupPage } from './views/setup.ts';

/** The form, for whoever holds the link. */
export function setupForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const token = queryParams(request).get('token');
    await checkSetup(deps, contextOf(deps, request), token);
    return show(request, reply, token!, { username: '', email: '' }, {});
  };
}

/** Makes the administrator, who then signs in. */
export function setup(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const values = { username: params.get('username') ?? '', email: params.get('email') ?? '' };
    try {
      await setUpFirstAdmin(deps, contextOf(deps, request), params.get('token'), {
        ...values,
        password: params.get('password') ?? '',
      });
      return await reply.redirect(`${basePath(request.tenant)}/sign-in`, 303);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'invalid_input') throw error;
      return show(request, reply, params.get('token')!, values, error.fields ?? {}, error.status);
    }
  };
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  values: { username: string; email: string },
  fields: Readonly<Record<string, string>>,
  status = 200,
) {
  const t = translator(pageOf(request).locale);
  const errors = {
    ...(fields['username'] === undefined ? {} : { username: t('setup.error.username_invalid') }),
    ...(fields['email'] === undefined ? {} : { email: t('setup.error.email_invalid') }),
    ...(fields['password'] === undefined
      ? {}
      : { password: t('setup.error.password_short', { minimum: shortestChosenPassword }) }),
  };
  return sendPage(
    request,
    reply,
    (page) => setupPage(page, { action: `${basePath(request.tenant)}/setup`, token, values, errors }),
    { status },
  );
}
