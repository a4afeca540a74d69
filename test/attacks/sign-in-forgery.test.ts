// Nobody is signed in by somebody else: session fixation, stale session ids, forged sign-in forms (M29, M30, M33).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, createAgent, field } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  bob,
  codeFlow,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let sessionName: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  sessionName = cookieName(signet, 'session');
});
afterAll(() => signet.stop());

const visit = async (agent: Agent, url: string) => agent.follow(await agent.get(url), signet.issuer);

async function expectSignedOut(agent: Agent) {
  const answer = await agent.get(`${signet.issuer}/account`);
  expect(answer.location).toBe(`${signet.issuer}/sign-in`);
  const silent = await agent.get(authorizationRequest(signet, webClient, { prompt: 'none' }).url);
  expect(new URL(silent.location!).searchParams.get('error')).toBe('login_required');
}

describe('M29 a sign-in that one browser began cannot be continued by another', () => {
  test('M29 the page, the form and the way back of a foreign attempt are refused, and its owner stays signed out', async () => {
    const attacker = createAgent();
    const page = await visit(attacker, authorizationRequest(signet, webClient).url);
    const attempt = field(page, 'attempt');
    const victims = [createAgent(), (await codeFlow(signet, webClient)).agent];
    for (const victim of victims) {
      expectRefused(await victim.get(page.url), 400);
      expectRefused(await victim.get(`${signet.issuer}/oauth/authorize/continue?attempt=${attempt}`), 400);
      expectRefused(await victim.get(`${signet.issuer}/consent?attempt=${attempt}`), 400);
      expectRefused(await victim.post(`${signet.issuer}/sign-in`, { attempt, ...alice }), 400);
      expectRefused(
        await victim.post(`${signet.issuer}/consent`, { attempt, username: 'alice', decision: 'allow' }),
        400,
      );
    }
    await expectSignedOut(attacker);
    const again = await attacker.get(`${signet.issuer}/oauth/authorize/continue?attempt=${attempt}`);
    expect(again.location).toContain('/sign-in?attempt=');
  });

  test('M29 the row that a foreign attempt became is as foreign', async () => {
    const attacker = createAgent();
    const asked = await visit(attacker, authorizationRequest(signet, webClient, { prompt: 'consent' }).url);
    const page = await attacker.follow(await submitPassword(attacker, asked, alice), signet.issuer);
    const attempt = field(page, 'attempt');
    expect(attempt).toMatch(/^[\w-]{24}$/);
    const { agent: victim } = await codeFlow(signet, webClient);
    expectRefused(await victim.get(`${signet.issuer}/oauth/authorize/${attempt}`), 400);
    expectRefused(await victim.get(`${signet.issuer}/consent?attempt=${attempt}`), 400);
    expect((await visit(attacker, `${signet.issuer}/oauth/authorize/${attempt}`)).body).toContain('id="consent-allow"');
  });

  test('M29 a request that came by a POST is each browser its own, and never signs in the one that sent it', async () => {
    const attacker = createAgent();
    const query = new URL(authorizationRequest(signet, webClient).url).searchParams;
    const posted = await attacker.post(`${signet.issuer}/oauth/authorize`, query, { 'sec-fetch-site': 'cross-site' });
    const { agent: victim } = await codeFlow(signet, webClient);
    expect((await victim.get(posted.location!)).status).toBe(303);
    const own = await visit(attacker, posted.location!);
    expect(own.body).toContain('id="login-password"');
    expectRefused(await victim.post(`${signet.issuer}/sign-in`, { attempt: field(own, 'attempt'), ...alice }), 400);
    await expectSignedOut(attacker);
  });

  test('M29 no session is taken from an address, a form or another header', async () => {
    const { agent } = await codeFlow(signet, webClient);
    const session = agent.cookies.get(sessionName)!;
    const stranger = createAgent();
    const pair = `${sessionName}=${session}`;
    for (const path of [`?${pair}`, `;${pair}`, `?session=${session}`, `?sid=${session}`, `#${pair}`])
      expect((await stranger.get(`${signet.issuer}/account${path}`)).status, path).not.toBe(200);
    for (const header of ['authorization', 'x-session', 'cookie2', 'x-signet-session'])
      expect((await stranger.get(`${signet.issuer}/account`, { [header]: pair })).status, header).toBe(303);
    expect((await stranger.post(`${signet.issuer}/account/sessions/end`, { [sessionName]: session })).location).toBe(
      `${signet.issuer}/sign-in`,
    );
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });

  test('M29 a session id that the attacker chose is not adopted', async () => {
    const chosen = `sgs_${'A'.repeat(43)}`;
    const victim = createAgent();
    victim.cookies.set(sessionName, chosen);
    await authorizeInteractively(victim, authorizationRequest(signet, webClient));
    expect(victim.cookies.get(sessionName)).not.toBe(chosen);
    const attacker = createAgent();
    attacker.cookies.set(sessionName, chosen);
    await expectSignedOut(attacker);
  });
});

