// `npm run demo`, as somebody new meets it: what the terminal says to do is done in a real Chromium, word by word; and what
// the pages of its applications show.
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addressesFrom, type Demo, startDemo } from '../../examples/demo/start.ts';
import { steps as stepsOf } from '../../examples/demo/steps.ts';
import { jane } from '../../examples/demo/world.ts';
import { claimOf, initialsOf } from '../../examples/web/claims.js';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { type DemoProcess, freePorts, runDemo, typed } from '../support/demo-process.ts';
import { passTo, signInOn } from '../support/sign-in-page.ts';
import { root } from '../support/signet-process.ts';

const names = ['harbor', 'ledger', 'orchard', 'depot'] as const;

let directory: string;
let demo: DemoProcess;
beforeEach(async () => {
  // PostgreSQL must be able to pass through it, also when this is root.
  directory = await mkdtemp(join(tmpdir(), 'signet-demo-test-'));
  await chmod(directory, 0o755);
});
afterEach(async () => {
  // What a failed test has left running.
  const left = demo as DemoProcess | undefined;
  left?.pressCtrlC();
  await left?.ended;
  await rm(directory, { recursive: true, force: true });
});

/** Ends it as people do: nothing may be left of it, neither a process nor a file. */
async function end(): Promise<void> {
  demo.pressCtrlC();
  await demo.ended;
  expect(demo.output()).toContain('Everything has ended, and the data is removed.');
  await expectNothingLeft();
}

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => demo.leftBehind()).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
}

type People = ReadonlyMap<string, string>;

