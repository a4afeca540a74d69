// GET and POST /account/email ask for another address; GET and POST /change-email are where the mailed link leads.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Person } from '../../flows/account/fresh.ts';
import {
  askEmailChange,
  changeEmail,
  changeEmailPath,
  checkEmailChange,
  isNamedByAddress,
  mayChangeEmail,
} from '../../flows/recovery/change-email.ts';
import { isSignedInAs } from '../../flows/recovery/own-browser.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountPaths, accountSections } from './account-paths.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { askToSignInFirst } from './verify-email.ts';
import { type AccountEmail, accountEmailPage } from './views/account-email.ts';
import { confirmedEmailPage, confirmEmailPage } from './views/verify-email.ts';

/** The form, for whoever proved not long ago who they are. */
export function accountEmail(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const person = await mayChangeEmail(deps, contextOf(deps, request), readCookies(request));
    if (person === 'nobody' || person.kind === 'prove first') return otherwise(request, reply, person);
    return show(request, reply, person, '');
  };
}

/** Sends the link. The same answer, whoever has the address. */
export function askAnotherEmail(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const email = (params.get('email') ?? '').trim();
    const again = async (error: NonNullable<AccountEmail['error']>, status: number) => {
      const person = await mayChangeEmail(deps, context, cookies);
      if (person === 'nobody' || person.kind === 'prove first') return otherwise(request, reply, person);
      return show(request, reply, person, email, error, status);
    };
    try {
      const outcome = await askEmailChange(deps, context, { cookies, formToken: params.get('csrf'), email });
      if (outcome === 'same address') return await again({ code: 'same' }, refusalStatus.invalid_input);
      if (outcome !== 'sent') return otherwise(request, reply, outcome);
      return await goOn(request, reply, `${accountSections.profile}?notice=email_change_asked`);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'invalid_input')
        return again({ code: 'invalid' }, refusalStatus.invalid_input);
      const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
      if (shown?.code !== 'too_many_attempts') throw error;
      return again({ code: 'too_many_attempts', retryAfter: shown.retryAfter }, shown.status);
    }
  };
}

/** A question: programs that read mails follow links, and change nothing by it. */
export function changeEmailForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const token = queryParams(request).get('token');
    const context = contextOf(deps, request);
    const { user, to } = await checkEmailChange(deps, context, token);
    if (!(await isSignedInAs(deps, context, { cookies: readCookies(request), userId: user.id })))
      return askToSignInFirst(deps, request, reply, user, 200);
    const model = {
      action: basePath(request.tenant) + changeEmailPath,
      token: token!,
      email: to,
      username: user.username,
      usernameToo: isNamedByAddress(user),
    };
    return sendPage(request, reply, (page) => confirmEmailPage(page, model));
  };
}

/** The answer. */
export function changeEmailAnswer(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const given = { token: bodyParams(request).get('token'), cookies: readCookies(request) };
    const outcome = await changeEmail(deps, contextOf(deps, request), given);
    if (outcome !== 'changed') return askToSignInFirst(deps, request, reply, outcome, 403);
    const accountUri = `${basePath(request.tenant)}/account`;
    return sendPage(request, reply, (page) => confirmedEmailPage(page, { accountUri }));
  };
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  { user, formToken }: Person,
  email: string,
  error?: AccountEmail['error'],
  status = 200,
) {
  const base = basePath(request.tenant);
  const model = {
    frame: frameOf(request, 'profile', formToken),
    action: base + accountPaths['change email'],
    backUri: base + accountSections.profile,
    current: user.email,
    usernameToo: isNamedByAddress(user),
    email,
    error,
  };
  return sendPage(request, reply, (page) => accountEmailPage(page, model), { status });
}
