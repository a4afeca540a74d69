// Codes by text message and by mail in Chromium: a number is added, its code asked for at the next sign-in, sent again, and proves it; with and without scripts.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { world } from '../support/flow.ts';
import { signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy, smsCodeTo, type SmsReceiver, startSmsReceiver } from '../support/sms.ts';
import { codeIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

browserTest('codes that are sent as a second factor', (browser) => {
  let smtp: TestSmtp;
  let receiver: SmsReceiver;
  let signet: TestSignet;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  let person: { username: string; password: string; email: string };
  let phone: string;
  let people = 0;
  beforeAll(async () => {
    smtp = await startSmtp();
    receiver = await startSmsReceiver();
    const config = { mail: mailBy(smtp.port), ...smsBy(receiver) };
    signet = await startSignet({ provision: { ...world, settings: { email_factor: 'on' } }, config });
  });
  afterAll(async () => {
    await signet.stop();
    await smtp.close();
    await receiver.close();
  });
  beforeEach(async () => {
    people += 1;
    const username = `person-${people}`;
    person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
    phone = `+4915112${String(200_000 + people)}`;
    await signet.provision({ users: [{ ...person, email_verified: true }] });
  });
  afterEach(() => context.close());

  describe.each([
    ['with scripts', true],
    ['without scripts', false],
  ])('%s', (_how, javaScriptEnabled) => {
    beforeEach(async () => {
      context = await browser().newContext({ javaScriptEnabled });
      errors = collectConsoleErrors(context);
      page = await context.newPage();
      await signIn();
    });

    const signIn = async () => {
      await page.goto(`${signet.issuer}/sign-in`);
      await signInOn(page, person);
    };
    const signOut = async () => {
      await page.goto(`${signet.issuer}/account`);
      await page.click('#account-sign-out');
    };
    const type = async (code: string) => {
      await page.fill('#mfa-code', code);
      await page.click('#mfa-submit');
    };
    /** Chromium reports what was answered with such a status, and nothing else was complained about. */
    const expectNoErrors = (...statuses: number[]) => {
      const isAnswer = (error: string) => statuses.some((status) => error.includes(`status of ${status} `));
      expect(errors.filter((error) => !isAnswer(error))).toEqual([]);
    };

    test('a number: added by its first code, asked for after the password, sent again after a while, a slip is told', async () => {
      await page.goto(`${signet.issuer}/account/two-step`);
      await page.click('#phone-add');
      await page.fill('#phone', '0151 1234');
      await page.click('#mfa-send');
      expect(await page.innerText('#phone-error')).toContain('country code');
      await page.fill('#phone', `${phone.slice(0, 3)} (${phone.slice(3, 6)}) ${phone.slice(6)}`);
      await page.click('#mfa-send');
      expect(await page.getByRole('status').innerText()).toContain(phone);
      await type(await smsCodeTo(receiver, phone));
      expect(await page.locator('#recovery-codes code').count()).toBe(10);
      await page.click('#codes-kept');
      expect(await page.innerText('main')).toContain(phone);

      await signOut();
      signet.clock.advance(60);
      await signIn();
      expect(await page.innerText('h1')).toBe('Enter your code');
      expect(await page.innerText('main')).not.toContain(phone);
      await page.click('#mfa-send');
      const first = await smsCodeTo(receiver, phone, 2);
      await page.click('#mfa-send');
      expect(await page.getByRole('alert').innerText()).toContain('seconds');
      signet.clock.advance(30);
      await page.click('#mfa-send');
      const second = await smsCodeTo(receiver, phone, 3);
      if (first !== second) {
        await type(first);
        expect(await page.getByRole('alert').innerText()).toContain('wrong');
      }
      await type(second);
      expect(page.url()).toBe(`${signet.issuer}/account`);
      expectNoErrors(403, 422, 429);
    });

    test('by mail: switched on with the first code, then asked for; a recovery code does as well', async () => {
      await page.goto(`${signet.issuer}/account/two-step`);
      await page.click('#email-factor-add');
      await page.click('#mfa-send');
      await type(await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code')));
      const [recovery] = await page.locator('#recovery-codes code').allInnerTexts();
      await page.click('#codes-kept');
      await signOut();
      signet.clock.advance(60);
      await signIn();
      await page.click('#mfa-send');
      expect(await page.innerText('main')).toContain('@example.com');
      await type(await codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code')));
      expect(page.url()).toBe(`${signet.issuer}/account`);
      await signOut();
      await signIn();
      await page.click('#mfa-method-recovery_code');
      await type(recovery!);
      expect(page.url()).toBe(`${signet.issuer}/account`);
      expectNoErrors();
    });
  });
});
