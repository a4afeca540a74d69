// An application that lives in the page alone: oidc-client-ts on another origin, with PKCE, CORS and rotation.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, world } from '../support/flow.ts';
import { passTo } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { type SinglePageApplication, startSinglePageApplication } from '../support/spa.ts';

browserTest('a single-page application', (browser) => {
  let signet: TestSignet;
  let ledger: SinglePageApplication;
  let stranger: SinglePageApplication;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    ledger = await startSinglePageApplication(signet.issuer, 'Ledger', 'ledger.localhost');
    stranger = await startSinglePageApplication(signet.issuer, 'Ledger', 'stranger.localhost');
    await signet.provision({ clients: [ledger.registration] });
  });
  afterAll(async () => {
    await Promise.all([ledger.stop(), stranger.stop()]);
    await signet.stop();
  });
  beforeEach(async () => {
    context = await browser().newContext();
    errors = collectConsoleErrors(context);
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const enter = async () => {
    await page.goto(ledger.origin);
    await page.click('#login');
    await page.waitForURL(`${signet.issuer}/**`);
    const asked = await passTo(page, new RegExp(`^${ledger.origin}/`), alice);
    await page.waitForURL(`${ledger.origin}/`);
    return asked;
  };
  const shown = async (selector: string, text: string) => {
    await page.locator(`${selector}:text-is("${text}")`).waitFor({ timeout: 10_000 });
  };

  test('signs in, reads UserInfo across origins, rotates its refresh token, and signs out', async () => {
    expect(await enter()).toEqual(['password', 'consent']);
    await shown('#name', 'Alice Adams');
    await page.click('#refresh');
    await shown('#refreshed', 'rotated');
    await page.click('#refresh');
    await shown('#name', 'Alice Adams');
    await page.click('#logout');
    await page.waitForURL(`${ledger.origin}/`);
    await shown('#name', 'nobody');
    expect(await enter(), 'the session is over, and a page on this machine is asked about each time').toEqual([
      'password',
      'consent',
    ]);
    expect(errors).toEqual([]);
  });

  test('only a page on a registered origin can read what the token endpoint answers', async () => {
    const ask = async (from: string) => {
      await page.goto(from);
      return page.evaluate(
        (endpoint) =>
          fetch(endpoint, { method: 'POST', body: new URLSearchParams({ client_id: 'ledger' }) }).then(
            async (response) => ((await response.json()) as { error: string }).error,
            (error: unknown) => String(error),
          ),
        `${signet.issuer}/oauth/token`,
      );
    };
    expect(await ask(ledger.origin)).toBe('invalid_request');
    expect(await ask(stranger.origin)).toBe('TypeError: Failed to fetch');
    expect(errors.join()).toContain('CORS policy');
  });

  test('an application whose address is not registered is told on our page, and the browser is never sent back to it', async () => {
    await page.goto(stranger.origin);
    await page.click('#login');
    await page.waitForURL(`${signet.issuer}/oauth/authorize?**`);
    expect(await page.innerText('#error-code')).toBe('invalid_request');
    expect(await page.innerText('main')).toContain('Tell the people who run it');
  });
});
