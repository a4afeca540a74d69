// `npm test`: types, lint, format and the tests, in one command, and one line at the end that counts them. With `long`, the long
// tests alone (`npm run test:long`).
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const results = join(root, '.test', 'vitest.json');
const isLong = process.argv[2] === 'long';
const env = {
  ...process.env,
  TESTS: isLong ? 'long' : 'short',
  PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
};

/** Runs a command of this project; its output is shown as it comes. */
function run(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
      .on('error', () => resolve(false))
      .on('exit', (code) => resolve(code === 0));
  });
}

type Results = { numPassedTests: number; numFailedTests: number; numPendingTests: number; numFailedTestSuites: number };

async function countTests(hasPassed: boolean): Promise<{ passed: number; failed: number; skipped: number }> {
  const found = await readFile(results, 'utf8').then(
    (text) => JSON.parse(text) as Results,
    () => undefined,
  );
  if (!found) return { passed: 0, failed: 1, skipped: 0 };
  const failed = found.numFailedTests || (hasPassed ? 0 : Math.max(1, found.numFailedTestSuites));
  return { passed: found.numPassedTests, failed, skipped: found.numPendingTests };
}

const checks: readonly [string, string, ...string[]][] = isLong
  ? []
  : [
      ['types', 'tsc', '--noEmit'],
      ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
      ['format', 'oxfmt', '--check'],
    ];
const failures: string[] = [];
for (const [name, command, ...args] of checks) {
  if (!(await run(command, args))) failures.push(name);
}
await mkdir(join(root, '.test'), { recursive: true });
await rm(results, { force: true });
const hasPassed = await run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`]);
const tests = await countTests(hasPassed);
for (const name of failures) process.stdout.write(`FAILED: ${name}\n`);
const failed = tests.failed + failures.length;
const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : '';
process.stdout.write(`${tests.passed + checks.length - failures.length} passed, ${failed} failed${skipped}\n`);
process.exitCode = failed === 0 && hasPassed ? 0 : 1;
