// Second factors as people meet them: added from the QR code of the page, asked for, demanded on the way, removed; with JavaScript and without.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Application, beginWith, startApplication } from '../support/applications.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { world } from '../support/flow.ts';
import { scanSecret } from '../support/qr.ts';
import { codeOf } from '../support/second-factors.ts';
import { passTo, signInOn } from '../support/sign-in-page.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const two = 'urn:signet:acr:2fa';

browserTest('two-step verification', (browser) => {
  let signet: TestSignet;
  let harbor: Application;
  let orchard: Application;
  let context: BrowserContext;
  let errors: string[];
  let page: Page;
  let person: { username: string; password: string };
  let people = 0;
  beforeAll(async () => {
    signet = await startSignet({ provision: world });
    harbor = await startApplication(signet.issuer, 'harbor', '127.0.0.1');
    orchard = await startApplication(signet.issuer, 'orchard', '127.0.0.1');
    const own = { first_party: true };
    await signet.provision({
      clients: [
        { ...harbor.registration, ...own },
        { ...orchard.registration, ...own },
      ],
    });
  });
  afterAll(async () => {
    await harbor.stop();
    await orchard.stop();
    await signet.stop();
  });
  beforeEach(async () => {
    people += 1;
    person = { username: `person-${people}`, password: 'the one she has had so far' };
    await signet.provision({ users: [person], settings: { mfa: 'optional' } });
  });
  afterEach(() => context.close());

  const account = (path = '') => `${signet.issuer}/account${path}`;
  async function newPage(javaScriptEnabled = true) {
    context = await browser().newContext({ javaScriptEnabled });
    errors = collectConsoleErrors(context);
    page = await context.newPage();
  }
  /** The code of now; its step is over then. */
  function nextCode(secret: string): string {
    signet.clock.advance(30);
    return codeOf(secret, signet.clock.now);
  }
  async function typeCode(code: string) {
    await page.fill('#mfa-code', code);
    await page.click('#mfa-submit');
  }
  async function addApp(): Promise<{ secret: string; codes: string[] }> {
    await page.goto(account('/two-step'));
    await page.click('#factor-add');
    await page.fill('#factor-name', 'Phone');
    await page.click('#factor-begin');
    const secret = await scanSecret(page);
    await typeCode(codeOf(secret, signet.clock.now));
    const codes = await page.locator('#recovery-codes code').allInnerTexts();
    await page.click('#codes-kept');
    return { secret, codes };
  }
  const signedIn = async () => {
    await page.goto(`${signet.issuer}/sign-in`);
    await signInOn(page, person);
  };

  describe.each([
    ['with JavaScript', true],
    ['without JavaScript', false],
  ])('%s', (_how, javaScript) => {
    test('an app is added by its QR code, then asked for; a recovery code stands in for it; it is removed', async () => {
      await newPage(javaScript);
      await signedIn();
      const { secret, codes } = await addApp();
      expect(codes).toHaveLength(10);
      expect(await page.innerText('main')).toContain('Phone');

      await page.click('#account-sign-out');
      await signedIn();
      expect(await page.innerText('h1')).toBe('Enter your code');
      await typeCode('000000');
      expect(await page.innerText('[role=alert]')).toContain('wrong');
      await typeCode(nextCode(secret));
      expect(page.url()).toBe(account());

      await page.click('#account-sign-out');
      await signedIn();
      await page.click('#mfa-method-recovery_code');
      await typeCode(codes[3]!);
      expect(page.url()).toBe(account());
      await page.click('#section-two_step');
      expect(await page.innerText('main')).toContain('9 of 10 are left');

      await page.click('#factor-remove-0');
      await page.click('#account-change-confirm');
      expect(await page.getByRole('status').innerText()).toContain('removed');
      await page.click('#account-sign-out');
      await signedIn();
      expect(page.url()).toBe(account());
      expect(errors.filter((line) => !/ 4\d\d /.test(line))).toEqual([]);
    });

    test('where the tenant demands two, an app is added on the way, and the application goes on', async () => {
      await signet.provision({ settings: { mfa: 'required' } });
      await newPage(javaScript);
      await page.goto(`${harbor.origin}/sign-in`);
      await signInOn(page, person);
      expect(await page.innerText('h1')).toBe('Add an authenticator app');
      await page.click('#factor-begin');
      const secret = await scanSecret(page);
      await typeCode(codeOf(secret, signet.clock.now));
      expect(await page.locator('#recovery-codes code').count()).toBe(10);
      await page.click('#codes-kept');
      expect(page.url()).toBe(`${harbor.origin}/`);
    });

    test('a request that demands two of a session with one: the password, then the code', async () => {
      await newPage(javaScript);
      await signedIn();
      const { secret } = await addApp();
      await page.click('#account-sign-out');
      await page.goto(`${harbor.origin}/sign-in`);
      await signInOn(page, person);
      await typeCode(nextCode(secret));
      expect(page.url()).toBe(`${harbor.origin}/`);
      await beginWith(page, harbor, { acr_values: two, prompt: 'login' });
      expect(await page.innerText('h1')).toBe('Confirm it is you');
      await signInOn(page, person);
      expect(await page.innerText('h1')).toBe('Enter your code');
      await typeCode(nextCode(secret));
      expect(new URL(page.url()).origin).toBe(harbor.origin);
    });

    test('the password is changed, and the new one signs in', async () => {
      await newPage(javaScript);
      await signedIn();
      await page.click('#section-password');
      await page.fill('#current-password', person.password);
      await page.fill('#new-password', 'an entirely different pass phrase');
      await page.fill('#new-password-repeat', 'an entirely different pass phrase');
      await page.click('#password-submit');
      expect(await page.getByRole('status').innerText()).toContain('Your password has been changed');
      await page.click('#account-sign-out');
      await page.goto(`${signet.issuer}/sign-in`);
      await signInOn(page, { ...person, password: 'an entirely different pass phrase' });
      expect(page.url()).toBe(account());
    });
  });

  test("a single-page application's library goes through the page as well", async () => {
    await newPage();
    await signedIn();
    const { secret } = await addApp();
    await page.click('#account-sign-out');
    await page.goto(orchard.origin);
    await page
      .getByRole('button', { name: /sign in/i })
      .first()
      .click();
    await page.waitForSelector('#login-password');
    await signInOn(page, person);
    await typeCode(nextCode(secret));
    await passTo(page, new RegExp(`^${orchard.origin}/`), person);
    await expect.poll(() => page.locator('body').innerText()).toContain(person.username);
  });

  test('what is typed can be looked at, and is sent as a password; without scripts there are no such buttons', async () => {
    await newPage();
    await page.goto(`${signet.issuer}/sign-in`);
    const kind = () => page.getAttribute('#login-password', 'type');
    await page.fill('#login-password', person.password);
    const eye = page.getByRole('button', { name: 'Show password' });
    await eye.click();
    expect([await kind(), await eye.getAttribute('aria-pressed')]).toEqual(['text', 'true']);
    await eye.click();
    expect([await kind(), await eye.getAttribute('aria-pressed')]).toEqual(['password', 'false']);
    await eye.click();
    await page.fill('#login-username', person.username);
    const sent = page.evaluate(
      `new Promise((sent) => document.forms[0].addEventListener('submit', () => sent(document.getElementById('login-password').type)))`,
    );
    await page.click('#login-submit');
    expect(await sent).toBe('password');
    await context.close();
    await newPage(false);
    await page.goto(`${signet.issuer}/sign-in`);
    expect(await page.locator('button[hidden]').count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Show password' }).count()).toBe(0);
  });

  test('what is added, downloaded or typed can be read from the page: the key, and a file with the codes', async () => {
    await newPage();
    await signedIn();
    await page.goto(account('/two-step/add'));
    await page.click('#factor-begin');
    const secret = await scanSecret(page);
    await page.click('summary');
    expect((await page.innerText('#factor-secret')).replaceAll(' ', '')).toBe(secret);
    await typeCode(codeOf(secret, signet.clock.now));
    const shown = await page.locator('#recovery-codes code').allInnerTexts();
    expect(await page.locator('#codes-copied').innerText()).toBe('');
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('#codes-copy');
    await expect.poll(() => page.locator('#codes-copied').innerText()).toBe('Copied.');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(shown.join('\n'));
    await page.evaluate('window.print = () => { window.printed = true; }');
    await page.click('#codes-print');
    expect(await page.evaluate('window.printed')).toBe(true);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#codes-download')]);
    const { readFile } = await import('node:fs/promises');
    const file = await readFile(await download.path(), 'utf8');
    expect([download.suggestedFilename(), shown.every((code) => file.includes(code))]).toEqual([
      'recovery-codes.txt',
      true,
    ]);
  });
});
