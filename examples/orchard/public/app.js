// Orchard: signs people in from the page itself with oidc-client-ts; runs in the browser as it stands here.
/* global oidc */

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
  element('name').textContent = name ?? preferred_username ?? sub;
  element('claims').replaceChildren(...Object.entries({ sub, name, preferred_username, email }).map(entry));
}

function entry([name, value]) {
  const [group, term, description] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = name;
  description.textContent = value ?? '–';
  group.append(term, description);
  return group;
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
    show(await manager.getUser());
  }
}
