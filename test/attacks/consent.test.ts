// Consent is asked of the person, for this client, these scopes and this redirect URI, and never given silently (M88).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  bob,
  codeFlow,
  ownClient,
  submitConsent,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const two = { ...webClient, client_id: 'two', redirect_uris: ['https://one.example/cb', 'https://two.example/cb'] };
const native = { client_id: 'native', token_endpoint_auth_method: 'none' as const };
const natives: TestClient[] = [
  { ...native, client_id: 'loopback', redirect_uris: ['http://127.0.0.1/cb'] },
  { ...native, client_id: 'local', redirect_uris: ['http://localhost:4711/cb'] },
  { ...native, client_id: 'scheme', redirect_uris: ['com.example.app:/cb'] },
];
const ledger = 'https://ledger.example/api';

let signet: TestSignet;
let agent: Agent;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [
        ...world.clients,
        two,
        ...natives.map(({ client_id, redirect_uris }) => ({ ...native, client_id, redirect_uris: [...redirect_uris] })),
      ],
      resources: [{ identifier: ledger, scopes: ['read'] }],
    },
  });
  ({ agent } = await codeFlow(signet, webClient));
});
afterAll(() => signet.stop());

async function silently(client: TestClient, change: Record<string, string> = {}) {
  const { location } = await agent.get(authorizationRequest(signet, client, { prompt: 'none', ...change }).url);
  return new URL(location!).searchParams;
}

async function asksFor(client: TestClient, change: Record<string, string> = {}, browser = agent) {
  const page = await browser.follow(await browser.get(authorizationRequest(signet, client, change).url), signet.issuer);
  return { page, asked: page.body.includes('id="consent-allow"') };
}

describe('M88 nothing is consented to in silence', () => {
  test('M88 a client that was never allowed, asked with prompt=none: consent_required and no code', async () => {
    const params = await silently(two);
    expect(params.get('error')).toBe('consent_required');
    expect(params.get('code')).toBeNull();
  });

  test('M88 allowed once: silent for the same, asked again for a new scope or resource', async () => {
    await authorizeInteractively(agent, authorizationRequest(signet, two, { scope: 'openid' }));
    expect((await silently(two, { scope: 'openid' })).get('code')).toMatch(/^sgc_/);
    expect((await silently(two, { scope: 'openid email' })).get('error')).toBe('consent_required');
    expect((await silently(two, { scope: 'openid', resource: ledger })).get('error')).toBe('consent_required');
    expect((await asksFor(two, { scope: 'openid email' })).asked).toBe(true);
  });

  test('M88 allowed for one redirect URI: asked again for another of the same client', async () => {
    const other = { scope: 'openid', redirect_uri: two.redirect_uris[1]! };
    expect((await silently(two, other)).get('error')).toBe('consent_required');
    expect((await asksFor(two, other)).asked).toBe(true);
    await authorizeInteractively(agent, authorizationRequest(signet, two, other));
    expect((await silently(two, other)).get('code')).toMatch(/^sgc_/);
  });

  test.each(natives)('M88 the native client $client_id is asked about every time', async (client) => {
    await authorizeInteractively(agent, authorizationRequest(signet, client));
    expect((await silently(client)).get('error')).toBe('consent_required');
    expect((await asksFor(client)).asked).toBe(true);
  });

  test("M88 one person's consent is not another's", async () => {
    const browser = createAgent();
    await authorizeInteractively(browser, authorizationRequest(signet, ownClient), bob);
    expect((await asksFor(webClient, {}, browser)).asked).toBe(true);
  });

  test("M88 the tenant's own client is not asked about, unless it asks for that", async () => {
    expect((await silently(ownClient)).get('code')).toMatch(/^sgc_/);
    expect((await asksFor(ownClient, { prompt: 'consent' })).asked).toBe(true);
  });
});

describe('M88 only the page that was shown can be answered', () => {
  test('M88 without the decision, with an unknown one, or for another person: no code', async () => {
    const { page } = await asksFor(two, { prompt: 'consent' });
    const attempt = /name="attempt" value="([^"]+)"/.exec(page.body)![1]!;
    const url = `${signet.issuer}/consent`;
    expectRefused(await agent.post(url, { attempt, username: 'alice' }), 400);
    expectRefused(await agent.post(url, { attempt, username: 'alice', decision: 'yes' }), 400);
    for (const username of ['bob', '']) {
      const answer = await agent.post(url, { attempt, username, decision: 'allow' });
      expect((await agent.follow(answer, signet.issuer)).body).toContain('id="consent-allow"');
    }
  });

  test('M88 a denial is told to the client, stores nothing, and cannot be turned around', async () => {
    const { page } = await asksFor(two, { scope: 'openid phone' });
    const denied = await submitConsent(agent, page, 'deny');
    expect(new URL(denied.location!).searchParams.get('error')).toBe('access_denied');
    expectRefused(await submitConsent(agent, page, 'allow'), 409);
    expect((await silently(two, { scope: 'openid phone' })).get('error')).toBe('consent_required');
  });

  test('M88 consent taken back on the account page is asked for again', async () => {
    const account = await agent.get(`${signet.issuer}/account`);
    const csrf = /name="csrf" value="([^"]+)"/.exec(account.body)![1]!;
    await agent.post(`${signet.issuer}/account/consents/revoke`, { csrf, client_id: 'web' });
    expect((await silently(webClient)).get('error')).toBe('consent_required');
  });

  test('M88 a consent page followed by a sign-in as somebody else asks that person anew', async () => {
    const browser = (await codeFlow(signet, webClient)).agent;
    const { page } = await asksFor(two, { scope: 'openid address' }, browser);
    const signIn = await browser.follow(await submitConsent(browser, page, 'switch'), signet.issuer);
    const attempt = /name="attempt" value="([^"]+)"/.exec(signIn.body)![1]!;
    const next = await browser.follow(
      await browser.post(`${signet.issuer}/sign-in`, { attempt, ...bob }),
      signet.issuer,
    );
    expect(next.body).toContain('id="consent-allow"');
    // The page that alice saw says alice: it does not count for bob.
    const stale = await browser.follow(await submitConsent(browser, page), signet.issuer);
    expect(stale.body).toContain('id="consent-allow"');
  });
});
