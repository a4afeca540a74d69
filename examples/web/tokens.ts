// What a page shows of a person and of tokens: who it is, claims as a table, and when an access token ends.
import { decodeJwt } from 'jose';
import { claimOf, initialsOf, timeText } from './claims.js';
import { html, type Html } from './page.ts';

type Claims = Readonly<Record<string, unknown>>;

/** What to call somebody: by what is known, from the friendliest to what is always there. */
export function nameOf({ name, preferred_username, sub }: Claims): string {
  return [name, preferred_username, sub].find((one) => typeof one === 'string') ?? '';
}

/** Who is signed in. `title` is the heading. */
export function personCard(claims: Claims, title: Html, more: Html): Html {
  return html`<div class="person">
    <span class="initials" aria-hidden="true">${initialsOf(nameOf(claims))}</span>
    <div>
      <h1>${title}</h1>
      <p>${more}</p>
    </div>
  </div>`;
}

/** Claims, in the order in which they came. */
export function claimTable(id: string, claims: Claims): Html {
  const rows = Object.entries(claims).map(([name, value]) => {
    const { note, text, time, number } = claimOf(name, value);
    const shown =
      time === undefined
        ? html`${text}`
        : html`<time datetime="${time}">${text}</time><small><span data-from-now="${time}"></span>${number!}</small>`;
    return html`<div>
      <dt><code>${name}</code></dt>
      <dd>${shown}</dd>
      <dd class="note">${note}</dd>
    </div>`;
  });
  return html`<dl id="${id}">${rows}</dl>`;
}

/** When an access token ends, in milliseconds. The script of the page counts down where it says `data-ends`. */
export function expiry(endsAt: number, label = 'Access token', isRevoked = false): Html {
  const date = new Date(endsAt);
  const time = date.toISOString();
  if (isRevoked)
    return html`<p class="expiry">
      <span>${label}</span> <strong>revoked</strong>
      <span>would have expired <time datetime="${time}">${timeText(date, 'UTC')}</time></span>
    </p>`;
  return html`<p class="expiry">
    <span>${label}</span>
    <strong role="timer" aria-label="${label}" data-ends="${time}"
      >${endsAt <= Date.now() ? 'expired' : 'expires'}</strong
    >
    <time datetime="${time}">${timeText(date, 'UTC')}</time>
  </p>`;
}

/** What an access token says, for those who want to look. */
export function accessTokenClaims(accessToken: string): Html {
  const claims = jwtClaims(accessToken);
  return claims
    ? html`<details>
        <summary>What the access token says</summary>
        <p>It is for an API, and only APIs act on it: an application sends it on as it is.</p>
        ${claimTable('access-token', claims)}
      </details>`
    : html``;
}

/** undefined when it is no JWT: an access token is what its issuer makes it. */
function jwtClaims(token: string): Claims | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