describe('M30 every proof of identity makes a new session id, and the old one is dead', () => {
  const cases = [
    { name: 'signing in again as the same person', user: alice },
    { name: 'signing in as somebody else', user: bob },
  ];
  test.each(cases)('M30 $name', async ({ user }) => {
    const { agent } = await codeFlow(signet, webClient);
    const old = agent.cookies.get(sessionName)!;
    const page = await visit(agent, authorizationRequest(signet, webClient, { prompt: 'login' }).url);
    expect(agent.cookies.get(sessionName)).toBe(old);
    await submitPassword(agent, page, user);
    expect(agent.cookies.get(sessionName)).not.toBe(old);
    const thief = createAgent();
    thief.cookies.set(sessionName, old);
    await expectSignedOut(thief);
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });

  test('M30 signing out: the cookie is dead, not only forgotten', async () => {
    const { agent, tokens } = await codeFlow(signet, webClient);
    const old = agent.cookies.get(sessionName)!;
    await agent.get(`${signet.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    expect(agent.cookies.has(sessionName)).toBe(false);
    const thief = createAgent();
    thief.cookies.set(sessionName, old);
    await expectSignedOut(thief);
  });

  test('M30 a wrong password changes nothing', async () => {
    const { agent } = await codeFlow(signet, webClient);
    const old = agent.cookies.get(sessionName)!;
    const page = await visit(agent, authorizationRequest(signet, webClient, { prompt: 'login' }).url);
    expectRefused(await submitPassword(agent, page, { ...alice, password: 'wrong' }), 403);
    expect(agent.cookies.get(sessionName)).toBe(old);
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });
});

describe('M33 a sign-in form that another site sends signs nobody in', () => {
  const origins: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'CROSS-SITE' },
    { 'sec-fetch-site': '' },
    { 'sec-fetch-site': 'same-site', origin: 'ISSUER' },
  ];
  const without: string[] = ['https://evil.example', 'null', 'ISSUER.evil.example', 'https://localhost', ''];

  async function forge(headers: Record<string, string>, siteHeader: boolean) {
    const victim = createAgent();
    const attempt = field(await visit(victim, authorizationRequest(signet, webClient).url), 'attempt');
    const cookie = [...victim.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const sent = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key, value.replace('ISSUER', signet.issuer)]),
    );
    const response = await fetch(`${signet.issuer}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, accept: 'text/html', ...(siteHeader ? {} : { 'sec-fetch-mode': 'navigate' }), ...sent },
      body: new URLSearchParams({ attempt, ...bob }),
    });
    return { response, victim, attempt };
  }

  test.each(origins)('M33 with %o: 403, and nobody is signed in', async (headers) => {
    const { response, victim, attempt } = await forge(headers, true);
    expectRefused({ status: response.status, headers: response.headers, body: await response.text() }, 403);
    await expectSignedOut(victim);
    const own = await victim.post(`${signet.issuer}/sign-in`, { attempt, ...alice });
    expect(own.status).toBe(303);
  });

  test.each(without)('M33 from a browser that says only Origin %j: 403', async (origin) => {
    const { response } = await forge({ origin }, false);
    expectRefused({ status: response.status, headers: response.headers, body: await response.text() }, 403);
  });

  test("M33 the attacker's own attempt, or none, is of no use in the victim's browser", async () => {
    const attacker = createAgent();
    const attempt = field(await visit(attacker, authorizationRequest(signet, webClient).url), 'attempt');
    for (const form of [{ attempt, ...bob }, { attempt: '', ...bob }, { ...bob }]) {
      const victim = createAgent();
      await visit(victim, `${signet.issuer}/sign-in`);
      expectRefused(await victim.post(`${signet.issuer}/sign-in`, form), 400);
      await expectSignedOut(victim);
    }
  });

  test('M33 every other form refuses another site as well', async () => {
    const { agent } = await codeFlow(signet, webClient);
    const csrf = field(await agent.get(`${signet.issuer}/account`), 'csrf');
    const forms = ['/consent', '/sign-out', '/account/consents/revoke', '/account/sessions/end', '/setup'];
    for (const path of forms) {
      const form = { csrf, decision: 'confirm', client_id: 'web' };
      expectRefused(await agent.post(signet.issuer + path, form, { 'sec-fetch-site': 'cross-site' }), 403);
    }
    expect((await agent.get(`${signet.issuer}/account/applications`)).body).toContain('web');
  });
});
