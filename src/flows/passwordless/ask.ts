// Signing in by mail, asked for: a link or a code to the address that is stored, and the same answer to everybody who asks.
import { fingerprint } from '../../crypto/hash.ts';
import { sixDigits } from '../../crypto/short-codes.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { invalidInput, Refusal } from '../../domain/errors.ts';
import { signInMailFor } from '../../domain/passwordless.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { isEmail } from '../../domain/user.ts';
import { type AskedBy, keepMailedSignIn } from '../../storage/mailed-sign-ins.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { type Translate, translator } from '../../texts/messages.ts';
import { answerNoSooner, nobodyAt, personAt } from '../deliver/asked.ts';
import { localeOf, putMail } from '../deliver/message.ts';
import { reserveMail } from '../deliver/reserve.ts';
import { record } from '../events.ts';
import { knownAsker } from '../sign-in/known-asker.ts';
import { makeLinkToken } from './link-token.ts';

/** What is mailed. */
export type Way = 'link' | 'code';

/** The purpose of the MAC that a code is kept as. */
const codePurpose = 'mailed code';

export type SignInMail = {
  readonly email: string;
  readonly way: Way;
  readonly by: AskedBy;
  /** Where the link leads, without its token. */
  readonly target: string;
  /** What a code is found by: only whoever asked can have it. */
  readonly hash: Buffer;
  /** Which accounts the browser or device has signed in to before, as it says. */
  readonly known: string | undefined;
};

/** Whether people can sign in by mail here. */
export function canSignInByMail(deps: Pick<Deps, 'channels'>, { settings }: Tenant): boolean {
  return deps.channels.includes('mail') && settings.passwordless === 'on';
}

/** @throws Refusal not_found where nobody can. */
export function checkSignInByMail(deps: Pick<Deps, 'channels'>, tenant: Tenant): void {
  if (!canSignInByMail(deps, tenant)) throw new Refusal('not_found', 'Nobody can sign in by mail here.');
}

/**
 * Sends it if somebody who can sign in here has the address. The answer, the work and nearly the time are the same if nobody
 * has: link and code are made either way, and one transaction writes them where there is a person.
 * @throws Refusal invalid_input for what is no address, too_many_attempts; not_found where nobody can sign in by mail.
 */
export async function sendSignInMail(deps: Deps, context: RequestContext, asked: SignInMail): Promise<void> {
  const { tenant, now } = context;
  const { email, way, by, target } = asked;
  checkSignInByMail(deps, tenant);
  if (!isEmail(email)) throw invalidInput([{ path: ['email'], problem: 'is not an e-mail address' }]);
  const begun = performance.now();
  await reserveMail(deps, context, { email, asker: await knownAsker(deps, context, email, asked.known) });
  const link = await makeLinkToken(deps, context);
  const digits = sixDigits(deps.random(6));
  const hash = way === 'link' ? link.hash : asked.hash;
  const code = macOfCode(deps, hash, digits);
  await deps.db.transaction(async (tx) => {
    const user = await personAt(tx, tenant, email);
    const to = user ?? nobodyAt(email);
    const locale = localeOf(to, context);
    const t = translator(locale);
    const names = { tenant: tenant.name, username: to.username };
    await putMail(deps, tx, context, {
      purpose: way === 'link' ? 'magic-link' : 'sign-in-code',
      to,
      locale,
      content:
        way === 'link'
          ? linkMail(t, names, `${target}${target.includes('?') ? '&' : '?'}token=${link.token}`, by)
          : codeMail(t, names, digits),
      usefulFor: signInMailFor,
      isSomebody: user !== undefined,
    });
    if (!user) return;
    const kept = { userId: user.id, email: user.email!, passwordVersion: user.passwordVersion, by };
    const expiresAt = now + signInMailFor;
    await keepMailedSignIn(
      tx,
      tenant.id,
      way === 'link'
        ? { ...kept, kind: 'magic_link', hash, expiresAt }
        : { ...kept, kind: 'sign_in_code', hash, code, expiresAt },
      now,
    );
    await record(deps, tx, by.kind === 'client' ? actingAs(context, 'client', by.clientId) : context, {
      type: 'user.sign_in_mail_asked',
      userId: user.id,
      data: { way },
    });
  });
  await answerNoSooner(begun);
}

/** Six digits are found out from their hash at once, so they are kept as a MAC that only `SECRET_KEY` makes. */
function macOfCode(deps: Deps, hash: Buffer, digits: string): string {
  return deps.box.mac(codePurpose, aboutCode(hash, digits));
}

/** In constant time. */
export function isCode(deps: Deps, hash: Buffer, digits: string, mac: string | undefined): boolean {
  return mac !== undefined && deps.box.matches(codePurpose, aboutCode(hash, digits), mac);
}

function aboutCode(hash: Buffer, digits: string): string {
  return `${hash.toString('base64url')} ${digits}`;
}

/** What a code that a browser asked for is found by: its sign-in has one at a time, and no other browser's is it. */
export function codeOfAttempt({ id, browserHash }: SignInAttempt['row']): Buffer {
  return fingerprint(['sign-in attempt', id, browserHash.toString('base64url')]);
}

type Names = { readonly tenant: string; readonly username: string };

function linkMail(t: Translate, names: Names, uri: string, by: AskedBy) {
  return {
    subject: t('mail.magic_link.subject', names),
    paragraphs: [t('notice.about', names), t('mail.magic_link.body', names)],
    link: { uri, label: t('mail.magic_link.link', names) },
    afterwards: [
      t('mail.magic_link.lasts', { minutes: signInMailFor / 60_000 }),
      ...(by.kind === 'browser' ? [t('mail.magic_link.browser')] : []),
      t('mail.sign_in.not_you', names),
    ],
    footer: t('mail.footer', names),
  };
}

function codeMail(t: Translate, names: Names, code: string) {
  return {
    subject: t('mail.sign_in_code.subject', names),
    paragraphs: [t('notice.about', names), t('mail.sign_in_code.body', names)],
    code,
    afterwards: [
      t('mail.sign_in_code.lasts', { minutes: signInMailFor / 60_000 }),
      t('mail.sign_in_code.tell_nobody', names),
      t('mail.sign_in.not_you', names),
    ],
    footer: t('mail.footer', names),
  };
}
