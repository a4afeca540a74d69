// A message to a person, put into the outbox on the transaction of its cause.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { MailPurpose } from '../../domain/mail.ts';
import type { Bodies, Channel, Purposes } from '../../domain/outbox.ts';
import type { SmsPurpose } from '../../domain/sms.ts';
import { uuidv7 } from '../../domain/uuid.ts';
import type { Db } from '../../storage/database.ts';
import { insertMessage } from '../../storage/outbox.ts';
import { type Locale, negotiateLocale } from '../../texts/messages.ts';
import { mailHtml, type MailContent, mailText } from '../../texts/mail.ts';

/** Whose it is. Mail goes to the stored address, or to the one that is confirmed by it, and to no other. */
export type Recipient = {
  readonly id: string;
  readonly email: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
};

/** What seals the bodies. */
const purposeOfSeal = 'outbox message';

/** The language of a person: their `locale` (OpenID Connect Core 1.0 5.1), else the one that their browser asks for. */
export function localeOf({ claims }: Pick<Recipient, 'claims'>, { acceptLanguage }: RequestContext): Locale {
  const { locale } = claims;
  return negotiateLocale(typeof locale === 'string' ? locale.replaceAll('_', '-') : undefined, acceptLanguage);
}

/** Nothing where nothing can be sent, or the person has no address. `usefulFor`: milliseconds. */
export async function putMail(
  deps: Deps,
  tx: Db,
  { tenant, now }: RequestContext,
  mail: {
    readonly purpose: MailPurpose;
    readonly to: Recipient;
    readonly locale: Locale;
    readonly content: MailContent;
    readonly usefulFor: number;
    /** False: all is done but for the writing, because it takes time. */
    readonly isSomebody?: boolean;
  },
): Promise<void> {
  const { purpose, to, locale, content, usefulFor, isSomebody = true } = mail;
  if (to.email === undefined || !deps.channels.includes('mail')) return;
  const face = { tenantName: tenant.name, logoUri: tenant.settings.logo_uri };
  const body = { subject: content.subject, text: mailText(content), html: mailHtml(face, locale, content) };
  const message = { channel: 'mail', purpose, destination: to.email, userId: to.id, body, usefulFor } as const;
  await put(deps, tx, { tenant, now }, message, isSomebody);
}

/** Nothing where no text messages can be sent. `to`: E.164. `usefulFor`: milliseconds. */
export async function putSms(
  deps: Deps,
  tx: Db,
  { tenant, now }: Pick<RequestContext, 'tenant' | 'now'>,
  sms: {
    readonly purpose: SmsPurpose;
    readonly to: string;
    readonly userId: string | null;
    /** In the language of the person. */
    readonly text: string;
    readonly usefulFor: number;
    /** False: all is done but for the writing, because it takes time. */
    readonly isSomebody?: boolean;
  },
): Promise<void> {
  const { purpose, to: destination, userId, text, usefulFor, isSomebody = true } = sms;
  if (!deps.channels.includes('sms')) return;
  const message = { channel: 'sms', purpose, destination, userId, body: { text }, usefulFor } as const;
  await put(deps, tx, { tenant, now }, message, isSomebody);
}

type Written<C extends Channel> = {
  readonly channel: C;
  readonly purpose: Purposes[C];
  readonly destination: string;
  readonly userId: string | null;
  readonly body: Bodies[C];
  readonly usefulFor: number;
};

async function put<C extends Channel>(
  deps: Deps,
  tx: Db,
  { tenant, now }: Pick<RequestContext, 'tenant' | 'now'>,
  { body, usefulFor, ...message }: Written<C>,
  isSomebody: boolean,
): Promise<void> {
  const id = uuidv7(now, deps.random(10));
  const sealed = deps.box.seal(purposeOfSeal, id, Buffer.from(JSON.stringify(body)));
  if (!isSomebody) return;
  await insertMessage(tx, tenant.id, { id, ...message, sealed, expiresAt: now + usefulFor }, now);
}

/** What a message of any channel says. @throws Error when no SECRET_KEY that is given opens it. */
export function openBody(deps: Pick<Deps, 'box'>, id: string, sealed: string): Bodies[Channel] {
  return JSON.parse(deps.box.open(purposeOfSeal, id, sealed).toString()) as Bodies[Channel];
}
