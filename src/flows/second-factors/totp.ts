// A TOTP factor added: a secret made and shown once, and a factor only when its first code has been proven.
import { fingerprint } from '../../crypto/hash.ts';
import { base32Of, totpSecretBytes, totpStepOf, totpUri } from '../../crypto/totp.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { isSecondFactor, steppedUp } from '../../domain/factors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { letHalfSignInGoOn } from '../../storage/half-sign-ins.ts';
import { refuseSignInsUnderWay } from '../../storage/passwords.ts';
import {
  type Enrolment,
  findEnrolment,
  forgetEnrolments,
  keepEnrolment,
  takeEnrolment,
} from '../../storage/one-time-tokens.ts';
import {
  insertTotp,
  raiseGrant,
  raiseSession,
  secondFactorsOf,
  spendSecondFactor,
} from '../../storage/second-factors.ts';
import { endOthersOf, lockUser } from '../../storage/users.ts';
import { eventOf, newId, record } from '../events.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import { recordFailure } from '../sign-in/failed.ts';
import { type ReservedAttempt, reserveFactorAttempt } from '../sign-in/limiter.ts';
import { openedTotpSecret, sealTotpSecret } from '../sign-in/totp-secret.ts';
import { keptSession, type Owner, type Right } from './owner.ts';
import { qrSvg } from './qr.ts';
import { makeRecoveryCodes } from './recovery-codes.ts';

/** Milliseconds in which the first code must come. */
const enrolmentLifetime = 10 * 60_000;

/** More would only make wrong codes dearer to check. */
const mostFactors = 5;

export type NewTotp = {
  readonly id: string;
  /** RFC 4648 base32, to be typed. */
  readonly secret: string;
  readonly otpauth_uri: string;
  readonly qr_svg: string;
};

/** Takes the place of one that was begun and not confirmed. A program has none: its keys are made and revoked for it. @throws Refusal second_factors_off; conflict when there are enough. */
export async function beginTotp(
  deps: Deps,
  { tenant, now }: RequestContext,
  owner: Owner,
  name: string | undefined,
): Promise<NewTotp> {
  const { user } = owner;
  assertMayAdd(tenant, user);
  const factors = await secondFactorsOf(deps.db, tenant.id, user.id);
  if (factors.filter(({ method }) => method === 'totp').length >= mostFactors) throw enough();
  const secret = deps.random(totpSecretBytes);
  const enrolment = {
    id: newId(deps, now),
    sealed: sealTotpSecret(deps, tenant.id, user.id, secret),
    name: name?.toWellFormed(),
  };
  const kept = { hash: keyOf(owner), userId: user.id, enrolment, expiresAt: now + enrolmentLifetime };
  await keepEnrolment(deps.db, tenant.id, kept, now);
  return shown(tenant, user, enrolment.id, secret);
}

export type AddedTotp = {
  readonly id: string;
  readonly method: 'totp';
  /** With the first factor only. */
  readonly recovery_codes?: readonly string[];
};

/** A first code that was right, and where it was counted. */
export type ProvenTotp = {
  readonly enrolment: Enrolment;
  readonly step: number;
  readonly reserved: ReservedAttempt;
};

/**
 * Checks the first code; nothing is added by it yet.
 * @throws Refusal not_found when nothing waits for a code; wrong_code, too_many_attempts.
 */
export async function checkFirstCode(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
  given: { code: string; id?: string | undefined },
): Promise<ProvenTotp> {
  const { tenant, now } = context;
  const { user } = owner;
  assertMayAdd(tenant, user);
  // A code of a secret that was just shown to whoever sends it: nobody's guesses at others keep a person from adding a factor.
  const knownBrowser = `enrolment ${beganBy(owner.by)}`;
  const account = { identifier: user.username, userId: user.id, knownBrowser };
  const reserved = await reserveFactorAttempt(deps, context, 'code', account);
  const enrolment = await findEnrolment(deps.db, tenant.id, keyOf(owner), now);
  if (!enrolment || (given.id !== undefined && given.id !== enrolment.id)) throw nothingBegun();
  const secret = openedTotpSecret(deps, tenant.id, user.id, enrolment);
  if (!secret) throw nothingBegun();
  const step = await totpStepOf(secret, given.code.replaceAll(/\s/g, ''), now, 0);
  if (step === undefined) {
    await recordFailure(deps, context, {
      factor: 'code',
      userId: user.id,
      attempts: reserved.attempts,
      reason: 'wrong code',
    });
    throw wrongCode();
  }
  return { enrolment, step, reserved };
}

/**
 * The factor counts from here on, and its first code is spent. What it is added by is raised by it: the grant and session of a
 * token, or the session of a browser. `acting`: as the person. @throws Refusal not_found, conflict when somebody was first.
 */
