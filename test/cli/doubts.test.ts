// What is accepted and was probably meant otherwise: roles and scopes that are like no other, said on standard error.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CommandLine, commandLine, settingsOf } from '../support/command-line.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let running: TestSignet;
let signet: CommandLine;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  running = await startSignet({
    provision: {
      settings: {
        admin_roles: { helpdesk: { scopes: ['admin:users:read'] } },
        claim_scopes: { badge: { claims: ['badge_number'] } },
      },
      resources: [{ identifier: 'https://orders.example', scopes: ['orders:read'] }],
      users: [{ username: 'ada', disabled: true, roles: ['editor'] }],
    },
  });
  signet = commandLine(settingsOf(running));
});
afterAll(async () => {
  await running.stop();
  await rm(directory, { recursive: true, force: true });
});

async function warningsOf(...args: string[]): Promise<string[]> {
  const { code, output, stdout } = await signet(args);
  expect(code, output).toBe(0);
  expect(stdout).not.toContain('Warning');
  return output.split('\n').filter((line) => line.startsWith('Warning: '));
}

const administers = (role: string, meant: string) =>
  `Warning: the role "${role}" is one of your applications' and administers nothing here; for that, give --admin-role ${meant}.`;
const otherLetters = `Warning: the role "Editor" is another one than "editor", which people have already.`;

test.each<[string, string[], string[]]>([
  ['one that is new', ['--role', 'reader'], []],
  ['one that people have', ['--role', 'editor'], []],
  ['the same in other letters', ['--role', 'Editor'], [otherLetters]],
  ['that of administrators as it was', ['--role', 'Admin'], [administers('Admin', 'owner')]],
  ['an administrative one', ['--role', 'Auditor'], [administers('Auditor', 'auditor')]],
  ['one of the tenant', ['--role', 'helpdesk'], [administers('helpdesk', 'helpdesk')]],
  ['one beside an administrative one', ['--role', 'owner', '--admin-role', 'auditor'], []],
])('a role of a user: %s', async (what, options, warnings) => {
  const username = what.replaceAll(' ', '-');
  expect(await warningsOf('user', 'create', '--username', username, '--generate-password', ...options)).toEqual(
    warnings,
  );
});

test('a role of a service account in other letters', async () => {
  expect(await warningsOf('service', 'create', 'job', '--role', 'EDITOR')).toEqual([
    'Warning: the role "EDITOR" is another one than "Editor" and "editor", which people have already.',
  ]);
});

test('scopes of a client: those that something has, and one that nothing has', async () => {
  const redirect = ['--redirect-uri', 'https://app.example/cb'];
  const create = (scope: string) => warningsOf('client', 'create', ...redirect, '--scope', scope);
  expect(await create('openid groups badge orders:read admin:users:read')).toEqual([]);
  expect(await create('openid foo:bar')).toEqual([
    'Warning: no resource has the scope foo:bar, so that a token with it opens nothing.',
  ]);
});

test('the same in a file', async () => {
  const file = join(directory, 'file.json');
  const redirect_uris = ['https://app.example/cb'];
  const client = { token_endpoint_auth_method: 'none', redirect_uris };
  const given = {
    clients: [
      { ...client, client_id: 'right', scope: 'openid badge orders:read admin:users:read' },
      { ...client, client_id: 'wrong', scope: 'openid foo:bar' },
    ],
    users: [{ username: 'tim', disabled: true, roles: ['Helpdesk', 'Editor'] }],
  };
  await writeFile(file, JSON.stringify(given));
  expect((await warningsOf('apply', file)).toSorted()).toEqual([
    expect.stringContaining('client wrong: no resource has its scope foo:bar'),
    expect.stringContaining('the role "Editor" is another one than "EDITOR" and "editor"'),
    expect.stringContaining('the role "Helpdesk" is another one than "helpdesk"'),
    expect.stringContaining('user tim: the role "Helpdesk" is one of your applications'),
  ]);
});
