// What a person does on Signet's pages, in a real browser.
import type { Page } from 'playwright-core';

export type Person = { readonly username: string; readonly password: string };

/** Types name and password into the sign-in page, and presses its button. */
export async function signInOn(page: Page, person: Person): Promise<void> {
  await page.fill('#login-username', person.username);
  await page.fill('#login-password', person.password);
  await page.click('#login-submit');
}

/** Goes from wherever Signet asks something to `destination`: says what it had to do on the way. */
export async function passTo(
  page: Page,
  destination: string | RegExp,
  person: Person,
): Promise<readonly ('password' | 'consent')[]> {
  const done: ('password' | 'consent')[] = [];
  for (;;) {
    await page.waitForLoadState();
    if (typeof destination === 'string' ? page.url() === destination : destination.test(page.url())) return done;
    if (await page.locator('#login-password').isVisible()) {
      if (done.includes('password')) throw new Error(`the password was refused: ${await page.innerText('main')}`);
      await signInOn(page, person);
      done.push('password');
    } else if (await page.locator('#consent-allow').isVisible()) {
      if (done.includes('consent')) throw new Error('consent was asked twice');
      await page.click('#consent-allow');
      done.push('consent');
    } else {
      throw new Error(`neither there nor asked for anything, but at ${page.url()}: ${await page.innerText('body')}`);
    }
  }
}