export async function addProvenTotp(
  deps: Deps,
  tx: Db,
  acting: RequestContext,
  owner: Owner,
  { enrolment, step, reserved, endOthers }: ProvenTotp & { readonly endOthers: boolean },
): Promise<AddedTotp> {
  const { tenant, now } = acting;
  const { user, by } = owner;
  const { id, sealed, name } = enrolment;
  const locked = await lockUser(tx, tenant.id, user.id);
  if (!locked || locked.disabled || !(await takeEnrolment(tx, tenant.id, keyOf(owner), id, now))) throw nothingBegun();
  const before = (await secondFactorsOf(tx, tenant.id, user.id)).map(({ method }) => method);
  const isFirst = !isSecondFactor(before);
  // Between the factors only the first can be added: another would lead around it.
  if (!isFirst && (by.kind === 'half sign-in' || by.kind === 'browser sign-in')) throw nothingBegun();
  if (before.filter((method) => method === 'totp').length >= mostFactors) throw enough();
  await insertTotp(tx, tenant.id, { id, userId: user.id, name, sealed }, now);
  const { accountKey, addressKey } = reserved;
  await raise(deps, tx, acting, by, { userId: user.id, credentialId: id, step, accountKey, addressKey });
  await forgetEnrolments(tx, tenant.id, user.id);
  if (isFirst) await refuseOthersUnderWay(tx, acting, user.id, by.kind === 'half sign-in' ? by.attemptId : undefined);
  await record(deps, tx, acting, { type: 'user.second_factor_added', userId: user.id, data: { method: 'totp', id } });
  if (endOthers) await endOthersOf(tx, tenant.id, user.id, keptSession(owner), 'second_factor_changed', now);
  const codes = isFirst ? await makeRecoveryCodes(deps, tx, acting, { userId: user.id, withFactor: true }) : undefined;
  return { id, method: 'totp', ...(codes && { recovery_codes: codes }) };
}

/** Both, in a transaction of their own. @throws Refusal as they do. */
export async function confirmTotp(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
  { endOthers, ...given }: { code: string; id?: string | undefined; endOthers: boolean },
): Promise<AddedTotp> {
  const proven = await checkFirstCode(deps, context, owner, given);
  const acting = actingAs(context, 'user', owner.user.id);
  return deps.db.transaction((tx) => addProvenTotp(deps, tx, acting, owner, { ...proven, endOthers }));
}

/** @throws Refusal second_factors_off. */
function assertMayAdd(tenant: Tenant, user: User): void {
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
  spending: Parameters<typeof spendSecondFactor>[2],
): Promise<void> {
  const { tenant, now } = context;
  if (by.kind === 'half sign-in' || by.kind === 'browser sign-in') {
    await spendSecondFactor(tx, tenant.id, spending, now);
    return;
  }
  const { authentication } = by.kind === 'token' ? by.grant : by.session;
  const { amr, acr } = steppedUp(authentication, { method: 'totp', at: now });
  const raised = { ...spending, amr, acr, mfaMethod: 'totp' } as const;
  const event = eventOf(deps, context);
  if (by.kind === 'token') {
    if ((await raiseGrant(tx, tenant.id, { ...raised, grantId: by.grant.id }, event)) !== 'raised')
      throw new OAuthError('invalid_token', 'The access token is invalid, expired or revoked.', 'its family has ended');
  } else if (
    !(await raiseSession(tx, tenant.id, { ...raised, sessionId: by.session.id, secretHash: by.nextSecret }, event))
  )
    throw nothingBegun();
}

/**
 * One enrolment for each sign-in: nobody else who has the password, signed in or not, sees the secret that its person has
 * begun with.
 */
function keyOf({ user, by }: Owner): Buffer {
  return fingerprint([user.id, by.kind, beganBy(by)]);
}

function beganBy(by: Right): string {
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

function nothingBegun(): Refusal {
  return new Refusal('not_found', 'No new factor waits for this code. Begin again.');
}

/**
 * The secret that was begun and waits for its first code, as it is shown.
 * @returns undefined when none waits. @throws Refusal second_factors_off.
 */
export async function waitingTotp(
  deps: Deps,
  { tenant, now }: RequestContext,
  owner: Owner,
): Promise<NewTotp | undefined> {
  const { user } = owner;
  assertMayAdd(tenant, user);
  const enrolment = await findEnrolment(deps.db, tenant.id, keyOf(owner), now);
  const secret = enrolment && openedTotpSecret(deps, tenant.id, user.id, enrolment);
  return secret && shown(tenant, user, enrolment.id, secret);
}

function shown(tenant: Tenant, user: User, id: string, secret: Buffer): NewTotp {
  const uri = totpUri(secret, { issuer: tenant.name, account: user.username });
  return { id, secret: base32Of(secret), otpauth_uri: uri, qr_svg: qrSvg(uri) };
}

function enough(): Refusal {
  return new Refusal('conflict', `There are ${mostFactors} such factors already: remove one first.`);
}
