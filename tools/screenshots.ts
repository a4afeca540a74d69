// `npm run screenshots`: pictures for the documentation, of the pages of a Signet with demo data and of `npm run demo`,
// into docs/images.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createAgent, field } from '../test/support/agent.ts';
import { bundledFonts, launchBrowser } from '../test/support/browser.ts';
import { startDemo as startApplications } from '../examples/demo/start.ts';
import { jane } from '../examples/demo/world.ts';
import { type Demo, harbor, ledger, orchard, startDemo } from '../test/support/demo.ts';
import { freePorts } from '../test/support/demo-process.ts';
import { authorizationRequest, authorizeInteractively } from '../test/support/flow.ts';
import { passTo, signInOn } from '../test/support/sign-in-page.ts';
import { freePort } from '../src/testing/start.ts';

const images = join(import.meta.dirname, '../docs/images');
const desk: BrowserContextOptions = { viewport: { width: 1200, height: 800 }, colorScheme: 'light' };
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 2,
  isMobile: true,
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
};
const minute = 60_000;

await mkdir(images, { recursive: true });
const fonts = await mkdtemp(join(tmpdir(), 'signet-fonts-'));
const browser = await launchWithFonts(fonts);
const demo = await startDemo(await freePort());
try {
  await live(browser, demo);
  await takeSignIn(browser, demo, 'sign-in', desk);
  await takeSignIn(browser, demo, 'sign-in-dark', { ...desk, colorScheme: 'dark' });
  await takeSignIn(browser, demo, 'sign-in-phone', phone);
  await inContext(browser, desk, '203.0.113.24', async (page) => {
    demo.clock.now += 5 * 60 * minute;
    await page.goto(request(demo, 'openid profile email harvest:write'));
    await signInOn(page, jane);
    await take(page, 'consent');
    await page.goto(`${demo.issuer}/account/sessions`);
    await take(page, 'account');
  });
  await takeApplications(browser);
} finally {
  await browser.close();
  await demo.stop();
  await rm(fonts, { recursive: true, force: true });
}

/** What has happened before the pictures are taken: two applications were allowed, and a phone is signed in. */
async function live(browser: Browser, demo: Demo): Promise<void> {
  const agent = createAgent();
  await authorizeInteractively(agent, authorizationRequest(demo, harbor, { scope: 'openid profile' }), jane);
  demo.clock.now += 95 * minute;
  const scope = 'openid email offline_access';
  await authorizeInteractively(agent, authorizationRequest(demo, ledger, { scope }), jane);
  const question = await agent.get(`${demo.issuer}/oauth/logout`);
  await agent.post(`${demo.issuer}/sign-out`, { csrf: field(question, 'csrf'), decision: 'confirm' });
  await inContext(browser, phone, '198.51.100.7', async (page) => {
    await page.goto(`${demo.issuer}/sign-in`);
    await signInOn(page, jane);
  });
}

function takeSignIn(browser: Browser, demo: Demo, name: string, options: BrowserContextOptions): Promise<void> {
  return inContext(browser, options, '203.0.113.24', async (page) => {
    await page.goto(request(demo, 'openid profile email'));
    await page.fill('#login-username', jane.username);
    await page.focus('#login-password');
    await take(page, name);
  });
}

/** Walks through `npm run demo` at a desk, and looks at its beginning on a phone in the dark. */
async function takeApplications(browser: Browser): Promise<void> {
  const running = await startApplications(await freePorts());
  const { harbor, ledger, orchard, depot } = running.addresses;
  const enterHarbor = async (page: Page) => {
    await page.goto(`${harbor}/sign-in`);
    await passTo(page, `${harbor}/`, jane);
  };
  try {
    await inContext(browser, { ...desk, viewport: { width: 900, height: 600 } }, undefined, async (page) => {
      await enterHarbor(page);
      await take(page, 'demo-harbor');
      await page.goto(`${ledger}/sign-in`);
      await page.getByRole('button', { name: 'Refresh the tokens' }).click();
      // The README shows it: its beginning says enough.
      await take(page, 'demo-ledger', 860);
      await page.goto(orchard);
      await page.click('#sign-in');
      await page.click('#consent-allow');
      await page.locator('#name:visible').waitFor();
      await take(page, 'demo-orchard');
      await page.goto(`${depot}/sign-in`);
      await page.getByText('asked by goods').waitFor();
      await page.getByRole('button', { name: 'Revoke the token' }).click();
      await page.getByText('refused by Goods').waitFor();
      await take(page, 'demo-depot');
      await page.goto(harbor);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.goto(ledger);
      await take(page, 'demo-ended');
    });
    await inContext(browser, { ...phone, colorScheme: 'dark' }, undefined, async (page) => {
      await enterHarbor(page);
      await take(page, 'demo-harbor-phone');
    });
  } finally {
    await running.stop();
  }
}

function request(demo: Demo, scope: string): string {
  return authorizationRequest(demo, orchard, { scope }).url;
}

async function inContext(
  browser: Browser,
  options: BrowserContextOptions,
  ip: string | undefined,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const headers = ip === undefined ? {} : { extraHTTPHeaders: { 'x-forwarded-for': ip } };
  const context = await browser.newContext({ ...options, ...headers });
  await work(await context.newPage());
  await context.close();
}

/** As tall as the window, and taller where the page is; at most `height` pixels. */
async function take(page: Page, name: string, height?: number): Promise<void> {
  const path = join(images, `${name}.png`);
  const { width } = page.viewportSize()!;
  const part = height === undefined ? {} : { clip: { x: 0, y: 0, width, height } };
  await page.screenshot({ path, caret: 'hide', fullPage: true, ...part });
  console.log(`wrote ${path}`);
}

/** The same letters on every machine, where the bundled Chromium brings some along. */
async function launchWithFonts(directory: string): Promise<Browser> {
  const bundled = await bundledFonts();
  if (bundled !== undefined) {
    const file = join(directory, 'fonts.conf');
    await writeFile(file, `<fontconfig><dir>${bundled}</dir><cachedir>${directory}</cachedir></fontconfig>`);
    process.env['FONTCONFIG_FILE'] = file;
  }
  const browser = await launchBrowser();
  if (!browser) process.exit(1);
  return browser;
}
