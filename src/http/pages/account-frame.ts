// What the account pages have in common: who may see them, and the frame that they stand in.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../domain/errors.ts';
import type { ProofFirst } from '../../flows/account/fresh.ts';
import { basePath } from '../context.ts';
import { setCookie } from '../cookies.ts';
import { queryParams } from '../forms.ts';
import { type AccountSection, accountSections } from './account-paths.ts';
import { goOn } from './hub.ts';
import { type AccountFrame, accountNotices } from './views/account-frame.ts';

/** The frame of a section, with what was just done, as the address says it. */
export function frameOf(request: FastifyRequest, section: AccountSection, csrf: string): AccountFrame {
  const base = basePath(request.tenant);
  return {
    section,
    sections: Object.entries(accountSections).map(([name, path]) => ({
      name: name as AccountSection,
      uri: base + path,
    })),
    csrf,
    signOutAction: `${base}/sign-out`,
    notice: accountNotices.find((notice) => notice === queryParams(request).get('notice')),
  };
}

/** Where somebody goes who may not see or do it yet. @throws Refusal csrf. */
export function otherwise(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: ProofFirst | 'nobody' | 'foreign form',
) {
  if (outcome === 'foreign form')
    throw new Refusal('csrf', 'This form was not made for this browser, or it is too old.');
  if (outcome === 'nobody') return goOn(request, reply, '/sign-in');
  if (outcome.browser !== undefined) setCookie(reply, request.tenant, 'browser', outcome.browser);
  return goOn(request, reply, `/sign-in?attempt=${outcome.attemptId}`);
}
