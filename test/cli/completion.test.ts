// `signet completion SHELL`: what shells offer with its script, and that nothing in it is run.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { placesOf } from '../../src/cli/completion/places.ts';
import { scriptFor, shells } from '../../src/cli/completion/scripts.ts';
import { groups, single } from '../../src/cli/commands.ts';
import { commandLine } from '../support/command-line.ts';
import { installedShells, offersOf, typedIntoBash } from '../support/completing.ts';

// Each line is a process.
vi.setConfig({ testTimeout: 120_000 });

const signet = commandLine({});
const scripts = new Map<string, string>();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await writeFile(join(folder, 'FILES'), '');
  for (const shell of shells) scripts.set(shell, (await signet(['completion', shell])).stdout);
});
afterAll(() => rm(folder, { recursive: true }));

test.each(shells)('a script for %s that does not ask this program', (shell) => {
  expect(scripts.get(shell)).toContain(`# ${shell} completion for signet\n`);
  expect(scripts.get(shell)).not.toMatch(/^\s*signet\b/m);
});

test.each(['completion cmd', 'completion', 'complete -- keys'])('%s: usage', async (line) => {
  expect((await signet(line.split(' '))).code).toBe(2);
});

describe.each(installedShells)('in $name', (shell) => {
  const offers = (...words: string[]) => offersOf(shell, scripts.get(shell.name)!, ['signet', ...words], folder);

  test('groups and commands, then the commands of a group', async () => {
    const names = [...Object.keys(single), ...Object.keys(groups), 'completion'];
    expect(await offers('')).toEqual(names.toSorted());
    expect(await offers('user', '')).toEqual(['create', 'disable', 'enable', 'list', 'reset-mfa', 'set-password']);
    expect(await offers('user', 'crea')).toEqual(['create']);
    expect(await offers('service', '')).toEqual(['create', 'disable', 'enable', 'key', 'list']);
    expect(await offers('service', 'key', '')).toEqual(['add', 'list', 'revoke']);
    expect(await offers('service', 'key', 'add', '--n')).toEqual(['--name']);
    expect(await offers('--json', 'keys', 'r')).toEqual(['revoke', 'rotate']);
  });

  test('after a command its options, with those that all commands have', async () => {
    const options = ['--alg', '--help', '--json', '--now', '--tenant', '--version'];
    expect(await offers('keys', 'rotate', '-')).toEqual(expect.arrayContaining(options));
    expect(await offers('keys', 'rotate', '--t')).toEqual(['--tenant']);
    expect(await offers('restore', '--k')).toEqual(['--keep-issued']);
  });

  test('values that are known, and none for values that are not', async () => {
    expect(await offers('keys', 'rotate', '--alg', '')).toEqual(['ES256', 'EdDSA', 'PS256', 'RS256']);
    expect(await offers('keys', 'rotate', '--alg', 'ES')).toEqual(['ES256']);
    expect(await offers('keys', 'rotate', '--tenant', '')).toEqual([]);
    expect(await offers('completion', '')).toEqual(shells.toSorted());
  });

  test('what an option takes is not taken for an option', async () => {
    expect(await offers('keys', 'rotate', '-t', '--alg', '--n')).toEqual(['--now']);
  });

  test.each([['apply'], ['restore'], ['backup'], ['client', 'create', '--from']])(
    '%s %s %s: files',
    async (...words) => {
      expect(await offers(...words, '')).toEqual(['FILES']);
    },
  );

  test('no files where none belongs', async () => {
    expect(await offers('user', 'disable', '')).not.toContain('FILES');
    expect(await offers('')).not.toContain('FILES');
  });
});

test('typed into bash: the line is completed, and files as bash does it, also those whose names are commands', async () => {
  for (const name of ['sound.gz', 'a$(touch run).gz', '`touch run`.gz']) await writeFile(join(folder, name), '');
  const lines = [
    ['signet ke\tro\t--al\tR\t', ['keys', 'rotate', '--alg', 'RS256']],
    ['signet keys rotate --alg=ES\t', ['keys', 'rotate', '--alg=ES256']],
    ['signet restore s\t', ['restore', 'sound.gz']],
    ['signet restore a\t', ['restore', 'a$(touch run).gz']],
    ['signet client create --from s\t', ['client', 'create', '--from', 'sound.gz']],
  ] as const;
  const typed = lines.map(([line]) => line);
  expect(await typedIntoBash(scripts.get('bash')!, typed, folder)).toEqual(lines.map(([, words]) => words));
  expect(await readdir(folder)).not.toContain('run');
});

test('read by bash with set -e, twice, it says nothing', async () => {
  const quiet = { ...installedShells[0]!, args: () => ['--norc', '-c', 'set -eu; eval "$SCRIPT"; eval "$SCRIPT"'] };
  expect(await offersOf(quiet, scripts.get('bash')!, [], folder)).toEqual([]);
});

describe('names and descriptions that are commands', () => {
  const evil = [`$(touch run)`, '`touch run`', `'; touch run; '`, `"; touch run; "`, `(touch run)`, `\\'; touch run #`];
  const about = `${evil.join(' ')}\ntouch run`;
  const tree = new Command('signet').description(about);
  for (const name of evil) tree.addCommand(new Command(`a${name}`).description(about));
  tree.addCommand(
    new Command('plain')
      .addOption(new Option('--opt <value>', about).choices(evil))
      .addOption(new Option('--$(>run)`>run`;>run <value>', about)),
  );

  test.each(installedShells)('in $name they are offered as they are, and not run', async (shell) => {
    const script = scriptFor(shell.name, placesOf(tree));
    const offers = (...words: string[]) => offersOf(shell, script, ['signet', ...words], folder);
    expect(await offers('a')).toEqual(evil.map((name) => `a${name}`).toSorted());
    expect(await offers('plain', '--opt', '')).toEqual(evil.toSorted());
    expect(await offers('plain', '--')).toContain('--opt');
    expect(await readdir(folder)).not.toContain('run');
  });

  test('typed into bash, a name goes into the line quoted', async () => {
    const script = scriptFor('bash', placesOf(new Command('signet').addCommand(new Command('a$(touch run)'))));
    expect(await typedIntoBash(script, ['signet a\t'], folder)).toEqual([['a$(touch run)']]);
    expect(await readdir(folder)).not.toContain('run');
  });
});
