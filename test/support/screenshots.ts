// `npm run screenshots`: pictures of the pages for the documentation, from a Signet with demo data, into docs/images.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createAgent, field } from './agent.ts';
import { bundledFonts, launchBrowser } from './browser.ts';
import { type Demo, harbor, jane, ledger, orchard, startDemo } from './demo.ts';
import { authorizationRequest, authorizeInteractively } from './flow.ts';
import { signInOn } from './sign-in-page.ts';
import { freePort } from './signet.ts';

const images = join(import.meta.dirname, '../../docs/images');
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
    await page.goto(`${demo.issuer}/account`);
    await take(page, 'account');
  });
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

function request(demo: Demo, scope: string): string {
  return authorizationRequest(demo, orchard, { scope }).url;
}

async function inContext(
  browser: Browser,
  options: BrowserContextOptions,
  ip: string,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ ...options, extraHTTPHeaders: { 'x-forwarded-for': ip } });
  await work(await context.newPage());
  await context.close();
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(images, `${name}.png`);
  // As tall as the window, and taller where the page is.
  await page.screenshot({ path, caret: 'hide', fullPage: true });
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
