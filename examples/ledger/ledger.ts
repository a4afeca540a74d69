// Ledger: a web application that asks Signet at every visit whether the sign-in still stands, and refreshes its tokens.
import cookie from '@fastify/cookie';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import * as openid from 'openid-client';
import type { Running } from '../web/environment.ts';
import { failurePage, html, type Html, notice, pagesOf, signInLink } from '../web/page.ts';
import { sessionsInMemory } from '../web/sessions.ts';
import { type ApplicationOptions, signInAt, type Tokens } from '../web/sign-in.ts';
import { accessTokenClaims, claimTable, expiry, nameOf, personCard } from '../web/tokens.ts';

/** What is kept of tokens. */
type Kept = {
  readonly idToken: string;
  readonly claims: openid.IDToken;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Milliseconds. */
  readonly endsAt: number;
};

type SignedIn = { tokens: Kept; refreshes: number };

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
      if (signedIn.tokens.endsAt <= Date.now()) await refresh(signIn.signet, signedIn);
      const { accessToken, claims } = signedIn.tokens;
      return show(reply, books(signedIn, await openid.fetchUserInfo(signIn.signet, accessToken, claims.sub)));
    } catch (error) {
      return endHere(request, reply, error);
    }
  });

  app.get('/sign-in', (_request, reply) => signIn.begin(reply));

  app.get('/callback', async (request, reply) => {
    const { tokens, failure } = await signIn.finish(request, reply);
    if (failure !== undefined) return show(reply.code(400), failurePage(failure));
    sessions.begin(request, reply, { tokens: kept(tokens), refreshes: 0 });
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
    return signedIn ? signIn.signOut(reply, signedIn.tokens.idToken) : reply.redirect('/signed-out', 303);
  });

  app.get('/signed-out', (_request, reply) => show(reply, goodbye));

  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}

/** New tokens without the browser. @throws what `isOver` knows when Signet gives none any more. */
async function refresh(signet: openid.Configuration, signedIn: SignedIn): Promise<void> {
  const tokens = await openid.refreshTokenGrant(signet, signedIn.tokens.refreshToken);
  signedIn.tokens = kept(tokens, signedIn.tokens);
  signedIn.refreshes += 1;
}

/** Where refresh tokens are rotated, the answer holds the next one, and the last is spent. */
function kept(tokens: Tokens, former?: Kept): Kept {
  return {
    idToken: tokens.id_token ?? former!.idToken,
    claims: tokens.claims() ?? former!.claims,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? former!.refreshToken,
    endsAt: Date.now() + (tokens.expiresIn() ?? 0) * 1000,
  };
}

/** Whether Signet said that this sign-in stands no more: signed out elsewhere, taken back, expired. */
function isOver(error: unknown): boolean {
  if (error instanceof openid.WWWAuthenticateChallengeError) return error.status === 401;
  return error instanceof openid.ResponseBodyError && error.error === 'invalid_grant';
}

const invitation = notice(
  'Welcome to Ledger',
  html`<p>Whoever is signed in at Signet already comes in here without a password.</p>`,
  signInLink('Sign in'),
);

const ended = notice(
  'Your sign-in has ended',
  html`<p id="ended">Ledger asked Signet, and Signet said that you are signed out.</p>`,
  signInLink('Sign in again'),
);

const goodbye = notice(
  'You are signed out',
  html`<p>Here and at Signet, and so at every application that asks Signet.</p>`,
  html`<a class="button" href="/">Back to Ledger</a>`,
);

function books({ tokens, refreshes }: SignedIn, profile: openid.UserInfoResponse): Html {
  const title = html`The books of <span id="name">${nameOf(profile)}</span>`;
  return html`${personCard(profile, title, html`${profile.email ?? profile.sub}`)} ${expiry(tokens.endsAt)}
    <p>
      The first visit after that refreshes the tokens by itself.
      <strong id="refreshes">Refreshes so far: ${refreshes}</strong>
    </p>
    <div class="actions">
      <form method="post" action="/refresh"><button class="button primary">Refresh the tokens</button></form>
      <form method="post" action="/sign-out"><button class="button">Sign out</button></form>
    </div>
    <h2>What Signet says about you</h2>
    <p>The answer of UserInfo: Ledger has asked just now, and does so at every visit.</p>
    ${claimTable('userinfo', profile)}
    <h2>The ID token</h2>
    <p>It says to Ledger, and to nobody else, that you signed in, when and how.</p>
    ${claimTable('id-token', tokens.claims)} ${accessTokenClaims(tokens.accessToken)}`;
}
