// An address proven to be its person's: asked for on the account page, by a link that is mailed to the address.
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { verifyLinkFor } from '../../domain/outbox.ts';
import type { User } from '../../domain/user.ts';
import { findEmailVerification, keepEmailVerification, spendOneTimeToken } from '../../storage/one-time-tokens.ts';
import { findUser, lockUser, markEmailVerified } from '../../storage/users.ts';
import { translator } from '../../texts/messages.ts';
import { personOf } from '../account/fresh.ts';
import { localeOf, putMail } from '../deliver/message.ts';
import { reserveMail } from '../deliver/reserve.ts';
import { record } from '../events.ts';
import { isFormToken } from '../sign-in/session.ts';
import { isSignedInAs } from './own-browser.ts';

/** Where the link leads, below the issuer. */
export const verifyEmailPath = '/verify-email';

/** Sends the link, unless there is nothing to verify. @throws Refusal too_many_attempts; not_found where no mail can be sent. */
export async function askEmailVerification(
  deps: Deps,
  context: RequestContext,
  { cookies, formToken }: { cookies: BrowserCookies; formToken: string | undefined },
): Promise<'sent' | 'nothing to verify' | 'nobody' | 'foreign form'> {
  if (!deps.channels.includes('mail')) throw new Refusal('not_found', 'There is nothing here.');
  const person = await personOf(deps, context, cookies.session);
  if (!person) return 'nobody';
  if (!isFormToken(deps, person.session, formToken)) return 'foreign form';
  const { tenant, now } = context;
  const { user } = person;
  const { email } = user;
  if (email === undefined || user.emailVerified) return 'nothing to verify';
  await reserveMail(deps, context, { email, asker: { userId: user.id, from: person.session.id } });
  const { token, hash } = opaqueToken('emailVerification', deps.random(opaqueBytes));
  const locale = localeOf(user, context);
  const t = translator(locale);
  const names = { tenant: tenant.name, username: user.username };
  const content = {
    subject: t('mail.verify.subject', names),
    paragraphs: [t('notice.about', names), t('mail.verify.body', names)],
    link: { uri: `${tenant.issuer}${verifyEmailPath}?token=${token}`, label: t('mail.verify.link', names) },
    afterwards: [t('mail.verify.browser'), t('mail.verify.not_you', names)],
    footer: t('mail.footer', names),
  };
  await deps.db.transaction(async (tx) => {
    await putMail(deps, tx, context, { purpose: 'verify-email', to: user, locale, content, usefulFor: verifyLinkFor });
    const link = { hash, userId: user.id, email, expiresAt: now + verifyLinkFor };
    await keepEmailVerification(tx, tenant.id, link, now);
    await record(deps, tx, actingAs(context, 'user', user.id), {
      type: 'user.email_verification_asked',
      userId: user.id,
    });
  });
  return 'sent';
}

/** Whose address the link is about. Looking spends nothing. @throws Refusal link_closed. */
export async function checkEmailVerification(
  deps: Deps,
  { tenant, now }: RequestContext,
  token: string | undefined,
): Promise<{ hash: Buffer; user: User; email: string }> {
  const hash = hashOfOpaque('emailVerification', token);
  const asked = hash && (await findEmailVerification(deps.db, tenant.id, hash, now));
  const user = asked && (await findUser(deps.db, tenant.id, asked.userId));
  if (!hash || !user || user.disabled || user.email !== asked.email) throw closed();
  return { hash, user, email: asked.email };
}

/** Whose link it is, as whom this browser is not signed in: nothing was done. */
export type SignInFirst = { readonly kind: 'sign in first'; readonly username: string };

/**
 * The address is proven from here on; nobody is signed in by it. Only in a browser where its person is. One winner.
 * @throws Refusal link_closed.
 */
export async function verifyEmail(
  deps: Deps,
  context: RequestContext,
  { token, cookies }: { readonly token: string | undefined; readonly cookies: BrowserCookies },
): Promise<'verified' | SignInFirst> {
  const { tenant, now } = context;
  const { hash, user, email } = await checkEmailVerification(deps, context, token);
  if (!(await isSignedInAs(deps, context, { cookies, userId: user.id })))
    return { kind: 'sign in first', username: user.username };
  await deps.db.transaction(async (tx) => {
    const locked = await lockUser(tx, tenant.id, user.id);
    if (!locked || locked.disabled || locked.email !== email) throw closed();
    if (!(await spendOneTimeToken(tx, tenant.id, 'email_verification', hash, now))) throw closed();
    if (locked.emailVerified) return;
    await markEmailVerified(tx, tenant.id, user.id, now);
    await record(deps, tx, actingAs(context, 'user', user.id), { type: 'user.email_verified', userId: user.id });
  });
  return 'verified';
}

function closed(): Refusal {
  return new Refusal('link_closed', 'This link was used, has expired, or belongs to another address.');
}
