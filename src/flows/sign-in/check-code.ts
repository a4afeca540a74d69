// Checks a code of a second factor, whichever door it came by: the attempt is reserved, the code compared, a failure recorded. Spending it is the caller's.
import { hashOfRecoveryCode } from '../../crypto/recovery-codes.ts';
import { totpStepOf } from '../../crypto/totp.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { type FirstFactorMethod, isSecondFactor, isSent, type SecondFactorMethod } from '../../domain/factors.ts';
import type { User } from '../../domain/user.ts';
import { type SecondFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { type CameBack, matchingSentCode, type Proving } from './sent-code.ts';
import { provableNow } from './provable.ts';
import { recordFailure } from './failed.ts';
import { type ReservedAttempt, reserveFactorAttempt } from './limiter.ts';
import { openedTotpSecret } from './totp-secret.ts';

/** A right code that nobody has spent yet: of which credential, and of which step, or by which hash what was sent is found. */
export type CheckedCode = {
  readonly method: SecondFactorMethod;
  readonly credentialId: string;
  readonly step: number | undefined;
  readonly codeHash: Buffer | undefined;
  /** Of one that was sent: where to. */
  readonly cameBack: CameBack | undefined;
  readonly reserved: ReservedAttempt;
};

export type GivenCode = {
  readonly code: string;
  /** Only a code of this method counts; any, when it is left out. */
  readonly method?: string | undefined;
};

/**
 * `knownBrowser`: under which id the account knows the browser or device. The name that was typed plays no part: every
 * stranger's code counts on one budget of the user, a new attempt resets nothing.
 * @throws Refusal wrong_code, the same for a code that was used before; too_many_attempts; conflict, and nothing is counted,
 * when there is no factor.
 */
export async function checkCode(
  deps: Deps,
  context: RequestContext,
  {
    user,
    given,
    knownBrowser,
    proving,
    first,
  }: {
    readonly user: User;
    readonly given: GivenCode;
    readonly knownBrowser: string | undefined;
    /** What a code that was sent would be for; undefined where none is. */
    readonly proving?: Proving | undefined;
    /** What was proven before it. */
    readonly first?: FirstFactorMethod | undefined;
  },
): Promise<CheckedCode> {
  const factors = await secondFactorsOf(deps.db, context.tenant.id, user.id);
  if (!isSecondFactor(factors.map((factor) => factor.method))) throw noSecondFactor();
  const account = { identifier: user.username, userId: user.id, knownBrowser };
  const reserved = await reserveFactorAttempt(deps, context, 'code', account);
  const secondFactors = factors.map(({ method }) => method);
  const usable = provableNow(deps, context.tenant, { secondFactors }, first);
  const candidates = factors.filter(({ method }) => usable.includes(method) && (given.method ?? method) === method);
  const found =
    (await matching(deps, context, user.id, candidates, given.code)) ??
    (proving && (await matchingSent(deps, context, candidates, { user, proving, code: given.code })));
  if (found) return { ...found, reserved };
  await recordFailure(deps, context, {
    factor: 'code',
    userId: user.id,
    attempts: reserved.attempts,
    reason: 'wrong code',
  });
  throw wrongCode();
}

/** One text for every reason. */
export function wrongCode(): Refusal {
  return new Refusal('wrong_code', 'The code is wrong, has expired, or was used before.');
}

/** What stands in the way of who would prove a factor without having one. */
export function noSecondFactor(): Refusal {
  return new Refusal('conflict', 'There is no second factor yet: add one first.');
}

async function matching(
  deps: Deps,
  { tenant, now }: RequestContext,
  userId: string,
  factors: readonly SecondFactor[],
  code: string,
): Promise<Omit<CheckedCode, 'reserved'> | undefined> {
  const digits = code.replaceAll(/\s/g, '');
  const hash = hashOfRecoveryCode(code);
  const nothingSent = { codeHash: undefined, cameBack: undefined };
  for (const factor of factors) {
    if (factor.method === 'totp') {
      const secret = openedTotpSecret(deps, tenant.id, userId, { id: factor.id, sealed: factor.secret });
      const step = secret && (await totpStepOf(secret, digits, now, factor.step));
      if (step !== undefined) return { method: 'totp', credentialId: factor.id, step, ...nothingSent };
    } else if (factor.method === 'recovery_code') {
      if (hash !== undefined && factor.secret === hash && factor.lastUsedAt === undefined)
        return { method: 'recovery_code', credentialId: factor.id, step: undefined, ...nothingSent };
    }
  }
  return undefined;
}

/** A guess at what was sent is counted only where something that is sent is a candidate. */
async function matchingSent(
  deps: Deps,
  context: RequestContext,
  factors: readonly SecondFactor[],
  { user, ...guess }: { user: User; proving: Proving; code: string },
): Promise<Omit<CheckedCode, 'reserved'> | undefined> {
  if (!factors.some(({ method }) => isSent(method))) return undefined;
  const right = await matchingSentCode(deps, context, { user, ...guess });
  const factor = right && factors.find(({ id }) => id === right.sent.credentialId);
  if (!right || !factor) return undefined;
  const { id: credentialId, method, phone } = factor;
  return {
    method,
    credentialId,
    step: undefined,
    codeHash: right.hash,
    cameBack: { user, phone, sent: right.sent },
  };
}