/** What a sentence of the terminal asks for, in the order in which it asks. */
const actions = /Open (?<open>http:\S+)|press "(?<press>[^"]+)"|sign in as (?<person>\w+)|you see "(?<see>[^"]+)"/gi;

/** Does what a step says. Every page that it leads to must be the right one for the next thing it says. */
async function follow(step: string, page: Page, people: People): Promise<string[]> {
  const done: string[] = [];
  for (const { groups } of step.matchAll(actions)) {
    const { open, press, person, see } = groups as Record<string, string | undefined>;
    if (open !== undefined) await page.goto(open);
    if (press !== undefined)
      await page
        .getByRole('button', { name: press, exact: true })
        .or(page.getByRole('link', { name: press, exact: true }))
        .click();
    if (person !== undefined) await signInOn(page, { username: person, password: people.get(person)! });
    if (see !== undefined) await expect.poll(() => page.locator('body').innerText()).toContain(see);
    done.push(open ?? press ?? person ?? see!);
  }
  return done;
}

browserTest('the demo', (browser) => {
  let context: BrowserContext | undefined;
  afterEach(() => context?.close());

  test(
    'every step leads where it says, without an error in the console, and Ctrl-C leaves neither process nor file',
    { timeout: 180_000 },
    async () => {
      demo = runDemo(await freePorts(), directory);
      await expect.poll(() => demo.output(), { timeout: 60_000 }).toContain('Press Ctrl-C to end everything');
      const text = demo.output();
      const people = new Map(
        [...text.matchAll(/(\w+) with the password "([^"]+)"/g)].map(([, name, password]) => [name!, password!]),
      );
      const steps = text.split(/^ {2}\d\. /m).slice(1);
      expect(steps).toHaveLength(8);

      context = await browser().newContext({ colorScheme: 'light' });
      const errors = collectConsoleErrors(context);
      const page = await context.newPage();
      for (const step of steps) expect((await follow(step, page, people)).length, step).toBeGreaterThan(1);
      expect(errors).toEqual([]);

      const other = await browser().newContext();
      const otherPage = await other.newPage();
      await follow(steps[0]!.replace('jane', 'sam').replace('Jane Doe', 'Sam Okafor'), otherPage, people);
      await other.close();

      await end();
    },
  );
});

browserTest('a page of an application', (browser) => {
  let running: Demo;
  let context: BrowserContext | undefined;
  beforeAll(async () => {
    running = await startDemo(await freePorts());
  }, 120_000);
  afterAll(() => running.stop());
  afterEach(() => context?.close());

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    context = await browser().newContext({ locale: 'en-US', ...options });
    return context.newPage();
  }

  async function enter(page: Page, name: (typeof names)[number]): Promise<void> {
    const address = running.addresses[name];
    await page.goto(name === 'orchard' ? address : `${address}/sign-in`);
    if (name === 'orchard') await pressAndLeave(page, 'Sign in');
    await arrive(page, address);
  }

  async function pressAndLeave(page: Page, label: string): Promise<void> {
    // Signet has to ask, so that the browser stops there.
    await context!.clearCookies({ domain: 'localhost' });
    const one = page.getByRole('button', { name: label, exact: true });
    await one.or(page.getByRole('link', { name: label, exact: true })).click();
    await page.waitForURL(`${running.addresses.signet}/**`);
  }

  /** Back from Signet, and signed in. */
  async function arrive(page: Page, address: string): Promise<void> {
    await passTo(page, new RegExp(`^${address}/`), jane);
    await expect.poll(() => page.locator('#name:visible').innerText()).toContain('Jane Doe');
  }

  const claimIn = (page: Page, table: string, name: string) =>
    page.locator(`#${table} div`, { has: page.locator(`dt code:text-is("${name}")`) }).locator('dd:not(.note)');
  const secondsLeft = async (page: Page) => {
    const [, minutes, seconds] = /^expires in (\d+):(\d\d)$/.exec(await page.innerText('[data-ends]'))!;
    return Number(minutes) * 60 + Number(seconds);
  };

  test.each(names)('of %s shows what the tokens say, with times as dates, and counts down', async (name) => {
    const page = await open({ timezoneId: 'Asia/Tokyo' });
    const errors = collectConsoleErrors(context!);
    await enter(page, name);
    await expect.poll(() => page.innerText('[data-ends]')).toMatch(/^expires in 1[45]:\d\d$/);
    for (const [table, claims] of [
      ['id-token', ['iat', 'exp', 'auth_time']],
      ['access-token', ['iat', 'exp']],
    ] as const) {
      await page.locator('details').evaluateAll((all: { open?: boolean }[]) => all.forEach((one) => (one.open = true)));
      for (const claim of claims) {
        const cell = claimIn(page, table, claim);
        const number = Number(/\d{10}$/.exec(await cell.innerText())?.[0]);
        const time = cell.locator('time');
        expect(await time.getAttribute('datetime')).toBe(new Date(number * 1000).toISOString());
        expect(await time.innerText()).toMatch(/^\d{1,2} \w{3,4} \d{4}, \d\d:\d\d:\d\d GMT\+9$/);
      }
    }
    expect(await claimIn(page, 'id-token', 'exp').innerText()).toMatch(/\nin \d+ minutes, \d{10}$/);
    expect(await claimIn(page, 'id-token', 'amr').innerText()).toBe('pwd');
    expect(await claimIn(page, 'access-token', 'mfa_verified').innerText()).toBe('no');
    if (name !== 'depot') expect(await claimIn(page, 'userinfo', 'email_verified').innerText()).toBe('yes');
    const before = await secondsLeft(page);
    await expect.poll(() => secondsLeft(page), { timeout: 10_000 }).toBeLessThan(before - 1);
    expect(errors).toEqual([]);
  });

  test('says when the access token has ended', async () => {
    const page = await open();
    await page.clock.install();
    await enter(page, 'harbor');
    await page.clock.fastForward('16:00');
    await expect.poll(() => page.innerText('.expiry')).toMatch(/Access token\s+expired/);
  });

  test.each(['harbor', 'ledger', 'depot'] as const)('of %s says without JavaScript when it ends', async (name) => {
    const page = await open({ javaScriptEnabled: false });
    await enter(page, name);
    expect(await page.innerText('.expiry')).toMatch(
      /Access token\s+expires\s+\d{1,2} \w{3,4} \d{4}, \d\d:\d\d:\d\d UTC/,
    );
    expect(await claimIn(page, 'id-token', 'iat').innerText()).toMatch(/ UTC\n\d{10}$/);
  });

  test('of a sign-in that failed or has ended begins a new one', async () => {
    const page = await open();
    const { harbor, ledger, orchard, depot, signet } = running.addresses;
    for (const address of [harbor, ledger, depot]) {
      await page.goto(`${address}/callback?code=planted&state=planted`);
      expect(await page.innerText('h1')).toBe('You are not signed in');
      await pressAndLeave(page, 'Sign in again');
      await arrive(page, address);
    }
    await page.goto(orchard);
    await pressAndLeave(page, 'Sign in');
    await signInOn(page, jane);
    await page.click('#consent-deny');
    await expect.poll(() => page.innerText('#failed')).toContain('You did not allow the access.');
    await pressAndLeave(page, 'Sign in again');
    await arrive(page, orchard);
    await enter(page, 'ledger');
    await page.goto(`${signet}/account`);
    await page.click('#account-sign-out');
    await page.goto(ledger);
    expect(await page.innerText('h1')).toBe('Your sign-in has ended');
    await pressAndLeave(page, 'Sign in again');
    await arrive(page, ledger);
  });

  test('of Depot offers a new sign-in once Goods refuses the token', async () => {
    const page = await open();
    await enter(page, 'depot');
    await page.getByText('asked by goods').waitFor();
    await page.getByRole('button', { name: 'Revoke the token' }).click();
    await page.getByText('The access token was revoked').waitFor();
    await page.reload();
    expect(await page.locator('.expiry').innerText()).toMatch(/revoked[^]*would have expired/);
    expect(await page.locator('[role=timer]').count(), 'nothing counts down any more').toBe(0);
    await pressAndLeave(page, 'Sign in again');
    await arrive(page, running.addresses.depot);
    expect(await page.getByRole('button', { name: 'Revoke the token' }).isVisible()).toBe(true);
  });

  test.each([
    { width: 375, colorScheme: 'light' },
    { width: 375, colorScheme: 'dark' },
    { width: 1280, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
  ] as const)(
    'can be used by everybody and is nowhere wider than $width, $colorScheme',
    { timeout: 120_000 },
    async ({ width, colorScheme }) => {
      const page = await open({ viewport: { width, height: 800 }, colorScheme });
      const look = async (what: string) => {
        const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
        expect(
          violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)),
          what,
        ).toEqual([]);
        expect(await page.evaluate<number>('document.documentElement.scrollWidth'), what).toBeLessThanOrEqual(width);
      };
      for (const name of names) {
        await page.goto(running.addresses[name]);
        await page.locator('h1:visible').waitFor();
        await look(`${name}, signed out`);
        await enter(page, name);
        for (const summary of await page.locator('summary').all()) await summary.click();
        await look(name);
      }
      for (const path of ['callback', 'nowhere', 'signed-out']) {
        await page.goto(`${running.addresses.harbor}/${path}`);
        await look(path);
      }
    },
  );
});

