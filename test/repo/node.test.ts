// The Node that the lockfile brings: it is the one that is pinned, and `npm start` runs it whatever the machine has.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root, runSignet } from '../support/signet-process.ts';

const run = promisify(execFile);

async function pinned(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const versions = Object.entries(manifest.optionalDependencies).filter(([name]) =>
    /^node-(?:bin-)?(?:linux|darwin|win)/.test(name),
  );
  expect(versions.length).toBeGreaterThan(0);
  const [version, ...others] = new Set(versions.map(([, version]) => version));
  expect(others).toEqual([]);
  return version!;
}

test('the installed Node is the pinned one', async () => {
  const { stdout } = await run(join(root, 'node_modules/.bin/node'), ['--version']);
  expect(stdout.trim()).toBe(`v${await pinned()}`);
});

test('npm scripts run under the pinned Node, whatever comes first on the PATH of the machine', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  try {
    const note = join(directory, 'version');
    // Loaded before the command, which then refuses to start: nothing but the version is wanted.
    const probe = join(directory, 'probe.cjs');
    await writeFile(probe, `require('node:fs').writeFileSync(${JSON.stringify(note)}, process.version)`);
    const { PATH = '' } = process.env;
    const machine = PATH.split(delimiter).filter((folder) => !folder.includes('node_modules'));
    const started = runSignet(
      ['start'],
      { PATH: machine.join(delimiter), SIGNET_NO_SUCH_SETTING: '1', NODE_OPTIONS: `--require=${probe}` },
      'npm',
    );
    const { code, output } = await started.ended;
    expect(code, output).toBe(1);
    expect(output).toContain('SIGNET_NO_SUCH_SETTING');
    expect(await readFile(note, 'utf8')).toBe(`v${await pinned()}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
