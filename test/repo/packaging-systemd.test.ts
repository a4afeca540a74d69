// The unit for systemd: what systemd itself says of it where that is installed, and that the settings in it exist.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { endingSeconds } from '../support/ending.ts';
import { root } from '../support/signet-process.ts';

const file = join(root, 'deploy/signet.service');
const run = promisify(execFile);
type Unit = ReadonlyMap<string, readonly string[]>;
let text: string;
/** The same with the lines that the file offers to take in. */
let wholeText: string;
let unit: Unit;
beforeAll(async () => {
  text = await readFile(file, 'utf8');
  wholeText = text.replaceAll(/^#(?=[A-Z]\w+=)/gm, '');
  unit = unitIn(text);
});

/** Every value of every name, in their order. */
function unitIn(source: string): Unit {
  const found = new Map<string, string[]>();
  for (const line of source.split('\n')) {
    if (line === '' || /^[#[]/.test(line)) continue;
    const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a line of a unit: ${line}`);
    found.set(name, [...(found.get(name) ?? []), value!]);
  }
  return found;
}

const one = (name: string) => unit.get(name)?.at(-1);
const environment = (of = unit) =>
  Object.fromEntries(
    of.get('Environment')!.flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
  );

/** What a tool of systemd says, or undefined where there is none. */
async function analyze(...args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run('systemd-analyze', args);
    return stdout + stderr;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code !== 'ENOENT') return `${stdout}${stderr}` || String(error);
    console.warn(`NOT CHECKED: there is no systemd-analyze here, so "${args[0]}" was not asked.`);
    return undefined;
  }
}

test('systemd finds nothing wrong with it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-unit-'));
  try {
    // Whether the program is where the unit expects it is the only thing that differs here.
    const here = wholeText
      .replaceAll('/opt/signet/node_modules/.bin/node', process.execPath)
      .replaceAll('/opt/signet', root);
    await writeFile(join(directory, 'signet.service'), here);
    const said = await analyze('verify', '--man=no', '--recursive-errors=no', join(directory, 'signet.service'));
    if (said !== undefined) expect(said).toBe('');
    await writeFile(join(directory, 'signet.service'), `${here}\n[Service]\nProtectSytem=strict\n`);
    const wrong = await analyze('verify', '--man=no', '--recursive-errors=no', join(directory, 'signet.service'));
    if (wrong !== undefined) expect(wrong).toContain('ProtectSytem');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('systemd rates it as locked up', async () => {
  const said = await analyze('security', '--offline=yes', file);
  if (said !== undefined) expect(Number(/exposure level for \S+: ([\d.]+)/.exec(said)?.[1])).toBeLessThanOrEqual(1.5);
});

test('it is not root, and writes only where its state is', () => {
  expect([one('DynamicUser'), one('ProtectSystem'), one('NoNewPrivileges'), one('CapabilityBoundingSet')]).toEqual([
    'yes',
    'strict',
    'yes',
    '',
  ]);
  expect(one('StateDirectory')).toBe('signet');
  expect(environment()['DATA_DIR']).toBe('%S/signet');
  expect(unit.has('ReadWritePaths')).toBe(false);
});

test('listening on 0.0.0.0 works: its addresses are asked for over AF_NETLINK', () => {
  expect(one('RestrictAddressFamilies')!.split(' ')).toEqual(
    expect.arrayContaining(['AF_INET', 'AF_INET6', 'AF_UNIX', 'AF_NETLINK']),
  );
});

test.each([
  ['as it is', () => text, ['DATABASE_URL', 'SECRET_KEY']],
  [
    'with the lines that it offers',
    () => wholeText,
    Object.entries(settings).flatMap(([name, setting]) => ('secret' in setting ? [name] : [])),
  ],
])('%s: the settings exist, and the secrets among them are credentials', (_what, source, secrets) => {
  const taken = unitIn(source());
  const credentials = taken.get('LoadCredential')!.map((line) => line.split(':')[0]!);
  // These two are Node's and the C library's.
  const others = ['NODE_ENV', 'MALLOC_ARENA_MAX'];
  const given = Object.entries(environment(taken)).filter(([name]) => !others.includes(name));
  for (const [name, value] of given) {
    const setting = name.replace(/_FILE$/, '');
    expect(Object.keys(settings)).toContain(setting);
    if (name.endsWith('_FILE')) expect(credentials).toContain(value.replace('%d/', ''));
    else expect('secret' in settings[setting as keyof typeof settings]).toBe(false);
  }
  const files = given.flatMap(([name]) => (name.endsWith('_FILE') ? [name.replace(/_FILE$/, '')] : []));
  expect(files.toSorted()).toEqual(secrets.toSorted());
  expect(credentials).toHaveLength(secrets.length);
});

test('it starts what this project starts, by the Node that npm ci brings', async () => {
  const [program = '', ...entry] = one('ExecStart')!.split(' ');
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  // npm's shell makes way for it, so that a signal for npm reaches it.
  // Nobody who may send the service a signal opens Node's inspector by one.
  expect(entry.shift()).toBe('--disable-sigusr1');
  const arenas = `MALLOC_ARENA_MAX=${environment(unitIn(text))['MALLOC_ARENA_MAX']}`;
  expect(scripts['start']).toBe(`${arenas} exec node ${entry.join(' ')}`);
  expect(program.replace(one('WorkingDirectory')!, '')).toBe('/node_modules/.bin/node');
});

test('there is time to drain and to end before it is killed', async () => {
  const drain = Number(environment()['DRAIN_SECONDS']);
  expect(Number(one('TimeoutStopSec'))).toBeGreaterThan(drain + (await endingSeconds()));
  expect(one('KillMode')).toBe('mixed');
});
