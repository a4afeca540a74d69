// A message to a person, put into the outbox on the transaction of its cause.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { MailPurpose } from '../../domain/mail.ts';
import type { MessageBody } from '../../domain/outbox.ts';
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
  const id = uuidv7(now, deps.random(10));
  const face = { tenantName: tenant.name, logoUri: tenant.settings.logo_uri };
  const body: MessageBody = {
    subject: content.subject,
    text: mailText(content),
    html: mailHtml(face, locale, content),
  };
  const sealed = deps.box.seal(purposeOfSeal, id, Buffer.from(JSON.stringify(body)));
  if (!isSomebody) return;
  await insertMessage(
    tx,
    tenant.id,
    {
      id,
      channel: 'mail',
      purpose,
      destination: to.email,
      userId: to.id,
      sealed,
      expiresAt: now + usefulFor,
    },
    now,
  );
}

/** @throws Error when no SECRET_KEY that is given opens it. */
export function openBody(deps: Pick<Deps, 'box'>, id: string, sealed: string): MessageBody {
  return JSON.parse(deps.box.open(purposeOfSeal, id, sealed).toString()) as MessageBody;
}
