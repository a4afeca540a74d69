// Another e-mail address: asked for by its person, confirmed by a link to the new one, told to the one so far.
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { invalidInput, Refusal } from '../../domain/errors.ts';
import { changeLinkFor } from '../../domain/outbox.ts';
import { identifierKey, identifierProblem, type User } from '../../domain/user.ts';
import { type Db, isUniqueViolation } from '../../storage/database.ts';
import { findEmailChange, keepEmailChange, spendOneTimeToken } from '../../storage/one-time-tokens.ts';
import { lockPassword, refuseSignInsUnderWay } from '../../storage/passwords.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { findUser, findUserForSignIn, findUserWithPassword, setUserFields } from '../../storage/users.ts';
import { translator } from '../../texts/messages.ts';
import { freshPerson, freshSender, type Person, type ProofFirst } from '../account/fresh.ts';
import { localeOf, putMail } from '../deliver/message.ts';
import { tellFormerAddress } from '../deliver/notices.ts';
import { reserveMail } from '../deliver/reserve.ts';
import { answerNoSooner, canRecover } from '../deliver/asked.ts';
import { record } from '../events.ts';
import { livingSession } from '../sign-in/session.ts';
import { isSignedInAs } from './own-browser.ts';
import type { SignInFirst } from './verify-email.ts';

/** Where the link leads, below the issuer. */
export const changeEmailPath = '/change-email';

const change = { kind: 'change email' } as const;

/** Whoever may change their address now. @throws Refusal not_found where no mail can be sent. */
export async function mayChangeEmail(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
): Promise<Person | ProofFirst | 'nobody'> {
  if (!canRecover(deps)) throw nothingHere();
  return freshPerson(deps, context, { cookies, change });
}

/** Whose username is their address: it goes with it, because nobody else's address may be a username. */
export function isNamedByAddress({ username, email }: Pick<User, 'username' | 'email'>): boolean {
  return email !== undefined && identifierKey(username) === identifierKey(email);
}

/**
 * Sends the link to the new address, and tells the one so far. Nothing is changed by it. The answer, the work and nearly the
 * time are the same if somebody else has the address: no link is sent then.
 * @throws Refusal invalid_input for what may be no address of theirs, too_many_attempts; not_found where no mail can be sent.
 */
export async function askEmailChange(
  deps: Deps,
  context: RequestContext,
  input: { cookies: BrowserCookies; formToken: string | undefined; email: string },
): Promise<'sent' | 'same address' | ProofFirst | 'nobody' | 'foreign form'> {
  if (!canRecover(deps)) throw nothingHere();
  const person = await freshSender(deps, context, { ...input, change });
  if (typeof person === 'string' || person.kind === 'prove first') return person;
  const { email } = input;
  const { id, username, email: from } = person.user;
  const problem = identifierProblem(isNamedByAddress(person.user) ? email : username, email);
  if (problem) throw invalidInput([{ path: ['email'], problem: problem.problem }]);
  if (from !== undefined && identifierKey(email) === identifierKey(from)) return 'same address';
  const begun = performance.now();
  await reserveMail(deps, context, { email });
  const user = await findUserWithPassword(deps.db, context.tenant.id, id);
  // After the number of the password was read: who was signed out by another password gets no link that outlives it.
  if (!user || !(await livingSession(deps, context, input.cookies.session))) return 'nobody';
  await deps.db.transaction((tx) => sendLink(deps, tx, context, user, email));
  await answerNoSooner(begun);
  return 'sent';
}

