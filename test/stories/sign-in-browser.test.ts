// Signing in as people do it: a slip of the finger, the keyboard alone, a phone, once more on request, without JavaScript.
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, world } from '../support/flow.ts';
import { type RelyingParty, startRelyingParty } from '../support/relying-party.ts';
import { passTo, signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

browserTest('signing in', (browser) => {
  let signet: TestSignet;
  let orchard: RelyingParty;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    orchard = await startRelyingParty(signet.issuer, 'Orchard', '127.0.0.1');
    await signet.provision({ clients: [orchard.registration] });
  });
  afterAll(async () => {
    await orchard.stop();
    await signet.stop();
  });
  afterEach(() => context.close());

  const open = async (path: string, options: BrowserContextOptions = {}) => {
    context = await browser().newContext(options);
    errors = collectConsoleErrors(context);
    page = await context.newPage();
    await page.goto(`${orchard.origin}${path}`);
  };
  const home = () => `${orchard.origin}/`;
  const focused = () => page.evaluate('document.activeElement?.id');

  test('a wrong password is said on the page, which keeps the name and takes the right one', async () => {
    await open('/login');
    await signInOn(page, { ...alice, password: 'correct horse battery stable' });
    expect(await page.getByRole('alert').innerText()).toBe(
      'The username or the password is wrong. Check both and try again.',
    );
    expect(await page.title()).toMatch(/^Error: /);
    expect(await page.inputValue('#login-username')).toBe(alice.username);
    expect(await page.inputValue('#login-password')).toBe('');
    expect(await focused()).toBe('login-password');
    expect(await passTo(page, home(), alice)).toContain('password');
    expect(await page.innerText('#name')).toBe('Alice Adams');
  });

  test('the keyboard alone signs in and consents', async () => {
    await open('/login?prompt=consent');
    await page.locator('#login-username:focus').waitFor();
    await page.keyboard.type(alice.username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(alice.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/consent?**');
    for (let tabs = 0; tabs < 20 && (await focused()) !== 'consent-allow'; tabs += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(home());
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(errors).toEqual([]);
  });

  test('Enter in a field never means "back to the application"', async () => {
    await open('/login');
    await page.fill('#login-password', alice.password);
    await page.fill('#login-username', alice.username);
    await page.press('#login-username', 'Enter');
    expect(await passTo(page, home(), alice)).not.toContain('password');
  });

  test('"back to the application" needs no name and tells it access_denied', async () => {
    await open('/login');
    await page.click('#login-cancel');
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
  });

  test('prompt=login asks for the password although somebody is signed in, and there is no way around the page', async () => {
    await open('/login');
    await passTo(page, home(), alice);
    await page.goto(`${orchard.origin}/login?prompt=login`);
    expect(await page.innerText('h1')).toBe('Confirm it is you');
    expect(await page.inputValue('#login-username')).toBe(alice.username);
    const attempt = new URL(page.url()).searchParams.get('attempt');
    await page.goto(`${signet.issuer}/oauth/authorize/${attempt}`);
    expect(await page.locator('#login-password').count()).toBe(1);
    expect(await passTo(page, home(), alice)).toEqual(['password']);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(errors).toEqual([]);
  });

  test('on a phone nothing runs off the side, and a thumb finds the buttons', async () => {
    await open('/login?prompt=consent', { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
    const fits = async () => {
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      for (const button of await page.locator('main button').all()) {
        const box = await button.boundingBox();
        // WCAG 2.2, 2.5.8.
        expect(box!.height, (await button.getAttribute('id')) ?? '').toBeGreaterThanOrEqual(24);
      }
    };
    await fits();
    await page.fill('#login-username', alice.username);
    await page.fill('#login-password', alice.password);
    await page.tap('#login-submit');
    await page.waitForURL('**/consent?**');
    await fits();
    await page.tap('#consent-allow');
    await page.waitForURL(home());
    expect(await page.innerText('#name')).toBe('Alice Adams');
  });

  test('an answer by form_post posts itself: the policy of the page lets its own script run', async () => {
    await open('/login?response_mode=form_post');
    await passTo(page, home(), alice);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(errors).toEqual([]);
  });

  test('without JavaScript everything works, and the form_post page has a button', async () => {
    await open('/login?response_mode=form_post', { javaScriptEnabled: false });
    await signInOn(page, alice);
    if ((await page.locator('#consent-allow').count()) > 0) await page.click('#consent-allow');
    await page.click('#form-post-submit');
    await page.waitForURL(home());
    expect(await page.innerText('#name')).toBe('Alice Adams');
  });
});
