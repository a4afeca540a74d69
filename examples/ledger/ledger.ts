// Ledger: a web application that asks Signet at every visit whether the sign-in still stands, and refreshes its tokens.
import cookie from '@fastify/cookie';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import * as openid from 'openid-client';
import type { Running } from '../web/environment.ts';
import { claimList, failurePage, html, type Html, pagesOf } from '../web/page.ts';
import { sessionsInMemory } from '../web/sessions.ts';
import { type ApplicationOptions, signInAt, type Tokens } from '../web/sign-in.ts';

type SignedIn = {
  readonly sub: string;
  readonly idToken: string;
  accessToken: string;
  refreshToken: string;
  /** Milliseconds. */
  expiresAt: number;
  refreshes: number;
};

/** Starts it. @throws when Signet cannot be reached at the issuer, or the port is taken. */
export async function startLedger(options: ApplicationOptions): Promise<Running> {
  const { url, port } = options;
  const signIn = await signInAt('ledger', options);
  const sessions = sessionsInMemory<SignedIn>(url, 'ledger');
  const app = Fastify({ forceCloseConnections: true });
  await app.register(cookie);
  const show = pagesOf(app, 'Ledger', import.meta.dirname);

  /** The session here ends with the one at Signet; every other error stays one. */
  const endHere = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    if (!isOver(error)) throw error;
    sessions.end(request, reply);
    return show(reply, ended);
  };

  app.get('/', async (request, reply) => {
    const signedIn = sessions.of(request);
    if (!signedIn) return show(reply, invitation);
    try {
      if (signedIn.expiresAt <= Date.now()) await refresh(signIn.signet, signedIn);
      const claims = await openid.fetchUserInfo(signIn.signet, signedIn.accessToken, signedIn.sub);
      return show(reply, books(signedIn, claims));
    } catch (error) {
      return endHere(request, reply, error);
    }
  });

  app.get('/sign-in', (_request, reply) => signIn.begin(reply));

  app.get('/callback', async (request, reply) => {
    const { tokens, failure } = await signIn.finish(request, reply);
    if (failure !== undefined) return show(reply.code(400), failurePage(failure));
    const { sub } = tokens.claims()!;
    sessions.begin(request, reply, { sub, idToken: tokens.id_token!, ...kept(tokens, ''), refreshes: 0 });
    return reply.redirect('/', 303);
  });

  app.post('/refresh', async (request, reply) => {
    const signedIn = sessions.of(request);
    try {
      if (signedIn) await refresh(signIn.signet, signedIn);
      return await reply.redirect('/', 303);
    } catch (error) {
      return endHere(request, reply, error);
    }
  });

  app.post('/sign-out', (request, reply) => {
    const signedIn = sessions.end(request, reply);
    return signedIn ? signIn.signOut(reply, signedIn.idToken) : reply.redirect('/signed-out', 303);
  });

  app.get('/signed-out', (_request, reply) => show(reply, goodbye));

  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}

/** New tokens without the browser. @throws what `isOver` knows when Signet gives none any more. */
async function refresh(signet: openid.Configuration, signedIn: SignedIn): Promise<void> {
  const tokens = await openid.refreshTokenGrant(signet, signedIn.refreshToken);
  Object.assign(signedIn, kept(tokens, signedIn.refreshToken));
  signedIn.refreshes += 1;
}

/** What is kept of tokens. Where refresh tokens are rotated, the answer holds the next one, and the last is spent. */
function kept(tokens: Tokens, formerRefreshToken: string) {
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? formerRefreshToken,
    expiresAt: Date.now() + (tokens.expiresIn() ?? 0) * 1000,
  };
}

/** Whether Signet said that this sign-in stands no more: signed out elsewhere, taken back, expired. */
function isOver(error: unknown): boolean {
  if (error instanceof openid.WWWAuthenticateChallengeError) return error.status === 401;
  return error instanceof openid.ResponseBodyError && error.error === 'invalid_grant';
}

const invitation = html`<h1>Welcome to Ledger</h1>
  <p>Whoever is signed in at Signet already comes in here without a password.</p>
  <div class="actions"><a class="button primary" href="/sign-in">Sign in</a></div>`;

const ended = html`<h1>Your sign-in has ended</h1>
  <p id="ended">Ledger asked Signet, and Signet said that you are signed out.</p>
  <div class="actions"><a class="button primary" href="/sign-in">Sign in</a></div>`;

const goodbye = html`<h1>You are signed out</h1>
  <p>Here and at Signet, and so at every application that asks Signet.</p>
  <div class="actions"><a class="button" href="/">Back to Ledger</a></div>`;

function books({ expiresAt, refreshes }: SignedIn, claims: openid.UserInfoResponse): Html {
  const minutes = Math.max(0, Math.round((expiresAt - Date.now()) / 60_000));
  return html`<h1>The books of <span id="name">${claims.name ?? claims.preferred_username ?? claims.sub}</span></h1>
    <p>Ledger has asked Signet just now who you are:</p>
    ${claimList(claims)}
    <p>
      The access token ends in ${minutes} minutes, and is then refreshed.
      <strong id="refreshes">Refreshes so far: ${refreshes}</strong>
    </p>
    <div class="actions">
      <form method="post" action="/sign-out"><button class="button primary">Sign out</button></form>
      <form method="post" action="/refresh"><button class="button">Refresh the tokens</button></form>
    </div>`;
}
