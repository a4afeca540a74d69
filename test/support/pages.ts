// One answer of every page there is, also the pages of errors.
import { createHash, randomUUID } from 'node:crypto';
import { type Answer, createAgent, field } from './agent.ts';
import { authorizationRequest, codeFlow, type TestClient } from './flow.ts';
import type { TestSignet } from './signet.ts';

export type VisitedPage = { readonly name: string; readonly answer: Answer };

/** Visits them all. `client` is confidential; `text` goes into every parameter that a page may show again. */
export async function everyPage(
  signet: TestSignet,
  client: TestClient,
  options: { text?: string; user?: { username: string; password: string } } = {},
): Promise<VisitedPage[]> {
  const { text = 'something', user } = options;
  const issuer = signet.issuer;
  const { agent } = await codeFlow(signet, client, user === undefined ? {} : { user });
  await codeFlow(signet, client, user === undefined ? {} : { user });
  const elsewhere = field(await agent.get(`${issuer}/account/sessions`), 'session_id');
  const stranger = createAgent();
  const hinted = { login_hint: text, state: text, nonce: text, ui_locales: text };
  const ask = (change: Record<string, string | undefined>) => authorizationRequest(signet, client, change).url;
  const visit = async (browser: typeof agent, url: string) => browser.follow(await browser.get(url), issuer);
  const signIn = await visit(stranger, ask(hinted));
  const attempt = field(signIn, 'attempt');
  // Nobody's, and another one each time: the mails to one are counted.
  const newAddress = () => `${randomUUID()}@example.com`;
  const mail = (way: string) => stranger.post(`${issuer}/sign-in/email`, { attempt, email: newAddress(), way });
  const setup = signet.server.setupUrl!;
  const pages: Record<string, () => Promise<Answer>> = {
    'sign-in': () => visit(stranger, ask(hinted)),
    'sign-in without a client': () => visit(createAgent(), `${issuer}/sign-in`),
    'sign-in again': () => visit(agent, ask({ ...hinted, prompt: 'login' })),
    'sign-in with a wrong password': () =>
      stranger.post(`${issuer}/sign-in`, { attempt, username: text, password: text }),
    'sign-in by mail': () => stranger.get(`${issuer}/sign-in/email?attempt=${attempt}`),
    'sign-in by mail, no address': () =>
      stranger.post(`${issuer}/sign-in/email`, { attempt, email: text, way: 'link', stay: '1' }),
    'a link was sent': async () => stranger.follow(await mail('link'), issuer),
    'a code was sent': async () => stranger.follow(await mail('code'), issuer),
    'a wrong code': () =>
      stranger.post(`${issuer}/sign-in/email/code`, { attempt, email: text, code: text, stay: '1' }),
    'a closed link that signs in': () => createAgent().get(`${issuer}/auth/verify?token=${encodeURIComponent(text)}`),
    'a closed link that signs in, pressed': () => createAgent().post(`${issuer}/auth/verify`, { token: text }),
    'sign-in by mail, of an unknown attempt': () =>
      createAgent().get(`${issuer}/sign-in/email?attempt=${encodeURIComponent(text)}`),
    'forgotten password': () => createAgent().get(`${issuer}/forgot-password`),
    'forgotten password, no address': () => createAgent().post(`${issuer}/forgot-password`, { email: text }),
    'a closed link to another password': () =>
      createAgent().get(`${issuer}/reset-password?token=${encodeURIComponent(text)}`),
    'a closed link that verifies an address': () =>
      createAgent().get(`${issuer}/verify-email?token=${encodeURIComponent(text)}`),
    'a closed link that confirms another address': () =>
      createAgent().get(`${issuer}/change-email?token=${encodeURIComponent(text)}`),
    'another address': () => agent.get(`${issuer}/account/email`),
    'another address, no address': async () =>
      agent.post(`${issuer}/account/email`, {
        csrf: field(await agent.get(`${issuer}/account`), 'csrf'),
        email: text,
      }),
    consent: () => visit(agent, ask({ ...hinted, prompt: 'consent' })),
    account: () => agent.get(`${issuer}/account`),
    sessions: () => agent.get(`${issuer}/account/sessions`, { 'user-agent': text.replaceAll(/[^\x20-\x7e]/g, '') }),
    'sessions after a change': () => agent.get(`${issuer}/account/sessions?notice=session_ended`),
    applications: () => agent.get(`${issuer}/account/applications`),
    password: () => agent.get(`${issuer}/account/password`),
    'password refused': async () =>
      agent.post(`${issuer}/account/password`, {
        csrf: field(await agent.get(`${issuer}/account`), 'csrf'),
        password: text,
        new_password: text,
        new_password_repeat: text,
      }),
    'two-step verification': () => agent.get(`${issuer}/account/two-step`),
    'new factor': () => agent.get(`${issuer}/account/two-step/add`),
    'new secret': async () =>
      agent.follow(
        await agent.post(`${issuer}/account/two-step/add`, {
          csrf: field(await agent.get(`${issuer}/account`), 'csrf'),
          name: text,
        }),
        issuer,
      ),
    'new phone': () => agent.get(`${issuer}/account/two-step/phone`),
    'new phone refused': async () =>
      agent.post(`${issuer}/account/two-step/phone`, {
        csrf: field(await agent.get(`${issuer}/account`), 'csrf'),
        phone: text,
      }),
    'code to a new phone': async () =>
      agent.follow(
        await agent.post(`${issuer}/account/two-step/phone`, {
          csrf: field(await agent.get(`${issuer}/account`), 'csrf'),
          phone: `+49151${Math.floor(10_000_000 + Math.random() * 89_999_999)}`,
        }),
        issuer,
      ),
    'access about to end': () =>
      agent.get(`${issuer}/account/consents/revoke?client_id=${encodeURIComponent(client.client_id)}`),
    'permission about to end': () =>
      agent.get(
        `${issuer}/account/consents/revoke-scope?client_id=${encodeURIComponent(client.client_id)}&scope=profile`,
      ),
    'session about to end': () => agent.get(`${issuer}/account/sessions/end?session_id=${elsewhere}`),
    'sessions about to end': () => agent.get(`${issuer}/account/sessions/end-others`),
    'sign-in again for the account': async () => {
      const [away, form] = [signet.clock.now, { csrf: field(await agent.get(`${issuer}/account`), 'csrf') }];
      signet.clock.advance(300);
      const page = await agent.follow(await agent.post(`${issuer}/account/sessions/end-others`, form), issuer);
      signet.clock.now = away;
      return page;
    },
    'sign-out question': () =>
      agent.get(
        `${issuer}/oauth/logout?${new URLSearchParams({ client_id: client.client_id, state: text }).toString()}`,
      ),
    'signed out': () => createAgent().get(`${issuer}/oauth/logout`),
    'signed out of a client': () =>
      createAgent().get(`${issuer}/oauth/logout?client_id=${encodeURIComponent(client.client_id)}`),
    'form_post with a code': () => agent.get(ask({ ...hinted, response_mode: 'form_post', prompt: 'none' })),
    'form_post with an error': () => agent.get(ask({ ...hinted, response_mode: 'form_post', scope: text })),
    'form_post to a stranger': () => createAgent().get(ask({ ...hinted, response_mode: 'form_post', prompt: 'none' })),
    setup: () => createAgent().get(setup),
    'setup with mistakes': () =>
      createAgent().post(`${issuer}/setup`, {
        token: new URL(setup).searchParams.get('token')!,
        username: `${text} `,
        email: text,
        password: 'short',
      }),
    'a closed setup link': () => createAgent().get(`${issuer}/setup?token=${encodeURIComponent(text)}`),
    'unknown client': () => createAgent().get(ask({ client_id: text })),
    'unregistered redirect URI': () => createAgent().get(ask({ redirect_uri: text })),
    'unknown attempt': () => createAgent().get(`${issuer}/sign-in?attempt=${encodeURIComponent(text)}`),
    'unknown attempt on the way back': () => createAgent().get(`${issuer}/oauth/authorize/${encodeURIComponent(text)}`),
    'unknown consent': () => agent.get(`${issuer}/consent?attempt=${encodeURIComponent(text)}`),
    'a wrong logout': () => agent.get(`${issuer}/oauth/logout?id_token_hint=${encodeURIComponent(text)}`),
    'a form from elsewhere': () => agent.post(`${issuer}/account/sessions/end`, {}, { 'sec-fetch-site': 'cross-site' }),
    'a form of another browser': () => agent.post(`${issuer}/account/sessions/end`, { csrf: text }),
    'a wrong method': () => agent.get(`${issuer}/sign-out`),
    'a malformed query': () => agent.get(`${issuer}/sign-in?attempt=%ff`),
    'a body that is too large': () => agent.post(`${issuer}/sign-in`, { attempt, password: 'x'.repeat(70_000) }),
    'a body of another type': () => agent.post(`${issuer}/sign-in`, {}, { 'content-type': 'text/plain' }),
    'nothing there': () => agent.get(`${issuer}/${encodeURIComponent(text)}`),
    'nothing there, inside': () => agent.get(`${issuer}/account/${encodeURIComponent(text)}`),
    'an unknown tenant': () => agent.get(`${issuer}/t/nowhere/sign-in`),
    'nothing there, at an unknown tenant': () => agent.get(`${issuer}/t/nowhere/${encodeURIComponent(text)}`),
  };
  const visited: VisitedPage[] = [];
  for (const [name, visitPage] of Object.entries(pages)) visited.push({ name, answer: await visitPage() });
  return visited;
}

/** The sources by which a policy allows a page's own scripts: the one that posts by its nonce, others by their text. */
export function scriptsOf(body: string): string[] {
  return [...body.matchAll(/<script(?: nonce="([^"]+)")?>(.*?)<\/script>/gs)].map(([, nonce, text]) =>
    nonce === undefined ? `'sha256-${createHash('sha256').update(text!).digest('base64')}'` : `'nonce-${nonce}'`,
  );
}
