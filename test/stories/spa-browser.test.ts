// An application that lives in the page alone: oidc-client-ts on another origin, with PKCE, CORS and rotation.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Application, startApplication } from '../support/applications.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, world } from '../support/flow.ts';
import { passTo, signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

browserTest('a single-page application', (browser) => {
  let signet: TestSignet;
  let orchard: Application;
  let stranger: Application;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    orchard = await startApplication(signet.issuer, 'orchard', 'orchard.localhost');
    stranger = await startApplication(signet.issuer, 'orchard', 'stranger.localhost');
    await signet.provision({ clients: [orchard.registration] });
  });
  afterAll(async () => {
    await Promise.all([orchard.stop(), stranger.stop()]);
    await signet.stop();
  });
  beforeEach(async () => {
    context = await browser().newContext();
    errors = collectConsoleErrors(context);
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const enter = async () => {
    await page.goto(orchard.origin);
    await page.click('#sign-in');
    await page.waitForURL(`${signet.issuer}/**`);
    const asked = await passTo(page, new RegExp(`^${orchard.origin}/`), alice);
    await page.waitForURL(`${orchard.origin}/`);
    return asked;
  };
  const shown = (selector: string, text: string) => expect.poll(() => page.innerText(selector)).toBe(text);

  test('signs in, reads UserInfo across origins, rotates its refresh token, and signs out', async () => {
    expect(await enter()).toEqual(['password', 'consent']);
    await shown('#name', 'Alice Adams');
    await page.click('#refresh');
    await shown('#refreshed', 'Refreshed, with a new refresh token.');
    await page.click('#refresh');
    await shown('#name', 'Alice Adams');
    await page.click('#sign-out');
    await page.waitForURL(`${orchard.origin}/`);
    await shown('h1:visible', 'Welcome to Orchard');
    expect(await enter(), 'the session is over, and a page on this machine is asked about each time').toEqual([
      'password',
      'consent',
    ]);
    expect(errors).toEqual([]);
  });

  test('a person who has signed out elsewhere is signed out here when the page is opened again', async () => {
    await enter();
    await shown('#name', 'Alice Adams');
    await page.goto(`${signet.issuer}/account`);
    await page.click('#account-sign-out');
    await page.goto(orchard.origin);
    await shown('h1:visible', 'Welcome to Orchard');
  });

  test('who does not allow the access is told in plain words, and is not signed in', async () => {
    await page.goto(orchard.origin);
    await page.click('#sign-in');
    await page.waitForURL(`${signet.issuer}/**`);
    await signInOn(page, alice);
    await page.click('#consent-deny');
    await page.waitForURL(`${orchard.origin}/`);
    await shown('#failed', 'You did not allow the access. Sign in again if you want to come in after all.');
    await shown('h1:visible', 'Welcome to Orchard');
    expect(errors).toEqual([]);
  });

  test('only a page on a registered origin can read what the token endpoint answers', async () => {
    const ask = async (from: string) => {
      await page.goto(from);
      return page.evaluate(
        (endpoint) =>
          fetch(endpoint, { method: 'POST', body: new URLSearchParams({ client_id: 'orchard' }) }).then(
            async (response) => ((await response.json()) as { error: string }).error,
            (error: unknown) => String(error),
          ),
        `${signet.issuer}/oauth/token`,
      );
    };
    expect(await ask(orchard.origin)).toBe('invalid_request');
    expect(await ask(stranger.origin)).toBe('TypeError: Failed to fetch');
    expect(errors.join()).toContain('CORS policy');
  });

  test('an application whose address is not registered is told on our page, and the browser is never sent back to it', async () => {
    await page.goto(stranger.origin);
    await page.click('#sign-in');
    await page.waitForURL(`${signet.issuer}/oauth/authorize?**`);
    expect(await page.innerText('#error-code')).toBe('invalid_request');
    expect(await page.innerText('main')).toContain('Tell the people who run it');
  });
});