describe('a claim', () => {
  test.each([
    ['email_verified', true, 'yes'],
    ['mfa_verified', false, 'no'],
    ['mfa_method', null, 'none'],
    ['amr', ['pwd', 'otp'], 'pwd, otp'],
    ['roles', [], 'none'],
    ['exp', 1_796_069_803, '30 Nov 2026, 20:16:43 UTC'],
    ['exp', 'soon', 'soon'],
    ['exp', 1e20, '100000000000000000000'],
    [
      'status',
      { status_list: { idx: 7, uri: 'https://id.example/s' } },
      'status_list.idx: 7\nstatus_list.uri: https://id.example/s',
    ],
    ['constructor', 'x', 'x'],
  ])('%s %j reads "%s"', (name, value, text) => {
    expect(claimOf(name, value).text).toBe(text);
  });

  test('says what its name means where that is known, and nothing elsewhere', () => {
    expect(claimOf('iat', 1).note).toBe('when it was issued');
    expect(claimOf('constructor', 1).note).toBe('');
  });

  test.each([
    ['Jane Doe', 'JD'],
    ['jane', 'j'],
    ['Jane van der Doe', 'JD'],
    ['', ''],
  ])('of a name: %s becomes %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});

test('Ctrl-C while everything is still starting leaves nothing behind either', { timeout: 120_000 }, async () => {
  demo = runDemo(await freePorts(), directory);
  await expect.poll(async () => readdir(directory)).not.toEqual([]);
  await end();
  expect(demo.output()).not.toContain('Press Ctrl-C');
});

test('a port that is taken is named, with what to do, and nothing is started', { timeout: 120_000 }, async () => {
  const first = await freePorts();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(first + 2, 'localhost', resolve));
  try {
    demo = runDemo(first, directory);
    expect(await demo.ended).toBe(1);
    expect(demo.output()).toContain(`port ${first + 2}, which ledger needs`);
    expect(demo.output()).toContain('PORT=5000 npm run demo');
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
  await expectNothingLeft();
});

test('README.md and docs/demo.md tell people to type what is tested here, and docs/demo.md shows what the terminal says', async () => {
  const [readme, walk] = await Promise.all(
    ['README.md', 'docs/demo.md'].map((name) => readFile(join(root, name), 'utf8')),
  );
  for (const document of [readme, walk]) expect(document).toContain(`\`\`\`sh\n${typed}\n\`\`\``);
  expect(walk).toContain(`\`\`\`text${stepsOf(addressesFrom(4000)).trimEnd()}\n\`\`\``);
});
