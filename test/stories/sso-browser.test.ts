// Single sign-on as a person sees it: two of the example applications, one password, one sign-out, in a real Chromium.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Application, beginWith, enter as enterAs, refreshAt, startApplication } from '../support/applications.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, world } from '../support/flow.ts';
import { signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

browserTest('single sign-on', (browser) => {
  let signet: TestSignet;
  let harbor: Application;
  let ledger: Application;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    // Neither is the same site as the issuer's localhost, nor as the other.
    harbor = await startApplication(signet.issuer, 'harbor', 'harbor.localhost');
    ledger = await startApplication(signet.issuer, 'ledger', '127.0.0.1');
    await signet.provision({ clients: [harbor.registration, ledger.registration] });
  });
  afterAll(async () => {
    await Promise.all([harbor.stop(), ledger.stop()]);
    await signet.stop();
  });
  beforeEach(async () => {
    context = await browser().newContext();
    errors = collectConsoleErrors(context);
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const enter = (application: Application) => enterAs(page, application, alice);

  test('one password opens both applications, for the same person', async () => {
    expect(await enter(harbor)).toEqual(['password', 'consent']);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(await enter(ledger)).toEqual(['consent']);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(await enter(harbor), 'a second visit asks for nothing').toEqual([]);
    expect(await refreshAt(page, ledger)).toBe('refreshed');
    expect(errors).toEqual([]);
  });

  test('signing out at one application ends the session for the other: its refresh is refused, its next sign-in asks for the password', async () => {
    await enter(ledger);
    await enter(harbor);
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(page.url()).toBe(`${harbor.origin}/signed-out`);
    expect(await refreshAt(page, ledger)).toBe('ended');
    expect(await enter(ledger)).toEqual(['password']);
    expect(await refreshAt(page, ledger)).toBe('refreshed');
    expect(errors).toEqual([]);
  });

  test('an application that asks at each visit shows at once that the person has signed out elsewhere', async () => {
    await enter(harbor);
    await enter(ledger);
    await page.goto(harbor.origin);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(ledger.origin);
    expect(await page.innerText('h1')).toBe('Your sign-in has ended');
    await page.goto(ledger.origin);
    expect(await page.innerText('h1'), 'and its own session is over').toBe('Welcome to Ledger');
    expect(errors).toEqual([]);
  });

  test('a sign-out without an ID token asks first, and the person who stays keeps the session', async () => {
    await enter(ledger);
    await page.goto(`${signet.issuer}/oauth/logout`);
    await page.click('#logout-cancel');
    expect(page.url()).toBe(`${signet.issuer}/account`);
    expect(await enter(ledger)).toEqual([]);
    await page.goto(`${signet.issuer}/oauth/logout`);
    await page.click('#logout-confirm');
    expect(await page.innerText('#logout-done')).toBe('You are signed out');
    expect(await enter(ledger)).toEqual(['password']);
    expect(errors).toEqual([]);
  });

  test('whoever does not allow the access goes back to the application, which gets access_denied and no code', async () => {
    await beginWith(page, ledger, { prompt: 'consent' });
    await signInOn(page, alice);
    await page.click('#consent-deny');
    expect(new URL(page.url()).origin).toBe(ledger.origin);
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
    expect(await page.innerText('#failed')).toContain('You did not allow the access.');
    await page.goto(ledger.origin);
    expect(await page.locator('#name').count()).toBe(0);
  });
});
