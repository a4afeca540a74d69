// Harbor: a web application that has people sign in at Signet once, and then keeps a session of its own.
import cookie from '@fastify/cookie';
import Fastify from 'fastify';
import * as openid from 'openid-client';
import type { Running } from '../web/environment.ts';
import { claimList, failurePage, html, type Html, pagesOf } from '../web/page.ts';
import { sessionsInMemory } from '../web/sessions.ts';
import { type ApplicationOptions, signInAt } from '../web/sign-in.ts';

type Person = { readonly claims: openid.UserInfoResponse; readonly idToken: string };

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
    const { sub } = tokens.claims()!;
    const claims = await openid.fetchUserInfo(signIn.signet, tokens.access_token, sub);
    sessions.begin(request, reply, { claims, idToken: tokens.id_token! });
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

const invitation = html`<h1>Welcome to Harbor</h1>
  <p>Harbor knows no passwords. It sends you to Signet, and Signet tells it who you are.</p>
  <div class="actions"><a class="button primary" href="/sign-in">Sign in</a></div>`;

const goodbye = html`<h1>You are signed out</h1>
  <p>Here and at Signet, and so at every application that asks Signet.</p>
  <div class="actions"><a class="button" href="/">Back to Harbor</a></div>`;

function welcome({ claims }: Person, issuer: string): Html {
  return html`<h1>Hello, <span id="name">${claims.name ?? claims.preferred_username ?? claims.sub}</span></h1>
    <p>This is what Signet told Harbor about you:</p>
    ${claimList(claims)}
    <div class="actions">
      <form method="post" action="/sign-out"><button class="button primary">Sign out</button></form>
      <a class="button" href="${issuer}/account">Your account at Signet</a>
    </div>`;
}
