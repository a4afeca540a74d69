// The page where a person decides what a client may do.
import { html, type Html } from '../../../texts/html.ts';
import { type Locale, translator, type Translate } from '../../../texts/messages.ts';
import { emblem } from './emblem.ts';
import { hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { webLink } from './links.ts';
import { scopeText } from './scope-text.ts';
import { signOutButton, type SignOutButton } from './sign-out-button.ts';

/** A scope that the client asks for. */
export type ConsentScope = {
  name: string;
  description?: string | undefined;
  /** Whether this person has not yet allowed it to this client. */
  isNew: boolean;
};

/** What the consent page shows. */
export type Consent = SignOutButton & {
  action: string;
  attempt: string;
  clientName: string;
  clientUri?: string | undefined;
  clientLogoUri?: string | undefined;
  policyUri?: string | undefined;
  tosUri?: string | undefined;
  redirectHost: string;
  /** Seconds after which what outlives the session ends; undefined: nothing does. */
  lastsFor?: number | undefined;
  scopes: readonly ConsentScope[];
  resources: readonly { identifier: string; name?: string | undefined }[];
  username: string;
  name?: string | undefined;
  email?: string | undefined;
  /** Consent is not remembered: another program could receive what is sent to this client. */
  isAskedEachTime?: boolean | undefined;
  switchUserAction: string;
};

/** Renders the consent page. */
export function consentPage(page: Page, model: Consent): Html {
  const t = translator(page.locale);
  const client = model.clientName;
  const title = t('consent.title', { client });
  return layout(page, {
    title,
    body: html`<div class="card">
      ${emblem(client, model.clientLogoUri)}
      <h1>${title}</h1>
      ${signedIn(model, t)} ${asked(model, t)}
      ${
        model.resources.length > 0 &&
        html`<h2 class="list-title">${t('consent.resources')}</h2>
          <ul class="plain-list">
            ${model.resources.map(resource)}
          </ul>`
      }
      <form method="post" action="${model.action}">
        ${hiddenFields({ attempt: model.attempt, username: model.username })}
        <div class="actions actions-choice">
          <button class="button button-primary" id="consent-allow" type="submit" name="decision" value="allow">
            ${t('consent.allow')}
          </button>
          <button class="button" id="consent-deny" type="submit" name="decision" value="deny">
            ${t('consent.deny')}
          </button>
        </div>
      </form>
      <div class="small-print">
        <p>
          ${t('consent.after', { host: model.redirectHost })}
          ${model.lastsFor !== undefined && t('consent.lasts', { duration: inWords(model.lastsFor, page.locale) })}
          ${t(model.isAskedEachTime ? 'consent.asked_each_time' : 'consent.revocable', { client })}
        </p>
        ${links(model, t)}
      </div>
    </div>`,
  });
}

/** "7 days", in the words of the language. */
function inWords(seconds: number, locale: Locale): string {
  const [unit, length] = seconds >= 2 * 86_400 ? (['day', 86_400] as const) : (['hour', 3600] as const);
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(
    Math.max(1, Math.ceil(seconds / length)),
  );
}

function signedIn(model: Consent, t: Translate): Html {
  const { username, name = username, email } = model;
  // Who signs in by their address, or has no name, is not told the same twice.
  const more = [username, email].filter((one) => one !== undefined && one !== name);
  return html`<div class="person">
    ${emblem(name)}
    <div class="person-name">
      <p class="person-title"><bdi>${name}</bdi></p>
      ${[...new Set(more)].map((one) => html`<p class="muted"><bdi>${one}</bdi></p>`)}
    </div>
    <div class="person-ways">
      <form method="post" action="${model.switchUserAction}">
        ${hiddenFields({ attempt: model.attempt, username: model.username })}
        <button class="button button-link" id="consent-switch" type="submit" name="decision" value="switch">
          ${t('consent.switch')}
        </button>
      </form>
      ${signOutButton(model, t)}
    </div>
  </div>`;
}

function asked(model: Consent, t: Translate): Html {
  const client = model.clientName;
  if (model.scopes.length === 0) return html`<p>${t('consent.scopes_none', { client })}</p>`;
  const list = (scopes: readonly ConsentScope[], title: string, style: string) =>
    scopes.length > 0 &&
    html`<h2 class="list-title">${title}</h2>
      <ul class="${style}">
        ${scopes.map((scope) => html`<li><bdi>${scopeText(scope.name, scope.description, t)}</bdi></li>`)}
      </ul>`;
  return html`${list(
    model.scopes.filter((scope) => scope.isNew),
    t('consent.scopes_new', { client }),
    'scope-list',
  )}
  ${list(
    model.scopes.filter((scope) => !scope.isNew),
    t('consent.scopes_granted'),
    'scope-list scope-list-granted',
  )}`;
}

function resource({ identifier, name }: Consent['resources'][number]): Html {
  if (name === undefined) return html`<li><code dir="ltr">${identifier}</code></li>`;
  return html`<li><bdi>${name}</bdi><br /><code class="muted" dir="ltr">${identifier}</code></li>`;
}

function links(model: Consent, t: Translate): Html | undefined {
  const items = [
    { uri: webLink(model.clientUri), text: t('consent.website') },
    { uri: webLink(model.policyUri), text: t('consent.policy') },
    { uri: webLink(model.tosUri), text: t('consent.terms') },
  ].filter(({ uri }) => uri !== undefined);
  if (items.length === 0) return undefined;
  return html`<nav aria-label="${t('consent.links', { client: model.clientName })}">
    <ul class="link-row">
      ${items.map(
        ({ uri, text }) => html`<li><a href="${uri}" target="_blank" rel="noopener noreferrer">${text}</a></li>`,
      )}
    </ul>
  </nav>`;
}
