// Wrong command lines: one sentence and where the help is; as JSON, an error like every other. And `--version`.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { commandLine, resultOf } from '../support/command-line.ts';
import { root } from '../support/signet-process.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 120_000 });

// A place where nothing is: none of these commands gets as far as to make something there.
const signet = commandLine({ DATA_DIR: '/nowhere/at/all' });

test.each([
  [
    'a misspelt option',
    ['client', 'create', '--redirect-url', 'https://app.example/cb'],
    'Unknown option "--redirect-url". Did you mean --redirect-uri?',
    'signet client create',
  ],
  [
    'a misspelt option that must be given',
    ['user', 'create', '--usernam', 'ada'],
    'Unknown option "--usernam". Did you mean --username?',
    'signet user create',
  ],
  ['an option of another command', ['apply', 'x', '--tenant', 'acme'], 'Unknown option "--tenant".', 'signet apply'],
  [
    'a misspelt option of three words',
    ['service', 'key', 'add', 'x', '--nam', 'y'],
    'Unknown option "--nam". Did you mean --name?',
    'signet service key add',
  ],
  ['an argument that is missing', ['user', 'disable'], 'Missing required argument "user".', 'signet user disable'],
  [
    'one argument too many',
    ['user', 'disable', 'ada', 'bob'],
    'Too many arguments for "disable". Expected 1 argument but got 2: ada, bob.',
    'signet user disable',
  ],
  [
    'a value that is none',
    ['user', 'list', '--limit', 'many'],
    'Option "--limit <number>" argument "many" is invalid. A whole number from 1 to 1000.',
    'signet user list',
  ],
  ['a misspelt command', ['usr'], 'Unknown command "usr". Did you mean user?', 'signet'],
  ['a misspelt command of a group', ['user', 'crate'], 'Unknown command "crate". Did you mean create?', 'signet user'],
  [
    'a client without a redirect URI',
    ['client', 'create', '--id', 'app'],
    'A client needs a place to send the browser back to: give --redirect-uri, or --type machine for a program that has none.',
    'signet client create',
  ],
  [
    'a machine that may do nothing',
    ['client', 'create', '--id', 'job', '--type', 'machine'],
    'A machine may do nothing without scopes: give --scope with those of the API that it calls, or --admin-role for the admin API.',
    'signet client create',
  ],
  [
    'an option that is a setting',
    ['serve', '--port', '4000'],
    'Unknown option "--port". It is a setting: PORT=... signet serve.',
    'signet serve',
  ],
  [
    'a name that is an option',
    ['user', 'create', 'ada'],
    'Too many arguments for "create". Expected 0 arguments but got 1: ada. Did you mean --username ada?',
    'signet user create',
  ],
  ['a command that is an option', ['version'], 'Unknown command "version". Did you mean --version?', 'signet'],
  [
    'a command that is a key',
    ['stop'],
    'Unknown command "stop". Ctrl-C where the server runs ends it, and so does SIGTERM.',
    'signet',
  ],
  ['another word for create', ['user', 'add'], 'Unknown command "add". Did you mean create?', 'signet user'],
  ['another word for delete', ['client', 'rm', 'x'], 'Unknown command "rm". Did you mean delete?', 'signet client'],
  ['another word for end', ['session', 'stop', 'x'], 'Unknown command "stop". Did you mean end?', 'signet session'],
  ['another word for serve', ['start'], 'Unknown command "start". Did you mean serve?', 'signet'],
  ['another word for doctor', ['status'], 'Unknown command "status". Did you mean doctor?', 'signet'],
  ['a group in the plural', ['users', 'list'], 'Unknown command "users". Did you mean user?', 'signet'],
  ['nobody to create', ['user', 'create', '--generate-password'], '--username is missing.', 'signet user create'],
])('%s: 2, one sentence, and where its help is', async (_what, args, problem, help) => {
  const plain = await signet(args);
  expect(plain).toMatchObject({ code: 2, stdout: '', output: `${problem}\nSee "${help} --help".\n` });
  const json = await signet([...args, '--json']);
  expect([json.code, json.stdout, JSON.parse(json.output)]).toEqual([2, '', { error: 'usage', problems: [problem] }]);
});

test('no command at all: 2, with the help for people and the names for scripts', async () => {
  const plain = await signet(['user']);
  expect([plain.code, plain.output]).toEqual([2, expect.stringContaining('Usage: signet user')]);
  const { code, stdout, output } = await signet(['user', '--json']);
  const problem = 'Name a command of user: create, list, disable, enable, set-password, reset-mfa.';
  expect([code, stdout, JSON.parse(output)]).toEqual([2, '', { error: 'usage', problems: [problem] }]);
});

test('what stands behind -- is no option: --json there is not asked for', async () => {
  expect((await signet(['user', 'disable', '--', '--json', 'x'])).output).toMatch(/^Too many arguments/);
});

test('--version and -V: that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  for (const option of ['--version', '-V'])
    expect(await signet([option])).toMatchObject({ code: 0, output: `${version}\n` });
  expect(await resultOf(signet, ['--version'])).toEqual({ version });
});

test('a file that is not there: 3 from every command that reads one, and no database is made for it', async () => {
  for (const args of [
    ['apply', '/nowhere.yaml'],
    ['client', 'create', '--from', '/nowhere.yaml'],
    ['restore', '/nowhere.yaml'],
  ]) {
    const { code, output } = await signet([...args, '--json']);
    expect([args[0], code, JSON.parse(output)]).toEqual([
      args[0],
      3,
      { error: 'not_found', problems: ['There is no file /nowhere.yaml.'] },
    ]);
  }
});

test('what cannot be read is said in words', async () => {
  const { code, output } = await signet(['apply', '/']);
  expect([code, output]).toEqual([1, 'Nothing was applied.\n  / cannot be read: it is a directory.\n']);
});

test.each([
  ['signet', []],
  ['a group', ['user']],
  ['a group of a group', ['client', 'secret']],
  ['a command', ['user', 'create']],
  ['a command that stands alone', ['apply']],
])('the help of %s names --json', async (_what, args) => {
  const { code, stdout } = await signet([...args, '--help']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^ {2}--json +results and errors as JSON$/m)]);
});

test('the help of client create says that a file may hold an exchange', async () => {
  expect((await signet(['client', 'create', '--help'])).stdout).toContain('"exchange"');
});
