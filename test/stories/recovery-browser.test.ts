// A forgotten password in Chromium: the mail, another browser, the second factor afterwards; with and without scripts.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { world } from '../support/flow.ts';
import { codeOf, enrol } from '../support/second-factors.ts';
import { signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { linkIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

const wanted = 'an entirely different pass phrase';

browserTest('a forgotten password', (browser) => {
  let smtp: TestSmtp;
  let signet: TestSignet;
  let contexts: BrowserContext[];
  let errors: string[][];
  let person: { username: string; password: string; email: string };
  let people = 0;
  beforeAll(async () => {
    smtp = await startSmtp();
    signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
  });
  afterAll(async () => {
    await signet.stop();
    await smtp.close();
  });
  beforeEach(async () => {
    [contexts, errors] = [[], []];
    people += 1;
    const username = `person-${people}`;
    person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
    await signet.provision({ users: [person] });
  });
  afterEach(async () => {
    for (const context of contexts) await context.close();
  });

  async function newPage(javaScriptEnabled: boolean): Promise<Page> {
    const context = await browser().newContext({ javaScriptEnabled });
    contexts.push(context);
    errors.push(collectConsoleErrors(context));
    return context.newPage();
  }

  test.each([
    ['with scripts', true],
    ['without scripts', false],
  ])(
    '%s: asked here, chosen in another browser, then the code; the link is over, and so is the old password',
    async (_how, scripts) => {
      const { secret } = await enrol(signet, person);
      const here = await newPage(scripts);
      await here.goto(`${signet.issuer}/sign-in`);
      await here.click('#forgot-password');
      await here.fill('#email', person.email);
      await here.click('#email-submit');
      expect(await here.innerText('main')).toContain(`If ${person.email} belongs to an account here`);
      // One is the notice of the factor.
      const link = await linkIn(await mailTo(smtp, person.email, 2));
      const there = await newPage(scripts);
      await there.goto(link);
      expect(await there.innerText('main')).toContain(person.username);
      expect(await there.getAttribute('#new-password', 'autocomplete')).toBe('new-password');
      await there.fill('#new-password', 'too short');
      await there.fill('#new-password-repeat', 'too short');
      await there.click('#password-submit');
      expect(await there.locator('#new-password-error').innerText()).toContain('15 characters');
      await there.fill('#new-password', wanted);
      await there.fill('#new-password-repeat', wanted);
      await there.click('#password-submit');
      expect(await there.getByRole('status').innerText()).toBe('Your password has been changed. Sign in with it.');
      expect(await there.context().cookies()).not.toContainEqual(
        expect.objectContaining({ name: expect.stringMatching(/-session$/) }),
      );
      await signInOn(there, { ...person, password: wanted });
      await there.fill('#mfa-code', codeOf(secret, signet.clock.now));
      await there.click('#mfa-submit');
      expect(there.url()).toBe(`${signet.issuer}/account`);
      const late = await here.goto(link);
      expect([late!.status(), await here.innerText('#error-code')]).toEqual([410, 'reset_closed']);
      await here.getByRole('link', { name: 'Ask for another link' }).click();
      await here.waitForSelector('#email');
      // Chromium reports what was answered with 422 and 410.
      expect(errors.flat().filter((error) => !/status of (?:422|410)/.test(error))).toEqual([]);
    },
  );
});
