// `npm run demo`, as somebody new meets it: what the terminal says to do is done in a real Chromium, word by word.
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addressesFrom } from '../../examples/demo/start.ts';
import { steps as stepsOf } from '../../examples/demo/steps.ts';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { type DemoProcess, freePorts, runDemo, typed } from '../support/demo-process.ts';
import { signInOn } from '../support/sign-in-page.ts';
import { root } from '../support/signet-process.ts';

let directory: string;
let demo: DemoProcess;
beforeEach(async () => {
  // PostgreSQL must be able to pass through it, also when this is root.
  directory = await mkdtemp(join(tmpdir(), 'signet-demo-test-'));
  await chmod(directory, 0o755);
});
afterEach(async () => {
  // What a failed test has left running.
  demo.pressCtrlC();
  await demo.ended;
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
