// Orchard: signs people in from the page itself with oidc-client-ts; runs in the browser as it stands here.
/* global oidc */
import { claimOf, initialsOf } from './claims.js';
import { showTimes } from './times.js';

const { issuer, clientId } = await (await fetch('/config.json')).json();
const here = `${location.origin}/`;
// Of this tab alone, and gone with it.
const store = new oidc.WebStorageStateStore({ store: sessionStorage });

// Code flow with PKCE and state: the library knows nothing else. It keeps and checks a nonce where one is passed.
const manager = new oidc.UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: here,
  post_logout_redirect_uri: here,
  scope: 'openid profile email',
  loadUserInfo: true,
  userStore: store,
  stateStore: store,
});

const element = (id) => document.getElementById(id);

whenPressed('sign-in', () => manager.signinRedirect({ nonce: crypto.randomUUID() }));
whenPressed('sign-out', () => manager.signoutRedirect());
whenPressed('refresh', async () => {
  const before = await manager.getUser();
  const after = await renew();
  if (after) {
    const isNew = after.refresh_token !== before?.refresh_token;
    element('refreshed').textContent = isNew
      ? 'Refreshed, with a new refresh token.'
      : 'Refreshed, with the same token.';
  }
  show(after);
});

await explaining(async () => show(isAnswer() ? await finishSignIn() : await renew()));

/** Whether Signet has sent the browser back with an answer. */
function isAnswer() {
  const query = new URLSearchParams(location.search);
  return query.has('state') && (query.has('code') || query.has('error'));
}

async function finishSignIn() {
  try {
    return await manager.signinCallback();
  } finally {
    // The code is spent: out of the address bar with it.
    history.replaceState(null, '', '/');
  }
}

/** The person of this tab with new tokens; null when nobody is signed in, or no more. */
async function renew() {
  if (!(await manager.getUser())) return null;
  try {
    return await manager.signinSilent();
  } catch (error) {
    if (error.error !== 'invalid_grant') throw error;
    await manager.removeUser();
    return null;
  }
}

function show(user) {
  element('signed-out').hidden = Boolean(user);
  element('signed-in').hidden = !user;
  if (!user) return;
  const { name, preferred_username, email, sub } = user.profile;
  const called = name ?? preferred_username ?? sub;
  element('name').textContent = called;
  element('initials').textContent = initialsOf(called);
  element('email').textContent = email ?? sub;
  const endsAt = new Date(user.expires_at * 1000).toISOString();
  element('ends').dataset.ends = endsAt;
  element('ends-at').dateTime = endsAt;

  const idToken = claimsIn(user.id_token);
  // The library puts what both say into one.
  const told = Object.entries(user.profile).filter(([name]) => name === 'sub' || !(name in idToken));
  fill('userinfo', told);
  fill('id-token', Object.entries(idToken));
  fill('access-token', Object.entries(claimsIn(user.access_token)));
  showTimes();
}

/** What a JWT says; the library has checked the ID token, and the access token is only shown. */
function claimsIn(token) {
  const bytes = Uint8Array.fromBase64(token.split('.')[1], { alphabet: 'base64url' });
  return JSON.parse(new TextDecoder().decode(bytes));
}

function fill(id, claims) {
  element(id).replaceChildren(...claims.map(row));
}

function row([name, value]) {
  const { note, text, time, number } = claimOf(name, value);
  const shown = time === undefined ? [text] : moment(text, time, number);
  const explained = made('dd', note);
  explained.className = 'note';
  return made('div', made('dt', made('code', name)), made('dd', ...shown), explained);
}

function moment(text, time, number) {
  const [exact, distance] = [made('time', text), made('span')];
  exact.dateTime = time;
  distance.dataset.fromNow = time;
  return [exact, made('small', distance, String(number))];
}

function made(tag, ...content) {
  const element = document.createElement(tag);
  element.append(...content);
  return element;
}

function whenPressed(id, work) {
  element(id).addEventListener('click', () => void explaining(work));
}

/** Does it; when that fails, says so in plain words. */
async function explaining(work) {
  element('failed').hidden = true;
  try {
    await work();
  } catch (error) {
    console.info(error);
    const isDenied = error.error === 'access_denied';
    element('failed').textContent = isDenied
      ? 'You did not allow the access. Sign in again if you want to come in after all.'
      : 'That did not work. Is Signet running? Try again.';
    element('failed').hidden = false;
    element('sign-in').textContent = 'Sign in again';
    show(await manager.getUser());
  }
}
