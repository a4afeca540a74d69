// Signing in by mail in Chromium: a link here, in another browser, used, late, and a code; with and without scripts.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Application, beginWith, startApplication } from '../support/applications.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { world } from '../support/flow.ts';
import { codeOf, enrol } from '../support/second-factors.ts';
import { passTo } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { codeIn, linkIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

browserTest('signing in by mail', (browser) => {
  let smtp: TestSmtp;
  let signet: TestSignet;
  let harbor: Application;
  let contexts: BrowserContext[];
  let errors: string[][];
  let person: { username: string; password: string; email: string; name: string };
  let people = 0;
  beforeAll(async () => {
    smtp = await startSmtp();
    signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
    harbor = await startApplication(signet.issuer, 'harbor', '127.0.0.1');
    await signet.provision({ clients: [harbor.registration] });
  });
  afterAll(async () => {
    await harbor.stop();
    await signet.stop();
    await smtp.close();
  });
  beforeEach(async () => {
    [contexts, errors] = [[], []];
    people += 1;
    const [username, password] = [`person-${people}`, 'the one she has had so far'];
    person = { username, email: `${username}@example.com`, password, name: `Person ${people}` };
    await signet.provision({ users: [{ ...person, email_verified: true }] });
  });
  afterEach(async () => {
    for (const context of contexts) await context.close();
  });

  describe.each([
    ['with scripts', true],
    ['without scripts', false],
  ])('%s', (_how, javaScriptEnabled) => {
    async function newPage(): Promise<Page> {
      const context = await browser().newContext({ javaScriptEnabled });
      contexts.push(context);
      errors.push(collectConsoleErrors(context));
      return context.newPage();
    }
    /** From the sign-in page that `page` shows to what says that something was sent. */
    const ask = async (page: Page, button: '#email-submit' | '#email-code-submit') => {
      await page.click('#mail-sign-in');
      await page.fill('#email', person.email);
      await page.click(button);
      expect(await page.getByRole('status').innerText()).toContain(`If ${person.email} belongs to an account here`);
    };
    const mailedLink = async (howMany = 1) => linkIn(await mailTo(smtp, person.email, howMany, 'magic-link'));
    const mailedCode = async () => codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
    const isSignedIn = async (page: Page) =>
      (await page.context().cookies()).some(({ name }) => name.includes('-session-'));
    /** Chromium reports what was answered with such a status, and nothing else was complained about. */
    const expectNoErrors = (...statuses: number[]) => {
      const isAnswer = (error: string) => statuses.some((status) => error.includes(`status of ${status} `));
      expect(errors.flat().filter((error) => !isAnswer(error))).toEqual([]);
    };

    test('for an application: the link, opened in another tab, leads on to it; used again it is closed', async () => {
      const page = await newPage();
      await beginWith(page, harbor, {});
      await ask(page, '#email-submit');
      const link = await mailedLink();
      const tab = await page.context().newPage();
      await tab.goto(link);
      expect(await tab.innerText('h1')).toBe(`Sign in as ${person.username}?`);
      expect(await tab.innerText('main')).toContain('to continue to');
      expect(await isSignedIn(tab)).toBe(false);
      await tab.click('#link-submit');
      expect(await passTo(tab, `${harbor.origin}/`, person)).not.toContain('password');
      expect(await tab.innerText('#name')).toBe(person.name);
      const again = await page.goto(link);
      expect([again!.status(), await page.innerText('#error-code')]).toEqual([410, 'link_closed']);
      expectNoErrors(410);
    });

    test('in another browser the link says where to go, names nobody and signs nobody in; it is still good where it was asked for', async () => {
      const here = await newPage();
      await here.goto(`${signet.issuer}/sign-in`);
      await ask(here, '#email-submit');
      const link = await mailedLink();
      const there = await newPage();
      const answer = await there.goto(link);
      expect([answer!.status(), await there.innerText('h1')]).toEqual([200, 'Open this link where you asked for it']);
      expect(await there.innerText('body')).not.toContain(person.username);
      expect(await there.locator('form, button').count()).toBe(0);
      await there.goto(`${signet.issuer}/account`);
      expect(await there.locator('#login-password').isVisible()).toBe(true);
      for (const page of [here, there]) expect(await isSignedIn(page)).toBe(false);
      await here.goto(link);
      await here.click('#link-submit');
      expect(here.url()).toBe(`${signet.issuer}/account`);
      expect([await isSignedIn(here), await isSignedIn(there)]).toEqual([true, false]);
      expectNoErrors();
    });

    test('eleven minutes later the link is closed, also for whoever had opened it in time, and nobody is signed in', async () => {
      const page = await newPage();
      await page.goto(`${signet.issuer}/sign-in`);
      await ask(page, '#email-submit');
      const link = await mailedLink();
      await page.goto(link);
      signet.clock.advance(11 * 60);
      await page.click('#link-submit');
      expect(await page.innerText('#error-code')).toBe('link_closed');
      const late = await page.goto(link);
      expect([late!.status(), await page.innerText('#error-code')]).toEqual([410, 'link_closed']);
      expect(await isSignedIn(page)).toBe(false);
      expectNoErrors(410);
    });

    test('a code: a slip is told and leaves the field empty, the right one asks for the second factor, which signs in', async () => {
      const { secret } = await enrol(signet, person);
      const page = await newPage();
      await page.goto(`${signet.issuer}/sign-in`);
      await ask(page, '#email-code-submit');
      const code = await mailedCode();
      expect(await page.getAttribute('#code', 'autocomplete')).toBe('one-time-code');
      await page.fill('#code', code === '123456' ? '654321' : '123456');
      await page.press('#code', 'Enter');
      expect(await page.getByRole('alert').innerText()).toContain('The code is wrong');
      expect([await page.inputValue('#code'), await isSignedIn(page)]).toEqual(['', false]);
      await page.fill('#code', `${code.slice(0, 3)} ${code.slice(3)}`);
      await page.press('#code', 'Enter');
      await page.fill('#mfa-code', codeOf(secret, signet.clock.now));
      expect(await isSignedIn(page)).toBe(false);
      await page.click('#mfa-submit');
      expect(page.url()).toBe(`${signet.issuer}/account`);
      expectNoErrors(403);
    });

    test('whoever waits for a link gets a code instead by one button, and a way back to the password', async () => {
      const page = await newPage();
      await page.goto(`${signet.issuer}/sign-in`);
      await ask(page, '#email-submit');
      await page.click('#email-code-submit');
      await page.fill('#code', await mailedCode());
      await page.click('#code-submit');
      expect(page.url()).toBe(`${signet.issuer}/account`);
      const other = await newPage();
      await other.goto(`${signet.issuer}/sign-in`);
      await other.click('#mail-sign-in');
      await other.click('#with-password');
      await other.waitForSelector('#login-password');
      expectNoErrors();
    });
  });
});
