// A page without a server of its own that signs people in with oidc-client-ts, taken from its package as it is.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { htmlReply, serve } from './local-server.ts';

export type SinglePageApplication = {
  readonly origin: string;
  /** How it is registered at Signet: a public client. */
  readonly registration: {
    readonly client_id: string;
    readonly client_name: string;
    readonly token_endpoint_auth_method: 'none';
    readonly redirect_uris: string[];
    readonly post_logout_redirect_uris: string[];
  };
  stop(): Promise<void>;
};

/** Serves the page. It shows the name in `#name`, what a refresh gave in `#refreshed`, and what failed in `#failed`. */
export async function startSinglePageApplication(
  issuer: string,
  name: string,
  host: string,
): Promise<SinglePageApplication> {
  const id = name.toLowerCase();
  const manifest = createRequire(import.meta.url).resolve('oidc-client-ts/package.json');
  const bundle = await readFile(join(dirname(manifest), 'dist/browser/oidc-client-ts.js'));
  const script = { 'content-type': 'text/javascript' };
  const server = await serve(host, ({ url }) => {
    switch (url.pathname) {
      case '/':
        return htmlReply(page);
      case '/oidc-client-ts.js':
        return { headers: script, body: bundle };
      case '/app.js':
        return { headers: script, body: application(issuer, id) };
      default:
        return { status: 404 };
    }
  });
  return {
    origin: server.origin,
    registration: {
      client_id: id,
      client_name: name,
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${server.origin}/`],
      post_logout_redirect_uris: [`${server.origin}/`],
    },
    stop: () => server.close(),
  };
}

const page = `<button id="login">Sign in</button> <button id="refresh">Refresh</button> <button id="logout">Sign out</button>
  <p id="name"></p><p id="refreshed"></p><p id="failed"></p>
  <script src="/oidc-client-ts.js"></script><script src="/app.js"></script>`;

function application(issuer: string, clientId: string): string {
  return `
    const show = (id, text) => { document.getElementById(id).textContent = text; };
    const showUser = (user) => show('name', user?.profile.name ?? 'nobody');
    const here = location.origin + '/';
    const manager = new oidc.UserManager({
      authority: ${JSON.stringify(issuer)},
      client_id: ${JSON.stringify(clientId)},
      redirect_uri: here,
      post_logout_redirect_uri: here,
      scope: 'openid profile email',
      loadUserInfo: true,
      automaticSilentRenew: false,
      userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
    });
    const trying = (work) => work().catch((error) => show('failed', String(error)));
    const press = (id, work) => document.getElementById(id).addEventListener('click', () => trying(work));
    press('login', () => manager.signinRedirect());
    press('logout', () => manager.signoutRedirect());
    press('refresh', async () => {
      const before = await manager.getUser();
      const after = await manager.signinSilent();
      show('refreshed', before.refresh_token === after.refresh_token ? 'the same token' : 'rotated');
      showUser(after);
    });
    trying(async () => {
      const params = new URLSearchParams(location.search);
      if (params.has('code') || params.has('error')) {
        await manager.signinCallback();
        history.replaceState(null, '', '/');
      }
      showUser(await manager.getUser());
    });`;
}
