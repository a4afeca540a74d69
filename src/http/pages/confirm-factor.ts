// The form with the first code of a factor that is added, whichever it is: the answer to it.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { FirstCode, FirstCodeOutcome } from '../../flows/account/confirm-factor.ts';
import { contextOf } from '../context.ts';
import { readCookies, setSessionCookie } from '../cookies.ts';
import { bodyParams } from '../forms.ts';
import { frameOf, otherwise } from './account-frame.ts';
import { accountSections } from './account-paths.ts';
import { goOn } from './hub.ts';
import { sendPage } from './page.ts';
import { shownAbove } from './shown-above.ts';
import type { AccountNotice } from './views/account-frame.ts';
import { recoveryCodesPage } from './views/recovery-codes.ts';
import type { SecondFactorError } from './views/second-factor.ts';

/** Where the factor is begun, what confirms it, what is said of it then, and the form again with what was wrong. */
export type Confirmation = {
  readonly beginPath: string;
  readonly confirm: (context: RequestContext, input: FirstCode) => Promise<FirstCodeOutcome>;
  readonly notice: AccountNotice;
  readonly showAgain: (
    request: FastifyRequest,
    reply: FastifyReply,
    error: SecondFactorError & { status: number },
  ) => Promise<unknown>;
};

/** Adds the factor, and shows the recovery codes that were made with it. */
export function firstCode(deps: Deps, confirmation: Confirmation): RouteHandlerMethod {
  const { beginPath, confirm, notice, showAgain } = confirmation;
  return async (request, reply) => {
    const params = bodyParams(request);
    const input = {
      cookies: readCookies(request),
      formToken: params.get('csrf'),
      id: params.get('factor_id'),
      code: params.get('code') ?? '',
      endOthers: params.get('end_others') !== undefined,
    };
    try {
      const outcome = await confirm(contextOf(deps, request), input);
      if (typeof outcome === 'string' || outcome.kind === 'prove first')
        return await otherwise(request, reply, outcome);
      setSessionCookie(reply, request.tenant, outcome.sessionCookie);
      const codes = outcome.added.recovery_codes;
      if (!codes) return await goOn(request, reply, `${accountSections.two_step}?notice=${notice}`);
      const frame = { ...frameOf(request, 'two_step', outcome.person.formToken), notice };
      return await sendPage(request, reply, (page) => recoveryCodesPage(page, { frame, codes }));
    } catch (error) {
      // Too late, or begun again in another tab.
      if (error instanceof Refusal && error.code === 'not_found') return goOn(request, reply, beginPath);
      const shown = shownAbove(deps, request, reply, error, 'wrong_code');
      if (!shown) throw error;
      return showAgain(request, reply, shown);
    }
  };
}
