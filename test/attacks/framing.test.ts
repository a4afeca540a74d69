// No page can be put into a frame, no answer leaks where it came from, no password is sent on (M85, M90).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, createAgent, field } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  codeFlow,
  submitConsent,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { everyPage, scriptsOf } from '../support/pages.ts';
import { rawRequest } from '../support/raw-request.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy } from '../support/sms.ts';
import { mailBy } from '../support/smtp.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world, config: { mail: mailBy(9), ...smsBy({ port: 9 }) } });
});
afterAll(() => signet.stop());

/** The sources of scripts in a policy. */
const scriptsAllowed = (csp: string) => /(?:^|; )script-src ([^;]+)/.exec(csp)?.[1]!.split(' ') ?? [];

describe('M85 clickjacking', () => {
  test('M85 every page refuses to be framed, to be sniffed and to say where it came from', async () => {
    const pages = await everyPage(signet, webClient);
    for (const { name, answer } of pages) {
      expect(answer.headers.get('content-type'), name).toBe('text/html; charset=utf-8');
      const csp = answer.headers.get('content-security-policy') ?? '';
      expect(csp, name).toMatch(/(^|; )default-src 'none'/);
      expect(csp, name).toContain("frame-ancestors 'none'");
      expect(csp, name).toContain("base-uri 'none'");
      expect(csp, name).not.toMatch(/unsafe|\*|script-src 'self'/);
      expect(scriptsAllowed(csp), name).toEqual(scriptsOf(answer.body));
      expect(answer.headers.get('x-frame-options'), name).toBe('DENY');
      expect(answer.headers.get('x-content-type-options'), name).toBe('nosniff');
      expect(answer.headers.get('referrer-policy'), name).toBe('no-referrer');
      expect(answer.headers.get('cache-control'), name).toBe('no-store');
    }
    expect(pages.length).toBeGreaterThan(25);
    expect(pages.filter(({ answer }) => scriptsOf(answer.body).length > 0).length).toBeGreaterThan(5);
    expect(pages.every(({ answer }) => scriptsOf(answer.body).length < 2)).toBe(true);
  });

  test('M85 the script of form_post has a nonce of its own each time', async () => {
    const { agent } = await codeFlow(signet, webClient);
    const { url } = authorizationRequest(signet, webClient, { response_mode: 'form_post', prompt: 'none' });
    const nonces = new Set<string>();
    for (let time = 0; time < 3; time += 1) {
      const answer = await agent.get(url);
      const nonce = /script-src 'nonce-([A-Za-z0-9+/=]{22,})'/.exec(
        answer.headers.get('content-security-policy')!,
      )![1]!;
      expect(answer.body).toContain(`<script nonce="${nonce}">`);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(3);
  });

  test('M85 consent without the secret of its page gives nothing', async () => {
    const { agent } = await codeFlow(signet, webClient);
    const { url } = authorizationRequest(signet, webClient, { prompt: 'consent' });
    await agent.follow(await agent.get(url), signet.issuer);
    for (const attempt of ['', 'A'.repeat(24), 'web'])
      expectRefused(
        await agent.post(`${signet.issuer}/consent`, { attempt, username: 'alice', decision: 'allow' }),
        400,
      );
  });
});

describe('M90 a redirect after a form', () => {
  const redirects = async (): Promise<[string, Answer][]> => {
    const agent = createAgent();
    const asked = authorizationRequest(signet, webClient, { prompt: 'login consent' });
    const first = await agent.get(asked.url);
    const signIn = await agent.follow(first, signet.issuer);
    const signedIn = await submitPassword(agent, signIn, alice);
    const resumed = await agent.get(signedIn.location!);
    const page = await agent.follow(resumed, signet.issuer);
    const consented = await submitConsent(agent, page);
    const answered = await agent.get(consented.location!);
    const posted = await agent.post(`${signet.issuer}/oauth/authorize`, new URL(asked.url).searchParams);
    const logout = await agent.post(`${signet.issuer}/oauth/logout`, { state: 'x' });
    const account = await agent.get(`${signet.issuer}/account`);
    const csrf = field(account, 'csrf');
    const revoked = await agent.post(`${signet.issuer}/account/consents/revoke`, { csrf, client_id: 'web' });
    const toAccount = await agent.get(`${signet.issuer}/sign-in`);
    const toSignIn = await createAgent().get(`${signet.issuer}/account`);
    const refused = await agent.get(authorizationRequest(signet, webClient, { response_type: 'token' }).url);
    return Object.entries({
      first,
      signedIn,
      resumed,
      consented,
      answered,
      posted,
      logout,
      revoked,
      toAccount,
      toSignIn,
      refused,
    });
  };

  test('M90 is a 303 without a password in it, and says nothing of where it came from', async () => {
    for (const [name, answer] of await redirects()) {
      expect(answer.status, name).toBe(303);
      expect(answer.body, name).toBe('');
      expect(answer.location, name).not.toContain(encodeURIComponent(alice.password));
      expect(answer.headers.get('referrer-policy'), name).toBe('no-referrer');
      expect(answer.headers.get('x-content-type-options'), name).toBe('nosniff');
      expect(answer.headers.get('cache-control'), name).toBe('no-store');
    }
  });

  test('M90 answers of programs, documents and broken requests carry the plain security headers too', async () => {
    const paths = ['/oauth/token', '/oauth/userinfo', '/oauth/jwks', '/.well-known/openid-configuration', '/nothing'];
    for (const path of [...paths, '/%ff', '/live', '/ready', '/t/nowhere/oauth/token']) {
      const answer = await rawRequest(signet.issuer, { path });
      expect(answer.headers['x-content-type-options'], path).toBe('nosniff');
      expect(answer.headers['referrer-policy'], path).toBe('no-referrer');
      expect(answer.headers['x-frame-options'], path).toBe('DENY');
      expect(answer.headers['x-powered-by'], path).toBeUndefined();
      expect(answer.headers['server'], path).toBeUndefined();
    }
  });
});
