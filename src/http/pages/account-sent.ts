// /account/two-step/phone, /account/two-step/email and below them: a factor whose codes are sent is added.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import type { SentMethod } from '../../domain/factors.ts';
import type { Person } from '../../flows/account/fresh.ts';
import { beginSent, confirmSent, mayAddSentFactor, viewSent, waitingSent } from '../../flows/account/sent-factor.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { refusalStatus } from '../failures.ts';
import { bodyParams } from '../forms.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountPaths, accountSections, confirmSentPaths } from './account-paths.ts';
import { firstCode } from './confirm-factor.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import { type NewSentError, newSentPage, sentCodePage } from './views/new-sent-factor.ts';
import type { SecondFactorError } from './views/second-factor.ts';

const beginPaths = { sms: accountPaths['add phone'], email: accountPaths['add email factor'] } as const;
const notices = { sms: 'phone_added', email: 'email_factor_added' } as const;

/** Asks for the number, or whether codes are to come by mail. */
export function newSentFactor(deps: Deps, method: SentMethod): RouteHandlerMethod {
  return async (request, reply) => {
    const context = contextOf(deps, request);
    const person = await mayAddSentFactor(deps, context, readCookies(request), method);
    // It is said there which there are.
    if (person === 'not here') return goOn(request, reply, accountSections.two_step);
    if (person === 'nobody' || person.kind === 'prove first') return otherwise(request, reply, person);
    const waiting = await waitingSent(deps, context, person, method);
    return showBegin(request, reply, person, method, undefined, waiting?.to);
  };
}

/** Sends the code. */
export function beginSentFactor(deps: Deps, method: SentMethod): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const context = contextOf(deps, request);
    const cookies = readCookies(request);
    const phone = (params.get('phone') ?? '').trim();
    try {
      const outcome = await beginSent(deps, context, { cookies, formToken: params.get('csrf'), method, phone });
      return await (outcome === 'begun'
        ? goOn(request, reply, confirmSentPaths[method])
        : otherwise(request, reply, outcome));
    } catch (error) {
      const shown = beginError(deps, request, reply, error);
      if (!shown) throw error;
      // Whoever has a code still has the field for it.
      if (params.get('again') !== undefined && shown.code === 'too_many_codes')
        return showCode(deps, request, reply, method, { ...shown, code: 'too_many_codes' });
      const person = await mayAddSentFactor(deps, context, cookies, method);
      if (typeof person === 'string' || person.kind === 'prove first') throw error;
      return showBegin(request, reply, person, method, { phone, ...shown });
    }
  };
}

/** The field for the code that was sent. */
export function sentFactorCode(deps: Deps, method: SentMethod): RouteHandlerMethod {
  return async (request, reply) => showCode(deps, request, reply, method);
}

/** The first code. */
export function confirmSentFactor(deps: Deps, method: SentMethod): RouteHandlerMethod {
  return firstCode(deps, {
    beginPath: beginPaths[method],
    confirm: (context, input) => confirmSent(deps, context, method, input),
    notice: notices[method],
    showAgain: (request, reply, error) => showCode(deps, request, reply, method, error),
  });
}

function beginError(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): (NewSentError & { status: number }) | undefined {
  if (error instanceof Refusal && error.code === 'invalid_input')
    return { code: 'invalid', status: refusalStatus.invalid_input };
  const shown = shownAbove(deps, request, reply, error, 'too_many_attempts');
  return shown?.code === 'too_many_attempts' ? { ...shown, code: 'too_many_codes' } : undefined;
}

async function showCode(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  method: SentMethod,
  error?: SecondFactorError & { status: number },
) {
  const view = await viewSent(deps, contextOf(deps, request), readCookies(request), method);
  if (view === 'nothing begun') return goOn(request, reply, beginPaths[method]);
  if (view === 'nobody' || view.kind === 'prove first') return otherwise(request, reply, view);
  const base = basePath(request.tenant);
  const { person, factor } = view;
  const model = {
    frame: frameOf(request, 'two_step', person.formToken),
    method,
    action: base + confirmSentPaths[method],
    backUri: base + accountSections.two_step,
    againUri: base + beginPaths[method],
    id: factor.id,
    to: factor.to,
    error,
  };
  return sendPage(request, reply, (page) => sentCodePage(page, model), { status: error?.status ?? 200 });
}

function showBegin(
  request: FastifyRequest,
  reply: FastifyReply,
  { formToken, user }: Person,
  method: SentMethod,
  failed?: NewSentError & { status: number; phone: string },
  waiting?: string,
) {
  const base = basePath(request.tenant);
  const model = {
    frame: frameOf(request, 'two_step', formToken),
    method,
    action: base + beginPaths[method],
    backUri: base + accountSections.two_step,
    email: user.email ?? '',
    phone: failed?.phone ?? '',
    waiting: waiting === undefined ? undefined : { to: waiting, uri: base + confirmSentPaths[method] },
    error: failed,
  };
  return sendPage(request, reply, (page) => newSentPage(page, model), { status: failed?.status ?? 200 });
}
