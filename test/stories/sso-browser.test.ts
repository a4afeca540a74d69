// Single sign-on as a person sees it: two applications of others' making, one password, one sign-out, in a real Chromium.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, world } from '../support/flow.ts';
import { type RelyingParty, startRelyingParty } from '../support/relying-party.ts';
import { passTo, signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

browserTest('single sign-on', (browser) => {
  let signet: TestSignet;
  let orchard: RelyingParty;
  let harbor: RelyingParty;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    // Neither is the same site as the issuer's localhost, nor as the other.
    orchard = await startRelyingParty(signet.issuer, 'Orchard', '127.0.0.1');
    harbor = await startRelyingParty(signet.issuer, 'Harbor', 'harbor.localhost');
    await signet.provision({ clients: [orchard.registration, harbor.registration] });
  });
  afterAll(async () => {
    await Promise.all([orchard.stop(), harbor.stop()]);
    await signet.stop();
  });
  beforeEach(async () => {
    context = await browser().newContext();
    errors = collectConsoleErrors(context);
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const enter = async (application: RelyingParty) => {
    await page.goto(`${application.origin}/login`);
    return passTo(page, `${application.origin}/`, alice);
  };
  const refreshAt = async (application: RelyingParty) => {
    await page.goto(`${application.origin}/refresh`);
    return page.innerText('#refreshed');
  };

  test('one password opens both applications, for the same person', async () => {
    expect(await enter(orchard)).toEqual(['password', 'consent']);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(await enter(harbor)).toEqual(['consent']);
    expect(await page.innerText('#name')).toBe('Alice Adams');
    expect(await enter(orchard), 'a second visit asks for nothing').toEqual([]);
    expect([await refreshAt(orchard), await refreshAt(harbor)]).toEqual(['refreshed', 'refreshed']);
    expect(errors).toEqual([]);
  });

  test('signing out at one application ends the session for the other: its refresh is refused, its next login asks for the password', async () => {
    await enter(orchard);
    await enter(harbor);
    await page.goto(`${orchard.origin}/logout`);
    expect(page.url()).toBe(`${orchard.origin}/bye`);
    expect(await refreshAt(harbor)).toBe('invalid_grant');
    expect(await enter(harbor)).toEqual(['password']);
    expect(await refreshAt(harbor)).toBe('refreshed');
    expect(errors).toEqual([]);
  });

  test('a sign-out without an ID token asks first, and the person who stays keeps the session', async () => {
    await enter(orchard);
    await page.goto(`${orchard.origin}/logout?hint=no`);
    await page.click('#logout-cancel');
    expect(page.url()).toBe(`${signet.issuer}/account`);
    expect(await enter(orchard)).toEqual([]);
    await page.goto(`${orchard.origin}/logout?hint=no`);
    await page.click('#logout-confirm');
    expect(await page.innerText('#logout-done')).toBe('You are signed out');
    expect(await enter(orchard)).toEqual(['password']);
    expect(errors).toEqual([]);
  });

  test('whoever does not allow the access goes back to the application, which gets access_denied and no code', async () => {
    await page.goto(`${orchard.origin}/login?prompt=consent`);
    await signInOn(page, alice);
    await page.click('#consent-deny');
    expect(new URL(page.url()).origin).toBe(orchard.origin);
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
    expect(await page.innerText('#failed')).toContain("error: 'access_denied'");
    await page.goto(orchard.origin);
    expect(await page.locator('#name').count()).toBe(0);
  });
});
