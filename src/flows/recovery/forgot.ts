// A forgotten password: a link to another one, to the address that is stored, and the same answer to everybody who asks.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput, Refusal } from '../../domain/errors.ts';
import { resetLinkFor } from '../../domain/outbox.ts';
import { isEmail } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { keepPasswordReset } from '../../storage/one-time-tokens.ts';
import { translator } from '../../texts/messages.ts';
import { type Addressee, answerNoSooner, canRecover, nobodyAt, personAt } from '../deliver/asked.ts';
import { localeOf, putMail } from '../deliver/message.ts';
import { reserveMail } from '../deliver/reserve.ts';
import { record } from '../events.ts';
import { assertReaches } from '../reach.ts';
import { knownAsker } from '../sign-in/known-asker.ts';
import { findNamedPerson, lockReachableUser } from '../users/find.ts';

/** Where the link leads, below the issuer. */
export const resetPath = '/reset-password';

/**
 * Sends the link if somebody who can sign in here has the address. The answer, the work and nearly the time are the same if
 * nobody has: a token is made either way, and one transaction writes it where there is a person. `known`: which accounts the
 * browser has signed in to before, as it says.
 * @throws Refusal invalid_input for what is no address, too_many_attempts; not_found where no mail can be sent.
 */
export async function forgotPassword(
  deps: Deps,
  context: RequestContext,
  { email, known }: { readonly email: string; readonly known: string | undefined },
): Promise<void> {
  if (!canRecover(deps)) throw new Refusal('not_found', 'There is nothing here.');
  if (!isEmail(email)) throw invalidInput([{ path: ['email'], problem: 'is not an e-mail address' }]);
  const begun = performance.now();
  await reserveMail(deps, context, { email, isReset: true, asker: await knownAsker(deps, context, email, known) });
  const { token, hash } = opaqueToken('passwordReset', deps.random(opaqueBytes));
  await deps.db.transaction(async (tx) => {
    const user = await personAt(tx, context.tenant, email);
    const to = user ?? nobodyAt(email);
    await sendLink(deps, tx, context, { to, token, hash, isSomebody: user !== undefined });
  });
  await answerNoSooner(begun);
}

/**
 * The same to somebody whom an administrator names, to the address that is stored.
 * @throws Refusal not_found, forbidden, too_many_attempts; conflict where no mail can be sent, or they have no address or are disabled.
 */
export async function sendPasswordLink(deps: Deps, context: RequestContext, userId: string): Promise<void> {
  if (!canRecover(deps)) throw new Refusal('conflict', 'No mail server is set, so that no link can be sent.');
  const { email: stored, username, adminRoles } = await findNamedPerson(deps, context, userId);
  assertReaches(context, adminRoles, `The user ${username}`);
  // One mailbox is not filled, whoever asks.
  if (stored !== undefined)
    await reserveMail(deps, context, { email: stored, isReset: true, asker: { userId, from: 'administrators' } });
  const { token, hash } = opaqueToken('passwordReset', deps.random(opaqueBytes));
  await deps.db.transaction(async (tx) => {
    const { email, disabled } = await lockReachableUser(tx, context, userId, userId);
    if (email === undefined || disabled)
      throw new Refusal('conflict', disabled ? 'They are disabled.' : 'They have no e-mail address.');
    const to = (await personAt(tx, context.tenant, email))!;
    // In their language, not in that of whoever asks.
    const quiet = { ...context, acceptLanguage: undefined };
    await sendLink(deps, tx, quiet, { to, token, hash, isSomebody: true });
  });
}

async function sendLink(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  asked: {
    readonly to: Addressee;
    readonly token: string;
    readonly hash: Buffer;
    readonly isSomebody: boolean;
  },
): Promise<void> {
  const { tenant, now } = context;
  const { to, token, hash, isSomebody } = asked;
  const locale = localeOf(to, context);
  const t = translator(locale);
  const names = { tenant: tenant.name, username: to.username };
  const content = {
    subject: t('mail.reset.subject', names),
    paragraphs: [t('notice.about', names), t('mail.reset.body', names)],
    link: { uri: `${tenant.issuer}${resetPath}?token=${token}`, label: t('mail.reset.link', names) },
    afterwards: [t('mail.reset.lasts', { minutes: resetLinkFor / 60_000 }), t('mail.reset.not_you', names)],
    footer: t('mail.footer', names),
  };
  await putMail(deps, tx, context, {
    purpose: 'reset-password',
    to,
    locale,
    content,
    usefulFor: resetLinkFor,
    isSomebody,
  });
  if (!isSomebody) return;
  // The link goes to the address that is stored, however it was typed.
  const { id: userId, passwordVersion } = to;
  const link = { hash, userId, email: to.email!, passwordVersion, expiresAt: now + resetLinkFor };
  await keepPasswordReset(tx, tenant.id, link, now);
  await record(deps, tx, context, { type: 'user.password_reset_asked', userId: to.id });
}
