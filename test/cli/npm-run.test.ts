// `npm run signet ...` without `--`: npm takes options for its own, and the command says so instead of doing half of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Ended, runSignet } from '../support/signet-process.ts';

vi.setConfig({ testTimeout: 120_000 });

let directory: string;
let npmrc: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  npmrc = join(directory, 'npmrc');
  await writeFile(npmrc, '');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** With nothing in the files of npm but what the test writes there. */
function npm(...args: string[]): Promise<Ended> {
  const env = { DATA_DIR: join(directory, 'nothing'), NPM_CONFIG_USERCONFIG: npmrc };
  return runSignet(['run', '--silent', 'signet', ...args], env, 'npm').ended;
}

test.each([
  ['--keep-issued', ['restore', 'b.gz', '--keep-issued'], 'it so: npx signet restore b.gz --keep-issued'],
  ['--force', ['user', 'disable', 'ada', '--force'], 'it so: npx signet user disable ada --force'],
  ['--yes', ['client', 'delete', 'app', '--yes'], 'it so: npx signet client delete app --yes'],
  ['--json', ['user', 'list', '--json'], 'it so: npx signet user list --json'],
  [
    '--username',
    ['user', 'create', '--username=ada x', '--', '--generate-password'],
    "it so: npx signet user create --generate-password --username 'ada x'",
  ],
  [
    '--username',
    ['user', 'create', '--username', 'ada'],
    'it with its values: npx signet user create ada --username ...',
  ],
])('%s that npm took: 2, and how to write it', async (option, args, line) => {
  const { code, output } = await npm(...args);
  expect([code, output]).toEqual([2, expect.stringContaining(`npm took ${option} for itself. Write ${line}\n`)]);
});

test('behind -- nothing is lost, and what stands in a file of npm stops no command', async () => {
  const beyond = async () => (await npm('client', 'delete', 'app')).output;
  await writeFile(npmrc, 'yes=true\njson = true\nforce\n');
  expect(await beyond()).not.toContain('npm took');
  await writeFile(npmrc, '');
  const { code, output } = await npm('--', 'user', 'disable', 'ada', '--force', '--json');
  expect([code, JSON.parse(output)]).toMatchObject([1, { error: 'failed' }]);
});
