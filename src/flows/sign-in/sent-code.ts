// A code of a second factor, sent to the telephone number or the e-mail address that the account has.
import { fingerprint } from '../../crypto/hash.ts';
import { sixDigits, withoutBlanks } from '../../crypto/short-codes.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { FirstFactorMethod, SentMethod } from '../../domain/factors.ts';
import { maskedEmail } from '../../domain/mail.ts';
import { factorCodeFor, guessesOfCode, resendAfter } from '../../domain/passwordless.ts';
import { endOfPhone } from '../../domain/sms.ts';
import { type Asker, networkOf } from '../../domain/limits.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { secondFactorsOf } from '../../storage/second-factors.ts';
import { findSentCode, guessAtSentCode, keepSentCode, type SentCode } from '../../storage/sent-codes.ts';
import { translator } from '../../texts/messages.ts';
import { localeOf, putMail, putSms } from '../deliver/message.ts';
import { mailCameBack, reserveMail } from '../deliver/reserve.ts';
import { type AskedSms, reserveSms, smsConfirmed } from '../deliver/reserve-sms.ts';
import { tooMany } from '../too-many.ts';
import { provableNow } from './provable.ts';

/** The purpose of the MAC that a code is kept as. */
const codePurpose = 'factor code';

/** What waits for the code: it is good there and nowhere else. */
export type Proving = {
  readonly kind: 'half sign-in' | 'browser sign-in' | 'token' | 'enrolment';
  /** Of the attempt, the grant, or who adds the factor. */
  readonly id: string;
};

/** By which its code is found. One at a time, of whichever method. */
export function sentCodeHash({ kind, id }: Proving): Buffer {
  return fingerprint(['factor code', kind, id]);
}

/** Where it went, so that its person knows where to look, and nobody else learns it. */
export type Sent = {
  readonly method: SentMethod;
  /** The last digits of a number; an address without its name. */
  readonly to: string;
};

/**
 * Sends a code to the factor of this method that the person has.
 * @throws Refusal conflict when there is none that can be used now; too_many_attempts, with the seconds to wait.
 */
export async function sendFactorCode(
  deps: Deps,
  context: RequestContext,
  {
    user,
    method,
    proving,
    first,
    knownBrowser,
  }: {
    readonly user: User;
    readonly method: SentMethod;
    readonly proving: Proving;
    readonly first: FirstFactorMethod | undefined;
    /** Under which id the account knows the browser or device that asks. */
    readonly knownBrowser: string | undefined;
  },
): Promise<Sent> {
  const { tenant } = context;
  const factors = await secondFactorsOf(deps.db, tenant.id, user.id);
  const secondFactors = factors.map((factor) => factor.method);
  const factor = factors.find((one) => one.method === method);
  const phone = factor?.phone;
  const isUsable = provableNow(deps, tenant, { secondFactors }, first).includes(method);
  if (!factor || !isUsable) throw new Refusal('conflict', 'There is no such second factor that can be used now.');
  const code = { credentialId: factor.id, method };
  await send(deps, context, { user, proving, code, phone, from: askerIn(context, proving, knownBrowser) });
  return { method, to: sentTo(user, method, phone) };
}

/** The same to a number or an address that is to become a factor. */
export async function sendFirstCode(
  deps: Deps,
  context: RequestContext,
  asked: {
    readonly user: User;
    readonly proving: Proving;
    readonly code: Pick<SentCode, 'credentialId' | 'method' | 'adds'>;
  },
): Promise<void> {
  await send(deps, context, {
    ...asked,
    phone: asked.code.adds?.phone,
    from: askerIn(context, asked.proving, undefined),
  });
}

