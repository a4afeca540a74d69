// A web application that signs people in with openid-client, as its documentation shows it.
import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import { htmlReply, redirectReply, type Reply, serve, type Visit } from './local-server.ts';

const clientSecret = 'a-secret-that-has-at-least-32-characters';

export type RelyingParty = {
  readonly origin: string;
  /** How it is registered at Signet. */
  readonly registration: {
    readonly client_id: string;
    readonly client_name: string;
    readonly client_secret: string;
    readonly token_endpoint_auth_method: 'client_secret_post';
    readonly redirect_uris: string[];
    readonly post_logout_redirect_uris: string[];
  };
  stop(): Promise<void>;
};

type Pending = { readonly verifier: string; readonly state: string; readonly nonce: string };
type SignedIn = { readonly name: string; readonly sub: string; readonly idToken: string; refreshToken: string };
type Visitor = { pending?: Pending; signedIn?: SignedIn };

/**
 * Starts an application with the pages `/`, `/login`, `/callback`, `/refresh`, `/logout` and `/bye`. `/login` passes its
 * query on to the authorization request, `/logout` leaves the hint out when asked with `?hint=no`.
 */
export async function startRelyingParty(issuer: string, name: string, host: string): Promise<RelyingParty> {
  const visitors = new Map<string, Visitor>();
  const id = name.toLowerCase();
  let discovered: Promise<client.Configuration> | undefined;
  const configuration = () =>
    (discovered ??= client.discovery(new URL(issuer), id, clientSecret, undefined, {
      execute: [client.allowInsecureRequests],
    }));

  const server = await serve(host, async (visit) => {
    const known = /(?:^|; )visitor=([^;]+)/.exec(visit.cookie)?.[1];
    const key = known !== undefined && visitors.has(known) ? known : randomUUID();
    const visitor = visitors.get(key) ?? {};
    visitors.set(key, visitor);
    const reply = await answer(visit, visitor);
    // No SameSite: the answer of form_post comes as a POST from another site, minutes after this was set.
    return { ...reply, headers: { ...reply.headers, 'set-cookie': `visitor=${key}; Path=/; HttpOnly` } };
  });
  const redirectUri = `${server.origin}/callback`;

  async function answer(visit: Visit, visitor: Visitor): Promise<Reply> {
    switch (visit.url.pathname) {
      case '/':
        return htmlReply(
          visitor.signedIn ? `<p id="name">${visitor.signedIn.name}</p>` : '<a href="/login">Sign in</a>',
        );
      case '/login':
        return login(visit, visitor);
      case '/callback':
        return callback(visit, visitor);
      case '/refresh':
        return htmlReply(`<p id="refreshed">${await refresh(visitor)}</p>`);
      case '/logout':
        return logout(visit, visitor);
      case '/bye':
        return htmlReply('<p id="bye">Goodbye</p>');
      default:
        return { status: 404 };
    }
  }

  async function login({ url }: Visit, visitor: Visitor): Promise<Reply> {
    const verifier = client.randomPKCECodeVerifier();
    const pending = { verifier, state: client.randomState(), nonce: client.randomNonce() };
    visitor.pending = pending;
    const location = client.buildAuthorizationUrl(await configuration(), {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
      ...Object.fromEntries(url.searchParams),
    });
    return redirectReply(location.href);
  }

  async function callback(visit: Visit, visitor: Visitor): Promise<Reply> {
    const { pending } = visitor;
    if (!pending) return { status: 400, ...htmlReply('<p id="failed">No sign-in was begun here.</p>') };
    delete visitor.pending;
    const config = await configuration();
    const form = { method: 'POST', body: new URLSearchParams(visit.body) };
    const current = visit.method === 'POST' ? new Request(visit.url, form) : visit.url;
    const tokens = await client.authorizationCodeGrant(config, current, {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    });
    const { sub } = tokens.claims()!;
    const { name: title } = await client.fetchUserInfo(config, tokens.access_token, sub);
    visitor.signedIn = { name: title ?? sub, sub, idToken: tokens.id_token!, refreshToken: tokens.refresh_token! };
    return redirectReply('/');
  }

  /** What came of it: `refreshed`, or the error's code. */
  async function refresh({ signedIn }: Visitor): Promise<string> {
    if (!signedIn) return 'nobody is signed in';
    try {
      const tokens = await client.refreshTokenGrant(await configuration(), signedIn.refreshToken);
      signedIn.refreshToken = tokens.refresh_token ?? signedIn.refreshToken;
      return 'refreshed';
    } catch (error) {
      if (error instanceof client.ResponseBodyError) return error.error;
      throw error;
    }
  }

  async function logout({ url }: Visit, visitor: Visitor): Promise<Reply> {
    const { signedIn } = visitor;
    delete visitor.signedIn;
    const config = await configuration();
    if (url.searchParams.get('hint') === 'no') return redirectReply(config.serverMetadata().end_session_endpoint!);
    const location = client.buildEndSessionUrl(config, {
      id_token_hint: signedIn?.idToken ?? '',
      post_logout_redirect_uri: `${server.origin}/bye`,
    });
    return redirectReply(location.href);
  }

  return {
    origin: server.origin,
    registration: {
      client_id: id,
      client_name: name,
      client_secret: clientSecret,
      // What openid-client does unless it is told otherwise.
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [`${server.origin}/bye`],
    },
    stop: () => server.close(),
  };
}
