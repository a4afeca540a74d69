// What people are told of their accounts. Which events are told stands here once, so that no way to change a credential forgets it.
import type { Deps } from '../../deps.ts';
import type { AuditEvent, AuditType } from '../../domain/audit.ts';
import type { RequestContext } from '../../domain/context.ts';
import { noticeUseful } from '../../domain/outbox.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { hasAnotherSession } from '../../storage/sessions.ts';
import { findUser } from '../../storage/users.ts';
import { browserText } from '../../texts/browser-name.ts';
import { translator } from '../../texts/messages.ts';
import { localeOf, putMail } from './message.ts';

type Notice =
  | 'new_browser'
  | 'email_change_asked'
  | 'email_changed'
  | 'password_changed'
  | 'password_set'
  | 'password_ended'
  | 'factor_added'
  | 'factor_removed'
  | 'phone_added'
  | 'phone_removed'
  | 'email_factor_added'
  | 'email_factor_removed'
  | 'codes_made';

const addedNotices = { totp: 'factor_added', sms: 'phone_added', email: 'email_factor_added' } as const;
const removedNotices = { totp: 'factor_removed', sms: 'phone_removed', email: 'email_factor_removed' } as const;

/** Of a factor that was added or removed. */
function methodOf(data: AuditEvent['data']): keyof typeof addedNotices {
  const method = data?.['method'];
  return method === 'sms' || method === 'email' ? method : 'totp';
}

/** By the event; undefined: not told. A tenant cannot switch these off: somebody else may have made the change. */
const told: Partial<Record<AuditType, (data: AuditEvent['data']) => Notice | undefined>> = {
  'user.password_changed': () => 'password_changed',
  'user.password_reset': () => 'password_changed',
  'user.password_set': () => 'password_set',
  'user.email_change_asked': () => 'email_change_asked',
  'admin.reset': () => 'password_set',
  'user.email_verified': (data) => (data?.['password_removed'] === true ? 'password_ended' : undefined),
  'user.updated': (data) => (data?.['password_changed'] === true ? 'password_set' : undefined),
  'user.second_factor_added': (data) => addedNotices[methodOf(data)],
  'user.second_factor_removed': (data) => removedNotices[methodOf(data)],
  // Those that come with the first factor are told with it.
  'user.recovery_codes_made': (data) => (data?.['with_factor'] === true ? undefined : 'codes_made'),
};

/** OWASP ASVS 6.3.7: a change of somebody's credentials is told to the address that is stored. On the change's transaction. */
export async function tell(deps: Deps, tx: Db, context: RequestContext, event: AuditEvent): Promise<void> {
  const notice = told[event.type]?.(event.data);
  if (notice === undefined || event.userId === undefined || deps.channels.length === 0) return;
  const user = await findUser(tx, context.tenant.id, event.userId);
  if (!user) return;
  await putNotice(deps, tx, context, user, notice);
}

/** The same to the address that somebody had until now. */
export async function tellFormerAddress(deps: Deps, tx: Db, context: RequestContext, before: User): Promise<void> {
  if (deps.channels.length > 0) await putNotice(deps, tx, context, before, 'email_changed');
}

/** OWASP ASVS 6.3.5: somebody signed in from a browser that the account has not used before, unless it is the first one of all. */
export async function tellNewBrowser(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  signIn: { readonly userId: string; readonly sessionId: string },
): Promise<void> {
  const { tenant } = context;
  if (deps.channels.length === 0 || tenant.settings.new_browser === 'silent') return;
  if (!(await hasAnotherSession(tx, tenant.id, signIn))) return;
  const user = await findUser(tx, tenant.id, signIn.userId);
  if (user) await putNotice(deps, tx, context, user, 'new_browser');
}

async function putNotice(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  user: Pick<User, 'id' | 'username' | 'email' | 'claims'>,
  notice: Notice,
): Promise<void> {
  const { tenant, now, actor, ip, userAgent } = context;
  const locale = localeOf(user, context);
  const t = translator(locale);
  const names = { tenant: tenant.name, username: user.username };
  await putMail(deps, tx, context, {
    purpose: 'notice',
    to: user,
    locale,
    usefulFor: noticeUseful,
    content: {
      subject: t(`notice.${notice}.subject`, names),
      paragraphs: [
        t('notice.about', names),
        t(`notice.${notice}.body`, names),
        t('notice.when', { time: timeIn(locale, now) }),
        ...(notice === 'new_browser'
          ? [t('notice.from', { browser: browserText(userAgent, t), address: ip ?? '–' })]
          : []),
        t(actor.kind === 'user' && notice !== 'password_ended' ? 'notice.not_you' : 'notice.not_you_reset', names),
      ],
      link: { uri: `${tenant.issuer}/account`, label: t('notice.account', names) },
      footer: t('notice.footer', names),
    },
  });
}

/** In UTC and saying so, because the reader's time zone is not known. */
function timeIn(locale: string, at: number): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' }).format(at);
}
