// /sign-in/add-factor: the first second factor, where a sign-in demands one of somebody who has none.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { beginFirstFactor, signInWithFirstFactor, viewAddFactor } from '../../flows/second-factors/add-on-the-way.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { accountSections } from './account-paths.ts';
import { cancel } from './cancel.ts';
import { factorNameIn } from './factor-name.ts';
import { halfDoneModel } from './half-done.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { passwordFirst } from './password-first.ts';
import { shownAbove } from './shown-above.ts';
import { waitingPaths } from './sign-in-paths.ts';
import { setSignedInCookies, wayOn } from './signed-in.ts';
import { addFactorPage, addedFactorPage } from './views/add-factor.ts';
import type { SecondFactorError } from './views/second-factor.ts';

export const addFactorPath = waitingPaths['new factor'];
export const confirmFirstFactorPath = '/sign-in/add-factor/confirm';

/** Asks for a name, or shows the secret that waits for its first code. */
export function addFactorForm(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => show(deps, request, reply, queryParams(request).get('attempt'));
}

/** Makes the secret, which the page then shows. */
export function beginAddFactor(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const attemptId = params.get('attempt');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    try {
      const input = { attemptId, cookies: readCookies(request), name: factorNameIn(params) };
      await beginFirstFactor(deps, contextOf(deps, request), input);
      return await goOn(request, reply, `${addFactorPath}?attempt=${attemptId}`);
    } catch (error) {
      return passwordFirst(request, reply, attemptId, error);
    }
  };
}

/** The first code, which also completes the sign-in, unless another password is needed. */
export function confirmAddFactor(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const params = bodyParams(request);
    const attemptId = params.get('attempt');
    if (params.get('cancel') !== undefined) return cancel(deps, request, reply, attemptId);
    const cookies = readCookies(request);
    const input = { attemptId, cookies, id: params.get('factor_id'), code: params.get('code') ?? '' };
    try {
      const { signedIn, codes } = await signInWithFirstFactor(deps, contextOf(deps, request), input);
      setSignedInCookies(request, reply, signedIn);
      // Who came to add one has done so.
      const isDone = !('waitsFor' in signedIn) && !signedIn.hasRequest && signedIn.accountChange?.kind === 'add factor';
      const onward = basePath(request.tenant) + (isDone ? accountSections.two_step : wayOn(signedIn));
      return await sendPage(request, reply, (page) => addedFactorPage(page, { codes, onward }));
    } catch (error) {
      if (error instanceof Refusal && error.code === 'not_found')
        return goOn(request, reply, `${addFactorPath}?attempt=${attemptId}`);
      const shown = shownAbove(deps, request, reply, error, 'wrong_code');
      if (!shown) return passwordFirst(request, reply, attemptId, error);
      return show(deps, request, reply, attemptId, shown);
    }
  };
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  attemptId: string | undefined,
  error?: SecondFactorError & { status: number },
) {
  try {
    const view = await viewAddFactor(deps, contextOf(deps, request), { attemptId, cookies: readCookies(request) });
    if ('hasRequest' in view) return goOn(request, reply, wayOn(view));
    const base = basePath(request.tenant);
    const { totp } = view;
    const model = {
      ...halfDoneModel(request, view),
      nameAction: base + addFactorPath,
      codeAction: base + confirmFirstFactorPath,
      totp: totp && { id: totp.id, secret: totp.secret, uri: totp.otpauth_uri, qrSvg: totp.qr_svg },
      error,
    };
    return await sendPage(request, reply, (page) => addFactorPage(page, model), {
      status: error?.status ?? 200,
      uiLocales: view.uiLocales,
    });
  } catch (failure) {
    return passwordFirst(request, reply, attemptId, failure);
  }
}