async function send(
  deps: Deps,
  context: RequestContext,
  {
    user,
    proving,
    code,
    phone,
    from,
  }: {
    readonly user: User;
    readonly proving: Proving;
    readonly code: Pick<SentCode, 'credentialId' | 'method' | 'adds'>;
    readonly phone: string | undefined;
    readonly from: Asker;
  },
): Promise<void> {
  const { tenant, now } = context;
  const hash = sentCodeHash(proving);
  // Before anything is counted for the number: who only has to wait a moment has asked for nothing yet.
  const waiting = await findSentCode(deps.db, tenant.id, hash, now);
  if (waiting && now - waiting.sentAt < resendAfter) throw tooSoon(deps, waiting.sentAt + resendAfter - now);
  const giveBack =
    phone === undefined
      ? await reserveMail(deps, context, { email: user.email!, asker: { userId: user.id, from: from.key } })
      : await reserveSms(deps, context, smsAsked(user, phone, { ...code, from }));
  const digits = sixDigits(deps.random(6));
  const mac = deps.box.mac(codePurpose, aboutCode(hash, digits, code.method, user));
  const locale = localeOf(user, context);
  const t = translator(locale);
  const names = { tenant: tenant.name, username: user.username };
  const minutes = { minutes: factorCodeFor / 60_000 };
  const isFirst = await deps.db.transaction(async (tx) => {
    const kept = { ...code, from, userId: user.id, code: mac, hash, expiresAt: now + factorCodeFor, wait: resendAfter };
    if (!(await keepSentCode(tx, tenant.id, kept, now))) return false;
    if (phone !== undefined) {
      const text = [t('sms.code_is', names), digits, t('sms.lasts', minutes)].join('\n');
      const purpose = code.adds ? 'verify-phone' : 'sign-in-code';
      await putSms(deps, tx, context, { purpose, to: phone, userId: user.id, text, usefulFor: factorCodeFor });
      return true;
    }
    await putMail(deps, tx, context, {
      purpose: 'sign-in-code',
      to: user,
      locale,
      content: {
        subject: t('mail.sign_in_code.subject', names),
        paragraphs: [t('notice.about', names), t(code.adds ? 'mail.first_code.body' : 'mail.factor_code.body', names)],
        code: digits,
        afterwards: [
          t('mail.sign_in_code.lasts', minutes),
          t('mail.sign_in_code.tell_nobody', names),
          t(code.adds ? 'mail.first_code.not_you' : 'mail.factor_code.not_you', names),
        ],
        footer: t('mail.footer', names),
      },
      usefulFor: factorCodeFor,
    });
    return true;
  });
  if (isFirst) return;
  // Of several at once one was sent.
  await giveBack();
  throw tooSoon(deps, resendAfter);
}

/**
 * Whose budget it is: who has the password alone, or a token, does not use up that of a browser or device that the account knows
 * by a code, and who asks from one network not that of another.
 */
function askerIn({ ip }: RequestContext, { kind }: Proving, knownBrowser: string | undefined): Asker {
  if (knownBrowser !== undefined) return { isKnown: true, key: knownBrowser };
  const network = ip === undefined ? '' : networkOf(ip);
  return { isKnown: false, key: kind === 'token' || kind === 'enrolment' ? kind : `network ${network}` };
}

function smsAsked({ id: userId }: User, phone: string, { adds, from }: Pick<SentCode, 'adds' | 'from'>): AskedSms {
  return { phone, userId, from: adds ? undefined : from };
}

/** A code that came back, and the number that it was sent to; undefined: it was mailed. */
export type CameBack = { readonly user: User; readonly phone: string | undefined; readonly sent: SentCode };

/** Whoever sent it back has shown whose the number or the mailbox is, and may ask again. */
export async function codeCameBack(db: Db, context: RequestContext, { user, phone, sent }: CameBack): Promise<void> {
  if (phone !== undefined) await smsConfirmed(db, context, smsAsked(user, phone, sent));
  else await mailCameBack(db, context, { email: user.email!, asker: { userId: user.id, from: sent.from.key } });
}

/** What was sent and is waited for; undefined when nothing is. */
export async function waitingCode(
  deps: Deps,
  { tenant, now }: RequestContext,
  proving: Proving,
): Promise<SentCode | undefined> {
  return (await findSentCode(deps.db, tenant.id, sentCodeHash(proving), now))?.sent;
}

/** Counts the guess, and says what a right one is of. Spending it is the caller's. */
export async function matchingSentCode(
  deps: Deps,
  { tenant, now }: RequestContext,
  { user, proving, code }: { user: User; proving: Proving; code: string },
): Promise<{ readonly sent: SentCode; readonly hash: Buffer } | undefined> {
  const hash = sentCodeHash(proving);
  const sent = await guessAtSentCode(deps.db, tenant.id, { hash, userId: user.id, most: guessesOfCode }, now);
  return sent && deps.box.matches(codePurpose, aboutCode(hash, withoutBlanks(code), sent.method, user), sent.code)
    ? { sent, hash }
    : undefined;
}

/** For the pages and the API: what tells its person where to look. */
export function sentTo({ email }: Pick<User, 'email'>, method: SentMethod, phone: string | undefined): string {
  return method === 'sms' ? endOfPhone(phone ?? '') : maskedEmail(email ?? '');
}

/** Of a code that was mailed also the address: the account may have another one by the time that it comes back. */
function aboutCode(hash: Buffer, digits: string, method: SentMethod, { email }: User): string {
  return [hash.toString('base64url'), digits, ...(method === 'email' ? [email] : [])].join(' ');
}

function tooSoon(deps: Deps, wait: number): Refusal {
  return tooMany(deps, 'resend', wait, 'A code was sent just now.');
}
