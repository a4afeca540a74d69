// /auth/mfa and below it: second factors proven, added, listed, removed.
import type { FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { invalidInput, OAuthError } from '../../domain/errors.ts';
import type { SentMethod } from '../../domain/factors.ts';
import {
  addSentFactor,
  addTotp,
  challenge as challengeOf,
  confirmNewSentFactor,
  confirmNewTotp,
  listFactors,
  newRecoveryCodes,
  removeOwnFactor,
} from '../../flows/first-party/second-factors.ts';
import { stepUp, verifySecondFactor } from '../../flows/first-party/verify.ts';
import {
  checkedChallenge,
  checkedConfirmation,
  checkedNewEmailFactor,
  checkedNewPhone,
  checkedNewTotp,
  checkedProof,
  checkedRemoval,
  checkedSentConfirmation,
  checkedVerification,
} from '../../schemas/first-party.ts';
import { bearerOf } from '../bearer.ts';
import { contextOf } from '../context.ts';
import { apiHeaders } from '../headers.ts';

/** POST /auth/mfa/verify: with a partial token as `token`, or a Bearer whose session is to be raised. */
export function verify(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const context = contextOf(deps, request);
    const { token, ...given } = checkedVerification(request.body);
    const { authorization } = request.headers;
    const bearer = bearerOf(authorization);
    if (bearer === undefined) {
      if (token === undefined) throw tokenMissing();
      return verifySecondFactor(deps, context, { authorization, token, ...given });
    }
    if (token !== undefined)
      throw invalidInput([{ path: ['token'], problem: 'stands beside a Bearer: send one of them' }]);
    return stepUp(deps, context, bearer, given);
  };
}

/** POST /auth/mfa/challenge: what can be proven now, and a code of the `method` where it is one whose codes are sent. */
export function challenge(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { method, ...given } = checkedChallenge(request.body ?? {});
    return challengeOf(deps, contextOf(deps, request), credentialsOf(request, given), method);
  };
}

/** POST /auth/mfa/sms and /auth/mfa/email: sends the first code. */
export function sentFactor(deps: Deps, method: SentMethod): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const bearer = requiredBearer(request);
    const wanted = method === 'sms' ? checkedNewPhone(request.body) : checkedNewEmailFactor(request.body ?? {});
    return reply.code(202).send(await addSentFactor(deps, contextOf(deps, request), bearer, { method, ...wanted }));
  };
}

/** POST /auth/mfa/sms/confirm and /auth/mfa/email/confirm: the first code. */
export function confirmSent(deps: Deps, method: SentMethod): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const bearer = requiredBearer(request);
    const { code, id, end_other_sessions: endOthers = false } = checkedSentConfirmation(request.body);
    return confirmNewSentFactor(deps, contextOf(deps, request), bearer, { method, code, id, endOthers });
  };
}

/** POST /auth/mfa/totp: a secret for an authenticator application. */
export function totp(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { name, ...given } = checkedNewTotp(request.body ?? {});
    return addTotp(deps, contextOf(deps, request), credentialsOf(request, given), name);
  };
}

/** POST /auth/mfa/totp/confirm: its first code. */
export function confirmTotp(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { code, id, end_other_sessions: endOthers = false, ...given } = checkedConfirmation(request.body);
    return confirmNewTotp(deps, contextOf(deps, request), credentialsOf(request, given), { code, id, endOthers });
  };
}

/** POST /auth/mfa/recovery-codes: new ones. */
export function recoveryCodes(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const bearer = requiredBearer(request);
    const given = checkedProof(request.body);
    return { recovery_codes: await newRecoveryCodes(deps, contextOf(deps, request), bearer, given) };
  };
}

/** GET /auth/mfa. Times in seconds. */
export function list(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { factors, codes } = await listFactors(deps, contextOf(deps, request), requiredBearer(request));
    return {
      factors: factors.map(({ id, method, name, phone, createdAt, lastUsedAt }) => ({
        id,
        method,
        ...(name !== undefined && { name }),
        ...(phone !== undefined && { phone }),
        created_at: Math.floor(createdAt / 1000),
        last_used_at: lastUsedAt === undefined ? null : Math.floor(lastUsedAt / 1000),
      })),
      recovery_codes: codes,
    };
  };
}

/** DELETE /auth/mfa/{id}. */
export function remove(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const bearer = requiredBearer(request);
    const { end_other_sessions: endOthers = false, ...given } = checkedRemoval(request.body ?? {});
    const { id } = request.params as { id: string };
    await removeOwnFactor(deps, contextOf(deps, request), bearer, { id, endOthers, ...given });
    return reply.code(204).send();
  };
}

/** `given` names the client as well, where it does. */
function credentialsOf<Given extends { token?: string }>(request: FastifyRequest, given: Given) {
  const { authorization } = request.headers;
  const bearer = bearerOf(authorization);
  if (bearer === undefined && given.token === undefined) throw tokenMissing();
  if (bearer !== undefined && given.token !== undefined)
    throw invalidInput([{ path: ['token'], problem: 'stands beside a Bearer: send one of them' }]);
  return { authorization: bearer === undefined ? authorization : undefined, bearer, ...given };
}

function tokenMissing(): OAuthError {
  return new OAuthError('invalid_token', 'Send the partial token as token, or the access token as Bearer.');
}

/** @throws OAuthError invalid_token. */
function requiredBearer(request: FastifyRequest): string {
  const bearer = bearerOf(request.headers.authorization);
  if (bearer === undefined) throw new OAuthError('invalid_token', 'Send the access token as Bearer.');
  return bearer;
}
