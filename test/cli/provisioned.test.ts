// Commands whose change PROVISION undoes at the next start: they say so, and name the place in the file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CommandLine, commandLine, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const text = `
clients:
  - client_id: shop
    client_secret: a-secret-that-has-at-least-32-characters
    redirect_uris: [https://shop.example/cb]
  - client_id: kiosk
    token_endpoint_auth_method: none
    redirect_uris: [https://kiosk.example/cb]
users:
  - username: ada
    password: a bridge over the quiet river
    password_reset: true
    disabled: false
  - username: eve
    password: a bridge over the quiet river
    disabled: true
    admin_roles: [auditor]
  - username: tim
service_accounts:
  - username: job
    disabled: false
    keys:
      - name: other
        key: sgk_${'b'.repeat(43)}
      - name: main
        key: sgk_${'a'.repeat(43)}
`;

let directory: string;
let file: string;
let running: TestSignet;
let signet: CommandLine;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  file = join(directory, 'provision.yaml');
  await writeFile(file, text);
  running = await startSignet({ config: { provision: file } });
  await running.provision({ tenant: 'acme', users: [{ username: 'ada', password: 'another bridge over it' }] });
  signet = commandLine({ ...settingsOf(running), PROVISION: file });
});
afterAll(async () => {
  await running.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The warnings of a command that succeeds, each without what all begin with. */
async function warningsOf(...args: string[]): Promise<string[]> {
  const { code, output, stdout } = await signet(args, 'yet another bridge over the river\n');
  expect(code, output).toBe(0);
  expect(stdout).not.toContain('PROVISION');
  const lines = output.split('\n').filter((line) => line.includes('PROVISION'));
  const start = `Warning: PROVISION undoes this at the next start of the server: ${file}:`;
  for (const line of lines) expect(line.slice(0, start.length)).toBe(start);
  return lines.map((line) => line.slice(start.length));
}

test.each<[string, string[]]>([
  ['client rotate-secret shop', ['4:20 clients[0].client_secret: put the new secret there, or take it out.']],
  ['client delete kiosk --yes', ['6:5 clients[1]: take the client out.']],
  ['user set-password ada --password-stdin', ['12:21 users[0].password_reset: take it out.']],
  ['user disable ada', ['13:15 users[0].disabled: set it to true, or take it out.']],
  [
    'admin reset eve --password-stdin',
    ['16:15 users[1].disabled: take it out.', '17:18 users[1].admin_roles: add owner to them.'],
  ],
  ['user disable eve', []],
  ['user enable eve', ['16:15 users[1].disabled: take it out.']],
  ['user set-password tim --password-stdin', []],
  ['user disable tim', []],
  ['service key revoke job main', ['25:9 service_accounts[0].keys[1]: take the key out.']],
  ['service disable job', ['21:15 service_accounts[0].disabled: set it to true, or take it out.']],
  ['service enable job', []],
  ['user set-password ada --tenant acme --password-stdin', []],
])('%s: what the file has against it, and nothing else', async (line, warnings) => {
  expect(await warningsOf(...line.split(' '), ...(line === 'user disable eve' ? ['--force'] : []))).toEqual(warnings);
});

test('a file that is no longer YAML: the command does its work, and says that it does not know', async () => {
  const broken = join(directory, 'broken.yaml');
  await writeFile(broken, '{');
  const { code, output } = await commandLine({ ...settingsOf(running), PROVISION: broken })(['user', 'enable', 'tim']);
  expect([code, output]).toEqual([0, expect.stringContaining('Warning: PROVISION may undo this')]);
});

test('who acted: the server for what it applies at its start, an operator for the commands', async () => {
  const actors = () =>
    query<{ slug: string; actor_kind: string }>(
      running.database.url,
      `SELECT DISTINCT t.slug, e.actor_kind FROM audit_events e JOIN tenants t ON t.id = e.tenant_id
       WHERE e.type IN ('tenant.created', 'client.created', 'key.created') AND t.slug IN ('default', 'globex', 'initech')
       ORDER BY t.slug`,
    );
  expect(await actors()).toEqual([{ slug: 'default', actor_kind: 'server' }]);
  const globex = join(directory, 'globex.yaml');
  await writeFile(
    globex,
    'tenant: globex\nclients:\n  - client_id: app\n    token_endpoint_auth_method: none\n    redirect_uris: [https://app.example/cb]\n',
  );
  expect((await signet(['apply', globex])).code).toBe(0);
  expect((await signet(['tenant', 'create', 'initech'])).code).toBe(0);
  expect(await actors()).toEqual([
    { slug: 'default', actor_kind: 'server' },
    { slug: 'globex', actor_kind: 'operator' },
    { slug: 'initech', actor_kind: 'operator' },
  ]);
});
