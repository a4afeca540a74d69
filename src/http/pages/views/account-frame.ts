// The frame of the account pages: its parts, the way out, and what was just done.
import { type MessageKey, translator } from '../../../texts/messages.ts';
import { hiddenFields, status } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';

type Section = 'profile' | 'password' | 'two_step' | 'sessions' | 'applications';

/** What can have just been done. */
export const accountNotices = [
  'access_revoked',
  'session_ended',
  'sessions_ended',
  'password_changed',
  'factor_added',
  'phone_added',
  'email_factor_added',
  'factor_removed',
  'codes_made',
  'verification_sent',
  'verification_wait',
  'email_change_asked',
] as const;
export type AccountNotice = (typeof accountNotices)[number];

/** What every account page shows around its own. */
export type AccountFrame = {
  section: Section;
  sections: readonly { name: Section; uri: string }[];
  csrf: string;
  signOutAction: string;
  notice?: AccountNotice | undefined;
};

/** Renders the frame with one part in it. `title`: of a page below a section. */
export function accountFrame(
  page: Page,
  frame: AccountFrame,
  content: { body: Html; title?: string; failed?: boolean | undefined },
): Html {
  const t = translator(page.locale);
  const named = (section: Section) => t(`account.section.${section}` satisfies MessageKey);
  return layout(page, {
    title: content.title ?? named(frame.section),
    failed: content.failed,
    wide: true,
    body: html`<div class="account-head">
        <p class="account-title">${t('account.title')}</p>
        <form method="post" action="${frame.signOutAction}">
          ${hiddenFields({ csrf: frame.csrf })}
          <button class="button button-small" id="account-sign-out" type="submit" name="decision" value="confirm">
            ${t('account.sign_out')}
          </button>
        </form>
      </div>
      <div class="account">
        <nav class="sections" aria-label="${t('account.sections')}">
          <ul>
            ${frame.sections.map(
              ({ name, uri }) =>
                html`<li>
                  <a id="section-${name}" href="${uri}" ${name === frame.section && html` aria-current="page"`}
                    >${named(name)}</a
                  >
                </li>`,
            )}
          </ul>
        </nav>
        <div class="account-part">
          ${frame.notice && status(t(`account.notice.${frame.notice}` satisfies MessageKey))} ${content.body}
        </div>
      </div>`,
  });
}
