// The first administrator and the account page, in a real Chromium: what people can see there, and what they can end.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Application,
  enter as enterAs,
  refreshAt as refreshIn,
  startApplication,
} from '../support/applications.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { alice, world } from '../support/flow.ts';
import { signInOn } from '../support/sign-in-page.ts';
import { scanSecret } from '../support/qr.ts';
import { codeOf } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const root = { username: 'root', password: 'the first of all administrators' };

browserTest('setup and account', (browser) => {
  describe('setup', () => {
    let signet: TestSignet;
    beforeAll(async () => {
      signet = await startSignet();
    });
    afterAll(() => signet.stop());

    test('the link makes the first administrator once; whoever opens it again finds it closed', async () => {
      const { page, errors, close } = await newPage(browser());
      await page.goto(signet.server.setupUrl!);
      const fill = async (password: string, repeat = password) => {
        await page.fill('#setup-username', root.username);
        await page.fill('#email', 'root@acme.example');
        await page.fill('#new-password', password);
        await page.fill('#new-password-repeat', repeat);
        await page.click('#setup-submit');
      };
      await fill('too short');
      expect(await page.getByRole('alert').innerText()).toContain('Enter a password of at least 15 characters.');
      expect(await page.inputValue('#setup-username')).toBe(root.username);
      await fill(root.password, `${root.password}?`);
      expect(await page.getByRole('alert').innerText()).toContain('The two passwords differ. Enter both again.');
      expect(await page.evaluate('document.activeElement.id')).toBe('new-password');
      await fill(root.password);
      // Signed in by that. Administrators need a second factor, and have none yet.
      expect(page.url()).toContain('/sign-in/add-factor?');
      await page.click('#factor-begin');
      await page.fill('#mfa-code', codeOf(await scanSecret(page), signet.clock.now));
      await page.click('#mfa-submit');
      await page.click('#codes-kept');
      expect(page.url()).toBe(`${signet.issuer}/account`);
      expect(await page.innerText('main')).toContain('root@acme.example');
      expect(await page.innerText('#next-step')).toContain('npx signet client create');
      // The refused passwords were answered with 422, which Chromium reports.
      expect(errors.filter((error) => !error.includes('status of 422'))).toEqual([]);

      const again = await page.goto(signet.server.setupUrl!);
      expect(again!.status()).toBe(410);
      expect(await page.innerText('#error-code')).toBe('setup_closed');
      expect(await page.innerText('main')).toContain('If there is an administrator already, sign in.');
      expect(await page.locator('form').count()).toBe(0);
      await page.getByRole('link', { name: 'Go to sign-in' }).click();
      expect(page.url(), 'signed in already').toBe(`${signet.issuer}/account`);
      await close();
    });
  });

  describe('account', () => {
    let signet: TestSignet;
    let ledger: Application;
    beforeAll(async () => {
      signet = await startSignet({ provision: world });
      ledger = await startApplication(signet.issuer, 'ledger', '127.0.0.1');
      await signet.provision({ clients: [ledger.registration] });
    });
    afterAll(async () => {
      await ledger.stop();
      await signet.stop();
    });

    const enter = (page: Page) => enterAs(page, ledger, alice);
    const refreshAt = (page: Page) => refreshIn(page, ledger);

    test('removing the access of an application stops its refresh token, and it has to ask again', async () => {
      const { page, errors, close } = await newPage(browser());
      await enter(page);
      await page.goto(`${signet.issuer}/account`);
      await page.getByRole('link', { name: 'Applications with access' }).click();
      await page.getByRole('button', { name: 'Remove access Ledger' }).click();
      expect(await page.getByRole('status').innerText()).toBe('The access has been removed.');
      expect(await page.innerText('main')).toContain('No application has been given access');
      expect(await refreshAt(page)).toBe('ended');
      expect(await enter(page), 'still signed in, but asked for consent').toEqual(['consent']);
      expect(errors).toEqual([]);
      await close();
    });

    test('a session that is ended from another browser is over there: no account page, no refresh, a password again', async () => {
      const here = await newPage(browser());
      const there = await newPage(browser());
      await enter(there.page);
      await enter(here.page);
      await here.page.goto(`${signet.issuer}/account/sessions`);
      const others = here.page.getByRole('button', { name: /^End session/ });
      // Also the one that an earlier test of this file left behind: all but this browser's.
      for (let left = await others.count(); left > 0; left -= 1) {
        await others.first().click();
        expect(await here.page.getByRole('status').innerText()).toBe('The session has been ended.');
      }
      expect(await here.page.innerText('main')).toContain('This browser');
      await there.page.goto(`${signet.issuer}/account`);
      expect(there.page.url()).toBe(`${signet.issuer}/sign-in`);
      expect(await refreshAt(there.page)).toBe('ended');
      expect(await enter(there.page)).toEqual(['password']);
      expect(await refreshAt(here.page)).toBe('refreshed');
      await here.close();
      await there.close();
    });

    test('five minutes after the sign-in, signing out everywhere else asks who it is, says how many end, and ends them', async () => {
      const there = await newPage(browser());
      const { page, errors, close } = await newPage(browser());
      await enter(there.page);
      await page.goto(`${signet.issuer}/sign-in`);
      await signInOn(page, alice);
      signet.clock.advance(300);
      await page.getByRole('link', { name: 'Where you are signed in' }).click();
      await page.getByRole('link', { name: 'Sign out everywhere else' }).click();
      expect(await page.innerText('h1')).toBe('Confirm it is you');
      expect(await page.inputValue('#login-username')).toBe(alice.username);
      await page.getByRole('button', { name: 'Back to your account' }).click();
      expect(page.url()).toBe(`${signet.issuer}/account`);
      await page.goto(`${signet.issuer}/account/sessions`);
      await page.click('#end-others');
      await signInOn(page, alice);
      expect(await page.innerText('main')).toMatch(/other sessions? (?:is|are) about to end/);
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
      expect(await page.getByRole('status').innerText()).toBe('You have been signed out everywhere else.');
      expect(await page.locator('#end-others').count()).toBe(0);
      await there.page.goto(`${signet.issuer}/account`);
      expect(there.page.url()).toBe(`${signet.issuer}/sign-in`);
      expect(await refreshAt(there.page)).toBe('ended');
      expect(errors).toEqual([]);
      await there.close();
      await close();
    });

    test('the address of the issuer leads to the account, and the sign-out button there ends the session without another question', async () => {
      const { page, errors, close } = await newPage(browser());
      await page.goto(signet.issuer);
      expect(page.url(), 'who opens the issuer itself is asked to sign in').toBe(`${signet.issuer}/sign-in`);
      await signInOn(page, alice);
      await page.goto(signet.issuer);
      expect(page.url()).toBe(`${signet.issuer}/account`);
      await page.click('#account-sign-out');
      expect(await page.innerText('#logout-done')).toBe('You are signed out');
      await page.getByRole('link', { name: 'Sign in again' }).click();
      expect(page.url()).toBe(`${signet.issuer}/sign-in`);
      await page.goto(`${signet.issuer}/account`);
      expect(page.url()).toBe(`${signet.issuer}/sign-in`);
      expect(errors).toEqual([]);
      await close();
    });
  });
});

async function newPage(browser: Browser): Promise<{ page: Page; errors: string[]; close: () => Promise<void> }> {
  const context = await browser.newContext();
  const errors = collectConsoleErrors(context);
  return { page: await context.newPage(), errors, close: () => context.close() };
}
