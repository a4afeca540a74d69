// Reading a provisioning file: every mistake at once, each with the line and column where it stands.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';
import { ProvisioningError } from '../../src/flows/provision/problems.ts';

function problemsOf(text: string): readonly string[] {
  try {
    parseProvisioning(text, 'world');
    return [];
  } catch (error) {
    if (!(error instanceof ProvisioningError)) throw error;
    return error.problems;
  }
}

const client = (line: string) =>
  `clients:\n  - client_id: web\n    redirect_uris: [https://web.example/cb]\n    ${line}\n`;
const user = (line: string) => `users:\n  - username: alice\n    ${line}\n`;

describe('one mistake, in its place', () => {
  test.each<[string, string, string]>([
    ['a name that is not known', client('redirect_uri: x'), 'world:4:19 clients[0].redirect_uri is not known here'],
    ['a name that is not known, at the top', 'user: []\n', 'world:1:7 user is not known here'],
    ['a value of another type', client('first_party: sure'), 'world:4:18 clients[0].first_party must be boolean'],
    [
      'a value that is not among the possible',
      client('grant_types: [implicit]'),
      'world:4:19 clients[0].grant_types[0] must be one of authorization_code, refresh_token',
    ],
    [
      'a number beyond its bounds',
      client('refresh_token_grace: 121'),
      'world:4:26 clients[0].refresh_token_grace must be <= 120',
    ],
    ['something that is needed', 'clients:\n  - client_name: Web\n', 'world:2:5 clients[0] needs client_id'],
    [
      'a redirect URI that may not be one',
      'clients:\n  - client_id: web\n    redirect_uris:\n      - https://web.example/cb\n      - http://web.example/cb\n',
      'world:5:9 clients[0].redirect_uris[1] must use https',
    ],
    [
      'a secret for a public client',
      client('token_endpoint_auth_method: none\n    client_secret: x'),
      'world:5:20 clients[0].client_secret has no use',
    ],
    [
      'a public client without rotation',
      client('token_endpoint_auth_method: none\n    refresh_token_rotation: false'),
      'world:5:29 clients[0].refresh_token_rotation cannot be false',
    ],
    [
      'a public client without PKCE',
      client('token_endpoint_auth_method: none\n    require_pkce: false'),
      'world:5:19 clients[0].require_pkce cannot be false',
    ],
    [
      'a client twice',
      'clients:\n  - client_id: web\n    redirect_uris: [https://web.example/cb]\n  - client_id: web\n    redirect_uris: [https://web.example/cb]\n',
      'world:4:16 clients[1].client_id is the same as in clients[0]',
    ],
    [
      'a user name twice, spelt differently',
      'users:\n  - username: alice\n  - username: ALICE\n',
      'world:3:15 users[1].username is the same as in users[0]',
    ],
    [
      'an address twice',
      'users:\n  - {username: a, email: a@example.com}\n  - {username: b, email: A@example.com}\n',
      'world:3:26 users[1].email is the same as in users[0]',
    ],
    [
      'a password and a hash',
      user(`password: long enough\n    password_hash: $argon2id$v=19$m=64,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`),
      'world:4:20 users[0].password_hash stands beside password',
    ],
    [
      'a hash of another kind',
      user('password_hash: $2b$12$abc'),
      'world:3:20 users[0].password_hash must be an argon2id PHC string',
    ],
    [
      'a hash that costs more than is allowed',
      user(`password_hash: $argon2id$v=19$m=4194304,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`),
      'world:3:20 users[0].password_hash must be',
    ],
    [
      'the address of somebody else as a name',
      'users:\n  - {username: b@example.com, email: a@example.com}\n',
      'world:2:16 users[0].username with an @',
    ],
    [
      'a resource that is no URI',
      'resources:\n  - identifier: orders\n',
      'world:2:17 resources[0].identifier must be an absolute URI',
    ],
    [
      'two scopes in one',
      'resources:\n  - identifier: https://api.example\n    scopes: [a b]\n',
      'world:3:14 resources[0].scopes[0] must be one scope',
    ],
    ['a slug with capitals', 'tenant: Acme\n', 'world:1:9 tenant must have a slug'],
    [
      'a host for the default tenant',
      'tenant: {slug: default, host: a.example}\n',
      'world:1:31 tenant.host of the default tenant',
    ],
    ['no object at all', '[1, 2]\n', 'world:1:1 the file'],
    ['YAML that is none', 'users: [\n', 'world:2:1 '],
    ['a key twice', 'users: []\nusers: []\n', 'world:2:1 Map keys must be unique'],
  ])('%s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });
});

test('all mistakes of a file are told at once', () => {
  const text =
    'clients:\n  - client_id: web\n    redirect_uris: [http://a.example]\nusers:\n  - username: a b\n  - username: c\n    email: nowhere\n';
  expect(problemsOf(text)).toHaveLength(3);
});

test('no problem repeats a password or a secret', () => {
  const secret = 'hunter2-hunter2-hunter2';
  for (const text of [
    `users:\n  - username: a\n    password: ${secret}\n    password_hash: ${secret}\n`,
    `clients:\n  - client_id: web\n    client_secret: ["${secret}"]\n`,
    `users:\n  - {username: a, password: {x: ${secret}}}\n`,
  ]) {
    expect(problemsOf(text).length).toBeGreaterThan(0);
    expect(problemsOf(text).join('\n')).not.toContain(secret);
  }
});

test('an empty file asks for nothing', () => {
  for (const text of ['', '{}', '# nothing\n']) expect(problemsOf(text)).toEqual([]);
});

test('JSON and YAML say the same', () => {
  const file = { tenant: 'acme', clients: [{ client_id: 'web', redirect_uris: ['https://web.example/cb'] }] };
  expect(parseProvisioning(JSON.stringify(file), 'json').file).toEqual(file);
  expect(
    parseProvisioning(
      'tenant: acme\nclients:\n  - client_id: web\n    redirect_uris: [https://web.example/cb]\n',
      'yaml',
    ).file,
  ).toEqual(file);
});

test('a bomb of aliases is refused, not unfolded', () => {
  const levels = Array.from(
    { length: 12 },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? 'x'
          : Array(10)
              .fill(`*a${i - 1}`)
              .join(', ')
      }]`,
  );
  expect(problemsOf(`${levels.join('\n')}\n`)).toEqual([expect.stringMatching(/^world:1:1 .*alias/i)]);
});

test('whatever stands in a file: it is read, or refused with places', () => {
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .array(fc.constantFrom('users:', '\n', '  - ', 'username: a', '"', '{', '&a ', '*a', '!!js', '__proto__: 1'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      for (const problem of problemsOf(given)) expect(problem).toMatch(/^world:\d+:\d+ /);
    }),
    { numRuns: 300 },
  );
});
