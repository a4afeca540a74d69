// /account/two-step and below it: what there is, and an authenticator application added.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { Person } from '../../flows/account/fresh.ts';
import { beginFactor, confirmFactor, mayAddFactor, viewNewFactor, viewTwoStep } from '../../flows/account/two-step.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams } from '../forms.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountPaths, accountSections, confirmFactorPath } from './account-paths.ts';
import { firstCode } from './confirm-factor.ts';
import { factorNameIn } from './factor-name.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { accountTwoStepPage } from './views/account-two-step.ts';
import { newFactorNamePage, newFactorPage } from './views/new-factor.ts';
import type { SecondFactorError } from './views/second-factor.ts';

/** What there is. */
export function twoStep(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const context = contextOf(deps, request);
    const view = await viewTwoStep(deps, context, readCookies(request).session);
    if (!view) return otherwise(request, reply, 'nobody');
    const base = basePath(request.tenant);
    const model = {
      frame: frameOf(request, 'two_step', view.person.formToken),
      now: context.now,
      isOff: request.tenant.settings.mfa === 'off',
      codes: view.list.codes,
      factors: view.list.factors.map((factor) => ({
        ...factor,
        isUsable: view.usable.includes(factor.method),
        mustStay: view.mustStay.includes(factor.id),
      })),
      addUri: base + accountPaths['add factor'],
      addPhoneUri: view.addable.includes('sms') ? base + accountPaths['add phone'] : undefined,
      addEmailUri: view.addable.includes('email') ? base + accountPaths['add email factor'] : undefined,
      removeUri: base + accountPaths['remove factor'],
      makeCodesUri: base + accountPaths['make recovery codes'],
    };
    return sendPage(request, reply, (page) => accountTwoStepPage(page, model));
  };
}

/** What the new one is to be called. */
export function newFactor(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    // It is said there that nobody can.
    if (request.tenant.settings.mfa === 'off') return goOn(request, reply, accountSections.two_step);
    const person = await mayAddFactor(deps, contextOf(deps, request), readCookies(request));
    if (person === 'nobody' || person.kind === 'prove first') return otherwise(request, reply, person);
    return showName(request, reply, person);
  };
}

/** A secret is made, and shown by the page that this leads to. */
export function beginNewFactor(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const input = {
      cookies: readCookies(request),
      formToken: params.get('csrf'),
      name: factorNameIn(params),
    };
    const outcome = await beginFactor(deps, contextOf(deps, request), input);
    return outcome === 'begun' ? goOn(request, reply, confirmFactorPath) : otherwise(request, reply, outcome);
  };
}

/** The secret, until its first code has come. */
export function newFactorSecret(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => showSecret(deps, request, reply);
}

/** The first code. */
export function confirmNewFactor(deps: Deps): RouteHandlerMethod {
  return firstCode(deps, {
    beginPath: accountPaths['add factor'],
    confirm: (context, input) => confirmFactor(deps, context, input),
    notice: 'factor_added',
    showAgain: (request, reply, error) => showSecret(deps, request, reply, error),
  });
}

async function showSecret(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  error?: SecondFactorError & { status: number },
) {
  const view = await viewNewFactor(deps, contextOf(deps, request), readCookies(request));
  if (view === 'nothing begun') return goOn(request, reply, accountPaths['add factor']);
  if (view === 'nobody' || view.kind === 'prove first') return otherwise(request, reply, view);
  const base = basePath(request.tenant);
  const { person, totp } = view;
  const model = {
    frame: frameOf(request, 'two_step', person.formToken),
    action: base + confirmFactorPath,
    backUri: base + accountSections.two_step,
    id: totp.id,
    secret: totp.secret,
    uri: totp.otpauth_uri,
    qrSvg: totp.qr_svg,
    error,
  };
  return sendPage(request, reply, (page) => newFactorPage(page, model), { status: error?.status ?? 200 });
}

function showName(request: FastifyRequest, reply: FastifyReply, { formToken }: Person) {
  const base = basePath(request.tenant);
  const model = {
    frame: frameOf(request, 'two_step', formToken),
    action: base + accountPaths['add factor'],
    backUri: base + accountSections.two_step,
  };
  return sendPage(request, reply, (page) => newFactorNamePage(page, model));
}
