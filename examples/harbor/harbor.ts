// Harbor: a web application that has people sign in at Signet once, and then keeps a session of its own.
import cookie from '@fastify/cookie';
import Fastify from 'fastify';
import * as openid from 'openid-client';
import type { Running } from '../web/environment.ts';
import { failurePage, html, type Html, notice, pagesOf, signInLink } from '../web/page.ts';
import { sessionsInMemory } from '../web/sessions.ts';
import { type ApplicationOptions, signInAt } from '../web/sign-in.ts';
import { accessTokenClaims, claimTable, expiry, nameOf, personCard } from '../web/tokens.ts';

type Person = {
  readonly profile: openid.UserInfoResponse;
  readonly idToken: string;
  readonly claims: openid.IDToken;
  readonly accessToken: string;
  /** Milliseconds. */
  readonly endsAt: number;
};

/** Starts it. @throws when Signet cannot be reached at the issuer, or the port is taken. */
export async function startHarbor(options: ApplicationOptions): Promise<Running> {
  const { issuer, url, port } = options;
  const signIn = await signInAt('harbor', options);
  const sessions = sessionsInMemory<Person>(url, 'harbor');
  const app = Fastify({ forceCloseConnections: true });
  await app.register(cookie);
  const show = pagesOf(app, 'Harbor', import.meta.dirname);

  app.get('/', (request, reply) => {
    const person = sessions.of(request);
    return show(reply, person ? welcome(person, issuer) : invitation);
  });

  app.get('/sign-in', (_request, reply) => signIn.begin(reply));

  app.get('/callback', async (request, reply) => {
    const { tokens, failure } = await signIn.finish(request, reply);
    if (failure !== undefined) return show(reply.code(400), failurePage(failure));
    // UserInfo tells the rest: the ID token says only who it is, not what they are called.
    const claims = tokens.claims()!;
    const { id_token, access_token: accessToken } = tokens;
    const profile = await openid.fetchUserInfo(signIn.signet, accessToken, claims.sub);
    const endsAt = Date.now() + (tokens.expiresIn() ?? 0) * 1000;
    sessions.begin(request, reply, { profile, idToken: id_token!, claims, accessToken, endsAt });
    // Always to the same place: an address from the request could lead anywhere.
    return reply.redirect('/', 303);
  });

  app.post('/sign-out', (request, reply) => {
    const person = sessions.end(request, reply);
    return person ? signIn.signOut(reply, person.idToken) : reply.redirect('/signed-out', 303);
  });

  app.get('/signed-out', (_request, reply) => show(reply, goodbye));

  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}

const invitation = notice(
  'Welcome to Harbor',
  html`<p>Harbor knows no passwords. It sends you to Signet, and Signet tells it who you are.</p>`,
  signInLink('Sign in'),
);

const goodbye = notice(
  'You are signed out',
  html`<p>Here and at Signet, and so at every application that asks Signet.</p>`,
  html`<a class="button" href="/">Back to Harbor</a>`,
);

function welcome({ profile, claims, accessToken, endsAt }: Person, issuer: string): Html {
  const title = html`Hello, <span id="name">${nameOf(profile)}</span>`;
  return html`${personCard(profile, title, html`${profile.email ?? profile.sub}`)} ${expiry(endsAt)}
    <div class="actions">
      <form method="post" action="/sign-out"><button class="button">Sign out</button></form>
      <a class="button" href="${issuer}/account">Your account at Signet</a>
    </div>
    <h2>What Signet told Harbor about you</h2>
    <p>The answer of UserInfo, which Harbor asked once, with the access token.</p>
    ${claimTable('userinfo', profile)}
    <h2>The ID token</h2>
    <p>It says to Harbor, and to nobody else, that you signed in, when and how.</p>
    ${claimTable('id-token', claims)} ${accessTokenClaims(accessToken)}`;
}
