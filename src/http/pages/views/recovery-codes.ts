// Recovery codes, shown once: to copy, to download, to print.
import { translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { html, type Html } from '../../../texts/html.ts';
import { copyButton } from './copy-button.ts';
import type { Page } from './layout.ts';

export type RecoveryCodes = { frame: AccountFrame; codes: readonly string[] };

/** Renders the page, of which there is no address: it answers what made them. */
export function recoveryCodesPage(page: Page, { frame, codes }: RecoveryCodes): Html {
  const t = translator(page.locale);
  const onward = frame.sections.find(({ name }) => name === 'two_step')!.uri;
  return accountFrame(page, frame, {
    title: t('recovery_codes.title'),
    body: html`<section class="card">
      <h1>${t('recovery_codes.title')}</h1>
      ${recoveryCodeList(page, codes)}
      <div class="actions">
        <a class="button button-primary" id="codes-kept" href="${onward}">${t('recovery_codes.kept')}</a>
      </div>
    </section>`,
  });
}

/** The codes, and a file of them. */
export function recoveryCodeList(page: Page, codes: readonly string[]): Html {
  const t = translator(page.locale);
  const file = [page.tenantName, t('recovery_codes.title'), '', ...codes, ''].join('\r\n');
  return html`<p class="lead">${t('recovery_codes.lead')}</p>
    <ul class="codes" id="recovery-codes" dir="ltr">
      ${codes.map((code) => html`<li><code>${code}</code></li>`)}
    </ul>
    <ul class="link-row">
      <li>
        <a
          id="codes-download"
          download="recovery-codes.txt"
          href="data:text/plain;charset=utf-8,${encodeURIComponent(file)}"
          >${t('recovery_codes.download')}</a
        >
      </li>
      <li>
        ${copyButton(page.locale, { id: 'codes-copy', of: 'recovery-codes', told: 'codes-copied', label: t('recovery_codes.copy') })}
      </li>
      <li>
        <button class="button button-link" id="codes-print" type="button" hidden data-print>
          ${t('recovery_codes.print_now')}
        </button>
      </li>
    </ul>

    <p class="small-print" data-unscripted>${t('recovery_codes.print')}</p>`;
}
