// What the process writes to its terminal: the setup link once, no other secret, also when it cannot start (M111).
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config/read.ts';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';
import { ProvisioningError } from '../../src/flows/provision/problems.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { authorizationRequest, authorizeInteractively, exchangeCode, refresh, webClient } from '../support/flow.ts';
import { createAgent } from '../support/agent.ts';
import { freePort } from '../../src/testing/start.ts';
import { runSignet, startProcess } from '../support/signet-process.ts';

const canary = {
  database: 'canary-database-password',
  admin: 'canary-administrator-password',
  person: 'canary-password-of-the-person',
  client: 'canary-client-secret-of-32-characters',
  key: randomBytes(32).toString('base64'),
};
const provisioned = {
  clients: [{ ...webClient, client_secret: canary.client }],
  users: [{ username: 'carol', password: canary.person }],
};

let database: TestDatabase;
let directory: string;
let file: string;
let environment: Record<string, string>;
beforeAll(async () => {
  database = await createDatabase();
  directory = await mkdtemp(join(tmpdir(), 'signet-leaks-'));
  file = join(directory, 'provision.json');
  await writeFile(file, JSON.stringify(provisioned));
  environment = {
    DATABASE_URL: withPassword(database.url),
    DATA_DIR: directory,
    SECRET_KEY: canary.key,
    LOG_LEVEL: 'trace',
    PROVISION: file,
    DRAIN_SECONDS: '0',
  };
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

/** The test server asks for no password, so that any will do. */
function withPassword(url: string): string {
  const password = /^(\w+:\/\/[^:@/]+)@/;
  return password.test(url) ? url.replace(password, `$1:${canary.database}@`) : url;
}

function expectNoCanary(output: string): void {
  for (const [name, secret] of Object.entries(canary)) {
    expect(output.includes(secret), name).toBe(false);
    expect(output.includes(encodeURIComponent(secret)), name).toBe(false);
  }
}

describe('M111 a process at LOG_LEVEL=trace', () => {
  const starts: { name: string; more: Record<string, string>; links: number }[] = [
    { name: 'with a setup link', more: {}, links: 1 },
    {
      name: 'with an administrator from the settings',
      more: { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: canary.admin },
      links: 0,
    },
  ];
  test.each(starts)('M111 $name: its link apart, no secret of its settings or of its work', async ({ more, links }) => {
    const port = await freePort();
    // One port for both starts: the issuer of a database cannot change.
    environment['PUBLIC_URL'] ??= `http://localhost:${port}`;
    const issuer = environment['PUBLIC_URL'];
    const running = await startProcess({ ...environment, ...more, PORT: new URL(issuer).port });
    const seen: string[] = [];
    try {
      const agent = createAgent();
      const client = { ...webClient, client_secret: canary.client };
      const asked = authorizationRequest({ issuer }, client);
      const user = { username: 'carol', password: canary.person };
      const code = (await authorizeInteractively(agent, asked, user)).get('code')!;
      const { body } = await exchangeCode({ issuer }, client, asked, code);
      const again = await refresh({ issuer }, client, body.refresh_token);
      await exchangeCode({ issuer }, client, asked, code);
      seen.push(
        code,
        body.access_token,
        body.refresh_token,
        body.id_token,
        again.body.access_token,
        ...agent.cookies.values(),
      );
    } finally {
      running.kill('SIGTERM');
    }
    const { output, code } = await running.ended;
    expect(code).toBe(0);
    const lines = output
      .split('\n')
      .filter((line) => !/^ {2}http:\/\/localhost:\d+\/setup\?token=sgu_[\w-]{43}$/.test(line));
    expect(output.split('\n').length - lines.length).toBe(links);
    const rest = lines.join('\n');
    expect(rest).toContain('"route":"/oauth/token"');
    expect(rest).not.toMatch(/sg[bcrsu]_|eyJ/);
    for (const secret of seen) expect(rest.includes(secret)).toBe(false);
    expectNoCanary(rest);
  });
});

describe('M111 a process that cannot start says why, without the secret', () => {
  const broken = (): Record<string, Record<string, string>> => ({
    'a malformed database URL': { DATABASE_URL: `postgres//signet:${canary.database}@127.0.0.1:1/signet` },
    'a database URL with another scheme': { DATABASE_URL: `mysql://signet:${canary.database}@127.0.0.1/x` },
    'a key that is too short': { SECRET_KEY: canary.key.slice(0, 30) + canary.database },
    'two keys, one broken': { SECRET_KEY: `${canary.key},${canary.database}` },
    'an administrator password without an address': { ADMIN_PASSWORD: canary.admin },
    'a misspelt name': { SIGNET_ADMIN_PASSWORT: canary.admin },
    'a TLS key that is none': { TLS_KEY: canary.client, TLS_CERT: 'x' },
    'a secret in place of another setting': { SIGNET_ADMIN_EMAIL: 'nobody', ADMIN_PASSWORD: canary.admin },
  });

  test('M111 settings of every kind', () => {
    for (const [name, change] of Object.entries(broken())) {
      try {
        readConfig({ ...environment, ...change });
        expect.unreachable(name);
      } catch (error) {
        expect(error, name).toBeInstanceOf(ConfigError);
        expectNoCanary((error as ConfigError).problems.join('\n'));
        expectNoCanary(String((error as ConfigError).stack));
      }
    }
  });

  test('M111 a database that is not there, and one that does not want this user', async () => {
    const urls = [`postgres://signet:${canary.database}@127.0.0.1:1/signet`, `${environment['DATABASE_URL']}_gone`];
    const started = urls.map((url) =>
      runSignet(['src/cli/signet.ts', 'serve'], { ...environment, PORT: '0', DATABASE_URL: url }),
    );
    for (const { ended } of started) {
      const { code, output } = await ended;
      expect(code).toBe(1);
      expect(output).toContain('cannot start');
      expectNoCanary(output);
    }
  });

  test('M111 a provisioning file with mistakes beside its secrets', () => {
    const files = [
      JSON.stringify({
        ...provisioned,
        clients: [{ ...provisioned.clients[0], client_secret: `${canary.client}\u00e9` }],
      }),
      JSON.stringify({
        ...provisioned,
        users: [{ username: 'x', password: canary.person, password_hash: canary.person }],
      }),
      JSON.stringify({ ...provisioned, users: [{ username: 'x', password: [canary.person] }] }),
      JSON.stringify({ ...provisioned, users: [{ username: 'x', passwort: canary.person }] }),
      `users:\n  - username: x\n    password: "${canary.person}\n    email: *nothing`,
      `users:\n  - username: x\n    password: ${canary.person}: ${canary.person}\n`,
      ...['*', '|', '>', '&', '@', '%', '`', '!', '{', '['].map(
        (sign) => `users:\n  - username: x\n    password: ${sign}${canary.person}\n`,
      ),
      `users: [{ username: x, password: *${canary.person} }]`,
      `users:\n- username: x\n  password: "${canary.person}"${canary.person}\n`,
    ];
    for (const text of files) {
      try {
        parseProvisioning(text, 'provision.yaml');
        expect.unreachable(text);
      } catch (error) {
        expect(error, text).toBeInstanceOf(ProvisioningError);
        expectNoCanary((error as ProvisioningError).problems.join('\n'));
      }
    }
  });
});
