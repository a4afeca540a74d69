// What a mail looks like: the same words as plain text and as a document, in one language.
import { html, type Html } from './html.ts';
import { direction, type Locale } from './messages.ts';

export type MailContent = {
  readonly subject: string;
  /** In their order; none has a line break. */
  readonly paragraphs: readonly string[];
  /** Where its person goes on. */
  readonly link?: { readonly uri: string; readonly label: string };
  /** What its person types in. */
  readonly code?: string;
  /** Behind the link or the code. */
  readonly afterwards?: readonly string[];
  /** Why it was sent. */
  readonly footer: string;
};

/** Whose mail it is. */
export type MailFace = { readonly tenantName: string; readonly logoUri?: string | undefined };

/** A link or a code stands alone on its line. */
export function mailText({ paragraphs, link, code, afterwards = [], footer }: MailContent): string {
  const parts = [...paragraphs, ...(link ? [link.uri] : []), ...(code === undefined ? [] : [code]), ...afterwards];
  return `${[...parts, `-- \n${footer}`].join('\n\n')}\n`;
}

/** A document of its own, in light and dark: nothing is fetched but the tenant's logo. */
export function mailHtml(face: MailFace, locale: Locale, content: MailContent): string {
  const { subject, paragraphs, link, code, afterwards = [], footer } = content;
  const document = html`<!doctype html>
    <html lang="${locale}" dir="${direction(locale)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${subject}</title>
        <style>
          @media (prefers-color-scheme: dark) {
            .ground {
              background: #0e1116 !important;
            }
            .card {
              background: #171b22 !important;
              border-color: #2b323d !important;
            }
            .text {
              color: #e8ebf1 !important;
            }
            .muted {
              color: #a5aebd !important;
            }
            .link {
              color: #9dbcff !important;
            }
            .sunken {
              background: #1d222b !important;
              border-color: #2b323d !important;
            }
          }
        </style>
      </head>
      <body class="ground" style="margin:0;padding:0;background:#f3f4f7;">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
          <tr>
            <td class="ground" align="center" style="padding:32px 16px;background:#f3f4f7;">
              <table
                role="presentation"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                border="0"
                style="max-width:520px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif;"
              >
                <tr>
                  <td class="text" style="padding:0 4px 16px;color:#171a21;font-size:17px;font-weight:600;">
                    ${
                      face.logoUri !== undefined &&
                      html`<img
                        src="${face.logoUri}"
                        alt=""
                        height="32"
                        style="height:32px;vertical-align:middle;margin-inline-end:10px;"
                      />`
                    }${face.tenantName}
                  </td>
                </tr>
                <tr>
                  <td
                    class="card"
                    style="padding:28px;background:#ffffff;border:1px solid #dde1e8;border-radius:14px;font-size:16px;line-height:1.5;"
                  >
                    <h1 class="text" style="margin:0 0 16px;color:#171a21;font-size:21px;line-height:1.3;">
                      ${subject}
                    </h1>
                    ${paragraphs.map(paragraph)} ${link && button(link)} ${code !== undefined && codeBox(code)}
                    ${afterwards.map(paragraph)}
                  </td>
                </tr>
                <tr>
                  <td class="muted" style="padding:16px 4px 0;color:#545c6b;font-size:13px;line-height:1.5;">
                    ${footer}
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html> `;
  return document.toString();
}

function paragraph(text: string): Html {
  return html`<p class="text" style="margin:0 0 14px;color:#171a21;overflow-wrap:anywhere;">${text}</p>`;
}

/** Also as text, for who does not trust buttons, and for programs that show none. */
function button({ uri, label }: { readonly uri: string; readonly label: string }): Html {
  return html`<p style="margin:20px 0 12px;">
      <a
        href="${uri}"
        style="display:inline-block;padding:12px 22px;background:#1d4fbe;border-radius:10px;color:#ffffff;font-weight:600;text-decoration:none;"
        >${label}</a
      >
    </p>
    <p class="muted" style="margin:0 0 18px;color:#545c6b;font-size:13px;overflow-wrap:anywhere;">
      <a class="link" href="${uri}" style="color:#1d4fbe;">${uri}</a>
    </p>`;
}

function codeBox(code: string): Html {
  return html`<p
    class="sunken text"
    dir="ltr"
    style="margin:20px 0;padding:14px;background:#f6f7f9;border:1px solid #dde1e8;border-radius:10px;color:#171a21;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:26px;letter-spacing:4px;text-align:center;"
  >
    ${code}
  </p>`;
}
