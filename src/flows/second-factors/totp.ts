// A TOTP factor added: a secret made and shown once, and a factor only when its first code has been proven.
import { fingerprint } from '../../crypto/hash.ts';
import { base32Of, totpSecretBytes, totpStepOf, totpUri } from '../../crypto/totp.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { type Enrolment, findEnrolment, keepEnrolment, takeEnrolment } from '../../storage/one-time-tokens.ts';
import { insertTotp, secondFactorsOf } from '../../storage/second-factors.ts';
import { newId } from '../events.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import { recordFailure } from '../sign-in/failed.ts';
import { type ReservedAttempt, reserveFactorAttempt } from '../sign-in/limiter.ts';
import { openedTotpSecret, sealTotpSecret } from '../sign-in/totp-secret.ts';
import { type AddedFactor, addProvenFactor, assertMayAdd, beganBy, enough, nothingBegun } from './add.ts';
import type { Owner } from './owner.ts';
import { qrSvg } from './qr.ts';

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
  if (factors.filter(({ method }) => method === 'totp').length >= mostFactors) throw enough(mostFactors);
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

/** As {@link addProvenFactor}. */
export function addProvenTotp(
  deps: Deps,
  tx: Db,
  acting: RequestContext,
  owner: Owner,
  { enrolment, step, reserved, endOthers }: ProvenTotp & { readonly endOthers: boolean },
): Promise<AddedFactor> {
  const { tenant, now } = acting;
  const { id, sealed, name } = enrolment;
  return addProvenFactor(deps, tx, acting, owner, {
    id,
    method: 'totp',
    most: mostFactors,
    step,
    codeHash: undefined,
    reserved,
    endOthers,
    insert: async () => {
      if (!(await takeEnrolment(tx, tenant.id, keyOf(owner), id, now))) return false;
      await insertTotp(tx, tenant.id, { id, userId: owner.user.id, name, sealed }, now);
      return true;
    },
  });
}

/** Both, in a transaction of their own. @throws Refusal as they do. */
export async function confirmTotp(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
  { endOthers, ...given }: { code: string; id?: string | undefined; endOthers: boolean },
): Promise<AddedFactor> {
  const proven = await checkFirstCode(deps, context, owner, given);
  const acting = actingAs(context, 'user', owner.user.id);
  return deps.db.transaction((tx) => addProvenTotp(deps, tx, acting, owner, { ...proven, endOthers }));
}

/**
 * One enrolment for each sign-in: nobody else who has the password, signed in or not, sees the secret that its person has
 * begun with.
 */
function keyOf({ user, by }: Owner): Buffer {
  return fingerprint([user.id, by.kind, beganBy(by)]);
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