async function sendLink(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  user: UserWithPassword,
  email: string,
): Promise<void> {
  const { tenant, now } = context;
  const isFree = (await findUserForSignIn(tx, tenant.id, email)) === undefined;
  const { token, hash } = opaqueToken('emailChange', deps.random(opaqueBytes));
  const locale = localeOf(user, context);
  const t = translator(locale);
  const names = { tenant: tenant.name, username: user.username };
  const content = {
    subject: t('mail.change_email.subject', names),
    paragraphs: [t('notice.about', names), t('mail.change_email.body', names)],
    link: { uri: `${tenant.issuer}${changeEmailPath}?token=${token}`, label: t('mail.change_email.link', names) },
    afterwards: [t('mail.verify.browser'), t('mail.verify.not_you', names)],
    footer: t('mail.footer', names),
  };
  await putMail(deps, tx, context, {
    purpose: 'verify-email',
    to: { ...user, email },
    locale,
    content,
    usefulFor: changeLinkFor,
    isSomebody: isFree,
  });
  if (isFree) {
    const { id: userId, email: from, passwordVersion } = user;
    const link = { hash, userId, from, to: email, passwordVersion, expiresAt: now + changeLinkFor };
    await keepEmailChange(tx, tenant.id, link, now);
  }
  await record(deps, tx, actingAs(context, 'user', user.id), { type: 'user.email_change_asked', userId: user.id });
}

/** Whose address the link is about. Looking spends nothing. @throws Refusal link_closed. */
export async function checkEmailChange(
  deps: Deps,
  { tenant, now }: RequestContext,
  token: string | undefined,
): Promise<{ hash: Buffer; user: UserWithPassword; from: string | undefined; to: string }> {
  const hash = hashOfOpaque('emailChange', token);
  const asked = hash && (await findEmailChange(deps.db, tenant.id, hash, now));
  const user = asked && (await findUserWithPassword(deps.db, tenant.id, asked.userId));
  // Whoever asked in somebody's name has no use of the link once that person took another password.
  if (!hash || !user || user.disabled || user.passwordVersion !== asked.passwordVersion) throw closed();
  if (user.email !== asked.from) throw closed();
  return { hash, user, from: asked.from, to: asked.to };
}

/**
 * The address is the person's from here on, and proven; nobody is signed in by it. Every link that was mailed to the one so
 * far is void, because each names the address that it was made for. Only in a browser where its person is signed in. One winner.
 * @throws Refusal link_closed.
 */
export async function changeEmail(
  deps: Deps,
  context: RequestContext,
  { token, cookies }: { readonly token: string | undefined; readonly cookies: BrowserCookies },
): Promise<'changed' | SignInFirst> {
  const { tenant, now } = context;
  const { hash, user, from, to } = await checkEmailChange(deps, context, token);
  if (!(await isSignedInAs(deps, context, { cookies, userId: user.id })))
    return { kind: 'sign in first', username: user.username };
  const acting = actingAs(context, 'user', user.id);
  try {
    await deps.db.transaction(async (tx) => {
      // Disabled, or the password changed, meanwhile.
      if (!(await lockPassword(tx, tenant.id, user.id, user.passwordVersion))) throw closed();
      const locked = await findUser(tx, tenant.id, user.id);
      if (!locked || locked.email !== from) throw closed();
      if (await findUserForSignIn(tx, tenant.id, to)) throw closed();
      if (!(await spendOneTimeToken(tx, tenant.id, 'email_change', hash, now))) throw closed();
      const username = isNamedByAddress(locked) ? to : locked.username;
      const { claims, roles, adminRoles, groups } = locked;
      const wanted = { username, email: to, emailVerified: true, claims, roles, adminRoles, groups };
      await setUserFields(tx, tenant.id, user.id, wanted, now);
      // Whoever is half signed in by the former address comes no further.
      await refuseSignInsUnderWay(tx, tenant.id, user.id, now);
      if (from !== undefined) await tellFormerAddress(deps, tx, acting, locked);
      await record(deps, tx, acting, { type: 'user.email_changed', userId: user.id });
    });
  } catch (error) {
    // Somebody else got the address at the same moment.
    if (isUniqueViolation(error)) throw closed();
    throw error;
  }
  return 'changed';
}

function closed(): Refusal {
  return new Refusal('link_closed', 'This link was used, has expired, or belongs to another address.');
}

function nothingHere(): Refusal {
  return new Refusal('not_found', 'There is nothing here.');
}
