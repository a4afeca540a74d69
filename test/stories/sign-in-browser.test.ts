// Signing in as people do it: a slip of the finger, the keyboard alone, a phone, once more on request, without JavaScript.
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Application, beginWith, startApplication } from '../support/applications.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, type Asked, authorizationRequest, exchangeCode, webClient, world } from '../support/flow.ts';
import { htmlReply, type LocalServer, serve } from '../support/local-server.ts';
import { passTo, signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

browserTest('signing in', (browser) => {
  let signet: TestSignet;
  let harbor: Application;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    harbor = await startApplication(signet.issuer, 'harbor', '127.0.0.1');
    await signet.provision({ clients: [harbor.registration] });
  });
  afterAll(async () => {
    await harbor.stop();
    await signet.stop();
  });
  afterEach(() => context.close());

  const newPage = async (options: BrowserContextOptions = {}) => {
    context = await browser().newContext(options);
    errors = collectConsoleErrors(context);
    page = await context.newPage();
  };
  const open = async (change: Record<string, string> = {}, options: BrowserContextOptions = {}) => {
    await newPage(options);
    await beginWith(page, harbor, change);
  };
  const home = () => `${harbor.origin}/`;
  const focused = () => page.evaluate('document.activeElement?.id');

  test('a wrong password is said on the page, which keeps the name and takes the right one', async () => {
    await open();
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
    await open({ prompt: 'consent' });
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
    await open();
    await page.fill('#login-password', alice.password);
    await page.fill('#login-username', alice.username);
    await page.press('#login-username', 'Enter');
    expect(await passTo(page, home(), alice)).not.toContain('password');
  });

  test('"back to the application" needs no name and tells it access_denied', async () => {
    await open();
    await page.click('#login-cancel');
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
  });

  test('prompt=login asks for the password although somebody is signed in, and there is no way around the page', async () => {
    await open();
    await passTo(page, home(), alice);
    await beginWith(page, harbor, { prompt: 'login' });
    expect(await page.innerText('h1')).toBe('Confirm it is you');
    expect(await page.inputValue('#login-username')).toBe(alice.username);
    const attempt = new URL(page.url()).searchParams.get('attempt');
    await page.goto(`${signet.issuer}/oauth/authorize/continue?attempt=${attempt}`);
    expect(await page.locator('#login-password').count()).toBe(1);
    expect(await passTo(page, home(), alice)).toEqual(['password']);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(errors).toEqual([]);
  });

  test('on a phone nothing runs off the side, and a thumb finds the buttons', async () => {
    await open({ prompt: 'consent' }, { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
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

  test('without JavaScript everything works', async () => {
    await open({ prompt: 'consent' }, { javaScriptEnabled: false });
    await signInOn(page, alice);
    await page.click('#consent-allow');
    await page.waitForURL(home());
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(errors).toEqual([]);
  });

  describe('an answer by form_post', () => {
    let receiver: LocalServer;
    let client: typeof webClient;
    beforeAll(async () => {
      receiver = await serve('receiver.localhost', ({ method, body }) =>
        htmlReply(`<p id="method">${method}</p><pre id="body">${body}</pre>`),
      );
      client = { ...webClient, client_id: 'receiver', redirect_uris: [`${receiver.origin}/callback`] };
      await signet.provision({ clients: [client] });
    });
    afterAll(() => receiver.close());

    /** What was posted must be the answer to `asked`: the right state, and a code that gives tokens. */
    const expectAnswer = async (asked: Asked) => {
      expect(await page.innerText('#method')).toBe('POST');
      const answer = new URLSearchParams(await page.innerText('#body'));
      expect(answer.get('state')).toBe(asked.state);
      expect((await exchangeCode(signet, client, asked, answer.get('code')!)).status).toBe(200);
    };

    test('posts itself: the policy of the page lets its own script run', async () => {
      await newPage();
      const asked = authorizationRequest(signet, client, { response_mode: 'form_post' });
      await page.goto(asked.url);
      await passTo(page, asked.redirectUri, alice);
      await expectAnswer(asked);
      expect(errors).toEqual([]);
    });

    test('has a button where there is no JavaScript', async () => {
      await newPage({ javaScriptEnabled: false });
      const asked = authorizationRequest(signet, client, { response_mode: 'form_post' });
      await page.goto(asked.url);
      await signInOn(page, alice);
      if ((await page.locator('#consent-allow').count()) > 0) await page.click('#consent-allow');
      await page.click('#form-post-submit');
      await page.waitForURL(asked.redirectUri);
      await expectAnswer(asked);
    });
  });
});
