// Depot: shows the access token it has, what two services of other origins say to it, and revokes it while one watches.
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import Fastify from 'fastify';
import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import type { Running } from '../web/environment.ts';
import { failurePage, html, type Html, notice, pagesOf, signInLink } from '../web/page.ts';
import { sessionsInMemory } from '../web/sessions.ts';
import { type ApplicationOptions, signInAt } from '../web/sign-in.ts';
import { claimTable, expiry, nameOf, personCard } from '../web/tokens.ts';
import { goods } from './services.ts';

type Holder = {
  readonly accessToken: string;
  readonly idToken: string;
  readonly claims: openid.IDToken;
  revokedAt?: number;
  refusedAfter?: number;
};

/** What a service said: its status, and a sentence. */
type Answer = { readonly status: number; readonly says: string };

/** A token for Goods opens no UserInfo, so the ID token is asked to tell the name (OpenID Connect Core 1.0 5.5). */
const wanted = {
  scope: 'openid goods:read crates:read',
  resource: goods,
  claims: JSON.stringify({ id_token: { name: null, preferred_username: null } }),
};

/** Milliseconds for a call to a service. */
const patience = 3000;

/** `goods` is where the goods service is. Starts it. @throws when Signet cannot be reached at the issuer, or the port is taken. */
export async function startDepot(options: ApplicationOptions & { readonly goods: string }): Promise<Running> {
  const { url, port } = options;
  const signIn = await signInAt('depot', options, wanted);
  const sessions = sessionsInMemory<Holder>(url, 'depot');
  const app = Fastify({ forceCloseConnections: true });
  await app.register(cookie);
  const show = pagesOf(app, 'Depot', import.meta.dirname, join(import.meta.dirname, 'public/depot.js'));

  app.get('/', (request, reply) => {
    const holder = sessions.of(request);
    return show(reply, holder ? token(holder) : invitation);
  });

  app.get('/sign-in', (_request, reply) => signIn.begin(reply));

  app.get('/callback', async (request, reply) => {
    const { tokens, failure } = await signIn.finish(request, reply);
    if (failure !== undefined) return show(reply.code(400), failurePage(failure));
    const { access_token: accessToken, id_token } = tokens;
    sessions.begin(request, reply, { accessToken, idToken: id_token!, claims: tokens.claims()! });
    return reply.redirect('/', 303);
  });

  /** What both services say at this moment, for the script of the page. */
  app.get('/answers', async (request, reply) => {
    const holder = sessions.of(request);
    if (!holder) return reply.code(401).send({});
    const { revokedAt } = holder;
    const said = await ask(`${options.goods}/goods`, holder.accessToken);
    if (revokedAt !== undefined && said.goods.status === 401) holder.refusedAfter ??= (Date.now() - revokedAt) / 1000;
    return { ...said, refusedAfter: holder.refusedAfter };
  });

  app.post('/revoke', async (request, reply) => {
    const holder = sessions.of(request);
    if (holder && holder.revokedAt === undefined) {
      await openid.tokenRevocation(signIn.signet, holder.accessToken);
      holder.revokedAt = Date.now();
    }
    return reply.redirect('/', 303);
  });

  app.post('/sign-out', (request, reply) => {
    const holder = sessions.end(request, reply);
    return holder ? signIn.signOut(reply, holder.idToken) : reply.redirect('/signed-out', 303);
  });

  app.get('/signed-out', (_request, reply) => show(reply, goodbye));

  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}

/** The goods service says what it has, and what the crates service told it. */
async function ask(address: string, accessToken: string): Promise<{ goods: Answer; crates: Answer }> {
  const notAsked = { status: 0, says: 'was not asked' };
  try {
    const answer = await fetch(address, {
      headers: { authorization: `Bearer ${accessToken}` },
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    const body = (await answer.json()) as { goods?: string; crates?: Answer; error_description?: string };
    if (!answer.ok)
      return { goods: { status: answer.status, says: body.error_description ?? 'No words.' }, crates: notAsked };
    return { goods: { status: 200, says: body.goods! }, crates: body.crates! };
  } catch {
    return { goods: { status: 503, says: 'does not answer' }, crates: notAsked };
  }
}

const invitation = notice(
  'Welcome to Depot',
  html`<p>Depot shows what is usually hidden: the access token that it gets for you, and what becomes of it.</p>`,
  signInLink('Sign in'),
);

const goodbye = notice(
  'You are signed out',
  html`<p>With the session every token of it ended, at the services too.</p>`,
  html`<a class="button" href="/">Back to Depot</a>`,
);

function token({ accessToken, claims, revokedAt }: Holder): Html {
  const said = decodeJwt(accessToken);
  const isRevoked = revokedAt !== undefined;
  const hiddenIf = (isHidden: boolean) => (isHidden ? html`hidden` : html``);
  const who = html`Signed in as <span id="name">${nameOf(claims)}</span>`;
  return html`${personCard(claims, html`Your access token`, who)} ${expiry(said.exp! * 1000, 'Access token', isRevoked)}
    <p>Goods checks it alone, and exchanges it for another one that is for Crates only.</p>
    <dl aria-live="polite">
      <div>
        <dt>Goods</dt>
        <dd id="goods">not asked yet</dd>
      </div>
      <div>
        <dt>Crates</dt>
        <dd id="crates">not asked yet</dd>
      </div>
    </dl>
    <noscript><p>Without JavaScript this page does not ask them.</p></noscript>
    <p id="revoked" ${hiddenIf(!isRevoked)}>Revoked. Goods hears of it with its next look at the list.</p>
    <div class="actions">
      <form id="revoke" method="post" action="/revoke" ${hiddenIf(isRevoked)}>
        <button class="button primary">Revoke the token</button>
      </form>
      <span id="again" ${hiddenIf(!isRevoked)}>${signInLink('Sign in again')}</span>
      <form method="post" action="/sign-out"><button class="button">Sign out</button></form>
    </div>
    <h2>What it says</h2>
    <p>Goods reads this, and acts on it.</p>
    ${claimTable('access-token', said)}
    <h2>As it is sent</h2>
    <pre id="token">${accessToken}</pre>
    <h2>The ID token</h2>
    <p>It came along, and says to Depot, and to nobody else, that you signed in, when and how.</p>
    ${claimTable('id-token', claims)}
    <script src="/script.js"></script>`;
}
