// A second factor is added once its first code has been proven, of whichever method: what that changes besides.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { isSecondFactor, type SecondFactorMethod, steppedUp } from '../../domain/factors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { letHalfSignInGoOn } from '../../storage/half-sign-ins.ts';
import { forgetEnrolments } from '../../storage/one-time-tokens.ts';
import { refuseSignInsUnderWay } from '../../storage/passwords.ts';
import { raiseGrant, raiseSession, secondFactorsOf, spendSecondFactor } from '../../storage/second-factors.ts';
import { endOthersOf, lockUser } from '../../storage/users.ts';
import { eventOf, record } from '../events.ts';
import type { ReservedAttempt } from '../sign-in/limiter.ts';
import { keptSession, type Owner, type Right } from './owner.ts';
import { makeRecoveryCodes } from './recovery-codes.ts';

/** A factor whose first code was right. */
export type Adding = {
  readonly id: string;
  readonly method: Exclude<SecondFactorMethod, 'recovery_code'>;
  /** How many of the method somebody may have. */
  readonly most: number;
  /** What the first code is spent by. */
  readonly step: number | undefined;
  readonly codeHash: Buffer | undefined;
  /** Where it was counted. */
  readonly reserved: ReservedAttempt;
  /** Makes the credential, of which nothing is spent yet. @returns false when it was made before, or is not waited for any more. */
  readonly insert: (tx: Db) => Promise<boolean>;
};

export type AddedFactor = {
  readonly id: string;
  readonly method: Adding['method'];
  /** With the first factor only. */
  readonly recovery_codes?: readonly string[];
};

/**
 * The factor counts from here on, and its first code is spent. What it is added by is raised by it: the grant and session of a
 * token, or the session of a browser. `acting`: as the person. @throws Refusal not_found, conflict when somebody was first.
 */
export async function addProvenFactor(
  deps: Deps,
  tx: Db,
  acting: RequestContext,
  owner: Owner,
  { endOthers, ...adding }: Adding & { readonly endOthers: boolean },
): Promise<AddedFactor> {
  const { tenant, now } = acting;
  const { user, by } = owner;
  const { id, method, most, step, codeHash, reserved } = adding;
  const locked = await lockUser(tx, tenant.id, user.id);
  if (!locked || locked.disabled) throw nothingBegun();
  const before = (await secondFactorsOf(tx, tenant.id, user.id)).map((factor) => factor.method);
  const isFirst = !isSecondFactor(before);
  // Between the factors only the first can be added: another would lead around it.
  if (!isFirst && (by.kind === 'half sign-in' || by.kind === 'browser sign-in')) throw nothingBegun();
  if (before.filter((other) => other === method).length >= most) throw enough(most);
  if (!(await adding.insert(tx))) throw nothingBegun();
  const { accountKey, addressKey } = reserved;
  const spending = { userId: user.id, credentialId: id, step, codeHash, accountKey, addressKey };
  await raise(deps, tx, acting, by, method, spending);
  await forgetEnrolments(tx, tenant.id, user.id);
  if (isFirst) await refuseOthersUnderWay(tx, acting, user.id, by.kind === 'half sign-in' ? by.attemptId : undefined);
  await record(deps, tx, acting, { type: 'user.second_factor_added', userId: user.id, data: { method, id } });
  if (endOthers) await endOthersOf(tx, tenant.id, user.id, keptSession(owner), 'second_factor_changed', now);
  const codes = isFirst ? await makeRecoveryCodes(deps, tx, acting, { userId: user.id, withFactor: true }) : undefined;
  return { id, method, ...(codes && { recovery_codes: codes }) };
}

/** @throws Refusal second_factors_off. */
export function assertMayAdd(tenant: Tenant, user: User): void {
  if (user.kind === 'service') throw new Refusal('second_factors_off', 'A service account has no second factors.');
  if (tenant.settings.mfa === 'off') throw new Refusal('second_factors_off', 'Nobody can add a second factor here.');
}

/** Who proved a password while there was no second factor would else get a session without one. */
async function refuseOthersUnderWay(
  tx: Db,
  { tenant, now }: RequestContext,
  userId: string,
  attemptId: string | undefined,
): Promise<void> {
  const passwordVersion = await refuseSignInsUnderWay(tx, tenant.id, userId, now);
  if (attemptId !== undefined) await letHalfSignInGoOn(tx, tenant.id, { id: attemptId, passwordVersion });
}

/** What added the factor has proven it. @throws OAuthError invalid_token, or Refusal not_found, when it ended meanwhile. */
async function raise(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  by: Right,
  method: Adding['method'],
  spending: Parameters<typeof spendSecondFactor>[2],
): Promise<void> {
  const { tenant, now } = context;
  if (by.kind === 'half sign-in' || by.kind === 'browser sign-in') {
    await spendSecondFactor(tx, tenant.id, spending, now);
    return;
  }
  const { authentication } = by.kind === 'token' ? by.grant : by.session;
  const { amr, acr } = steppedUp(authentication, { method, at: now });
  const raised = { ...spending, amr, acr, mfaMethod: method } as const;
  const event = eventOf(deps, context);
  if (by.kind === 'token') {
    if ((await raiseGrant(tx, tenant.id, { ...raised, grantId: by.grant.id }, event)) !== 'raised')
      throw new OAuthError('invalid_token', 'The access token is invalid, expired or revoked.', 'its family has ended');
  } else if (
    !(await raiseSession(tx, tenant.id, { ...raised, sessionId: by.session.id, secretHash: by.nextSecret }, event))
  )
    throw nothingBegun();
}

export function beganBy(by: Right): string {
  switch (by.kind) {
    case 'token':
      return by.grant.id;
    case 'browser':
      return by.session.id;
    case 'half sign-in':
    case 'browser sign-in':
      return by.attemptId;
  }
}

export function nothingBegun(): Refusal {
  return new Refusal('not_found', 'No new factor waits for this code. Begin again.');
}

export function enough(most: number): Refusal {
  const there = most === 1 ? 'is one such factor' : `are ${most} such factors`;
  return new Refusal('conflict', `There ${there} already: remove ${most === 1 ? 'it' : 'one'} first.`);
}
