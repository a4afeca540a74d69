// What an error page tells people to do: the step and the link that fit, in the language of their browser.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, createAgent } from '../support/agent.ts';
import { authorizationRequest, spaClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ tenant: { slug: 'acme', name: 'Acme' } });
});
afterAll(() => signet.stop());

describe('the next step', () => {
  test.each([
    ['/nothing', 404, 'not_found', 'Check the address for mistakes'],
    ['/t/nobody/sign-in', 404, 'not_found', 'Check the address for mistakes'],
    ['/sign-out', 405, 'method_not_allowed', 'Check the address for mistakes'],
    ['/setup?token=used', 410, 'setup_closed', 'restart Signet: its terminal then shows a new link'],
    ['/oauth/authorize?client_id=nobody', 400, 'invalid_client', 'Tell the people who run it'],
    ['/oauth/logout?client_id=nobody', 400, 'invalid_client', 'Tell the people who run it'],
    ['/sign-in?attempt=unknown', 400, 'attempt_unknown', 'Allow cookies for this site'],
  ])('%s: %i %s', async (path, status, code, next) => {
    const page = await createAgent().get(signet.issuer + path);
    expect(page.status).toBe(status);
    expect(page.body).toContain(`id="error-code" dir="ltr">${code}<`);
    expect(page.body).toContain(next);
  });

  test('a browser that keeps cookies is not told to allow them when its sign-in has expired', async () => {
    const agent = createAgent();
    const page = await agent.follow(await agent.get(authorizationRequest(signet, webClient).url), signet.issuer);
    signet.clock.advance(3601);
    const expired = await agent.get(page.url);
    expect(expired.body).toContain('>attempt_unknown<');
    expect(expired.body).not.toContain('Allow cookies');
    expect(expired.body).toContain('start again there');
  });
});

/** The href and the text of the one link of an error page. */
const linkOf = (page: Answer) => /<a class="button" id="error-link" href="([^"]*)">([^<]*)</.exec(page.body)?.slice(1);

describe('the way out', () => {
  test.each([
    ['/nothing', '/', 'Go to the start page'],
    ['/t/acme/nothing', '/t/acme/', 'Go to the start page'],
    ['/t/nobody/nothing', '/', 'Go to the start page'],
    ['/t/nobody/sign-in', '/', 'Go to the start page'],
    ['/t/acme/sign-out', '/t/acme/', 'Go to the start page'],
    ['/setup?token=used', '/sign-in', 'Go to sign-in'],
    ['/sign-in?attempt=unknown', '/sign-in', 'Go to sign-in'],
    ['/t/acme/sign-in?attempt=unknown', '/t/acme/sign-in', 'Go to sign-in'],
    ['/oauth/authorize?client_id=nobody', '/account', 'Go to your account'],
    ['/t/acme/oauth/logout?client_id=nobody', '/t/acme/account', 'Go to your account'],
    ['/sign-in?attempt=%ff', '/account', 'Go to your account'],
  ])('%s: to %s, where a page is', async (path, uri, text) => {
    const agent = createAgent();
    expect(linkOf(await agent.get(signet.issuer + path))).toEqual([uri, text]);
    const there = await agent.follow(await agent.get(signet.issuer + uri), signet.issuer);
    expect(there.status).toBe(200);
  });
});

describe('an address that is not registered is shown as it was sent', () => {
  const detailOf = (page: Answer) => /id="error-detail" dir="ltr">([^<]*)</.exec(page.body)?.[1];
  const authorize = (redirect_uri: string) =>
    createAgent().get(authorizationRequest(signet, webClient, { redirect_uri }).url);

  test.each([
    ['a slash too many', 'https://web.example/cb/', 'https://web.example/cb/'],
    ['another port', 'https://web.example:8443/cb?a=1&b=2', 'https://web.example:8443/cb?a=1&amp;b=2'],
    ['markup', '"><svg onload=alert(1)>', '&quot;&gt;&lt;svg onload=alert(1)&gt;'],
    ['300 characters', 'x'.repeat(300), 'x'.repeat(300)],
    ['301 characters', 'x'.repeat(301), `${'x'.repeat(300)}…`],
    ['301 characters of two units each', '😀'.repeat(301), `${'😀'.repeat(300)}…`],
  ])('%s, and no link leads there', async (_what, uri, shown) => {
    const out = new URLSearchParams({ client_id: webClient.client_id, post_logout_redirect_uri: uri }).toString();
    for (const page of [await authorize(uri), await createAgent().get(`${signet.issuer}/oauth/logout?${out}`)]) {
      expect(page.status).toBe(400);
      expect(detailOf(page)).toBe(shown);
      expect([...page.body.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href)).toEqual(['/account']);
    }
  });

  test('no other error page has such a detail', async () => {
    const unknown = authorizationRequest(signet, { ...spaClient, client_id: 'nobody' }).url;
    expect(detailOf(await createAgent().get(unknown))).toBeUndefined();
  });
});

test('what happened is said in the language of the browser', async () => {
  const agent = createAgent();
  const german = await agent.get(`${signet.issuer}/nothing`, { 'accept-language': 'de-AT,en;q=0.5' });
  expect(german.body).toContain('Unter dieser Adresse gibt es nichts.');
  expect(german.body).toContain('Prüfen Sie die Adresse auf Fehler');
});
