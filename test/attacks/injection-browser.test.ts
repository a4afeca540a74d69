// The same markup in front of a real browser: nothing runs, nothing is even stopped by the policy (M83).
import { type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { evilClient, evilText, evilUser, evilWorld } from '../support/evil-world.ts';
import { authorizationRequest } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

browserTest('M83 in a browser', (browser) => {
  let signet: TestSignet;
  let context: BrowserContext;
  let page: Page;
  let ran: string[];
  let received: string[];
  beforeAll(async () => {
    signet = await startSignet({ provision: evilWorld });
  });
  afterAll(() => signet.stop());
  beforeEach(async () => {
    ran = [];
    received = [];
    context = await browser().newContext();
    // The client's site, and the pictures it names: nothing leaves this machine.
    await context.route(
      (url) => url.origin !== signet.issuer,
      async (route) => {
        received.push(`${route.request().method()} ${route.request().url()} ${route.request().postData() ?? ''}`);
        await route.fulfill({ contentType: 'text/html', body: '<h1 id="client">client</h1>' });
      },
    );
    page = await context.newPage();
    page.on('dialog', async (dialog) => {
      ran.push(`dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    page.on('pageerror', (error) => ran.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) ran.push(`policy: ${message.text()}`);
    });
  });
  afterEach(() => context.close());

  const evil = { state: evilText, nonce: evilText, login_hint: evilText, ui_locales: evilText };
  const ask = (change: Record<string, string> = {}) =>
    authorizationRequest(signet, evilClient, { ...evil, ...change }).url;
  const submit = async (password: string) => {
    await page.fill('#login-username', evilUser.username);
    await page.fill('#login-password', password);
    await page.click('#login-submit');
  };

  test('M83 from the sign-in page to the form_post answer, the account and the way out', async () => {
    await page.goto(ask({ response_mode: 'form_post', scope: evilClient.scope }));
    await submit(evilText);
    await page.waitForSelector('#login-error');
    await submit(evilUser.password);
    await page.waitForSelector('#consent-allow');
    expect(await page.textContent('main')).toContain(evilText);
    // The page that posts itself must do so, under its policy and with a field of any content.
    await Promise.all([page.waitForSelector('#client'), page.click('#consent-allow')]);
    const posted = received.find((line) => line.startsWith('POST')) ?? '';
    expect(new URLSearchParams(posted.split(' ')[2]).get('state')).toBe(evilText);

    await page.goto(`${signet.issuer}/account/applications`);
    expect(await page.textContent('main')).toContain(evilText);
    await page.goto(
      `${signet.issuer}/oauth/logout?${new URLSearchParams({ client_id: evilClient.client_id, state: evilText }).toString()}`,
    );
    await page.click('#logout-confirm');
    await page.waitForSelector('#logout-done');
    expect(ran).toEqual([]);
  });

  test('M83 on every error page, and on the setup page', async () => {
    const encoded = encodeURIComponent(evilText);
    const addresses = [
      ask({ client_id: evilText.slice(1) }),
      ask({ redirect_uri: 'javascript:alert(1)' }),
      ask({ redirect_uri: evilText }),
      `${signet.issuer}/${encoded}`,
      `${signet.issuer}/sign-in?attempt=${encoded}`,
      `${signet.issuer}/oauth/authorize/${encoded}`,
      `${signet.issuer}/oauth/logout?id_token_hint=${encoded}`,
      `${signet.issuer}/oauth/logout?client_id=${encoded}&post_logout_redirect_uri=javascript:alert(1)`,
      `${signet.issuer}/setup?token=${encoded}`,
    ];
    for (const address of addresses) {
      await page.goto(address);
      expect(await page.isVisible('main h1'), address).toBe(true);
    }
    await page.goto(signet.server.setupUrl!);
    await page.fill('#setup-username', evilText);
    await page.fill('#email', 'x@example.com');
    await page.fill('#new-password', evilText);
    await page.fill('#new-password-repeat', evilText);
    await page.click('#setup-submit');
    await page.waitForSelector('[role=alert]');
    expect(await page.inputValue('#setup-username')).toBe(evilText);
    expect(ran).toEqual([]);
  });

  test('M83 a page of ours shows nothing inside a frame of another site', async () => {
    await page.goto('https://evil.example/');
    await page.setContent(`<iframe id="frame" src="${signet.issuer}/sign-in"></iframe>`);
    await page.waitForLoadState('networkidle');
    const frame = page.frames().find((inner) => inner !== page.mainFrame())!;
    expect(await frame.$('#login-password')).toBeNull();
  });

  test('M83 the same checks do see a dialog when one opens', async () => {
    await page.goto('https://evil.example/');
    await page.setContent(`<p title="${evilText}"></p>`);
    await expect.poll(() => ran).toEqual(['dialog: 1']);
  });
});
