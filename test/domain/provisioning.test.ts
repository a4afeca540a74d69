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
    [
      'a name that is not known',
      client('redirect_uri: x'),
      'world:4:5 clients[0].redirect_uri is not known here: did you mean redirect_uris?',
    ],
    ['a name that is not known, at the top', 'user: []\n', 'world:1:1 user is not known here: did you mean users?'],
    [
      'a name in other letters',
      client('firstParty: true'),
      'clients[0].firstParty is not known here: did you mean first_party?',
    ],
    [
      'a name inside a choice',
      'tenant: {slug: a, hots: b}\n',
      'world:1:19 tenant.hots is not known here: did you mean host?',
    ],
    ['a name that is like no other', user('shoe_size: 43'), 'world:3:5 users[0].shoe_size is not known here'],
    ['a value of another type', client('first_party: sure'), 'world:4:18 clients[0].first_party must be true or false'],
    ['a truth in quotes', client('first_party: "true"'), 'first_party must be true or false: write it without quotes'],
    ['a number for a text', user('name: 7'), 'world:3:11 users[0].name must be text: put it in quotes'],
    ['a truth for a text', user('name: true'), 'world:3:11 users[0].name must be text: put it in quotes'],
    ['a list for a text', user('name: [a]'), 'world:3:11 users[0].name must be text'],
    ['nothing for a text', user('name:'), 'users[0].name is empty: give it a value, or remove it'],
    ['a text without letters', user("name: ''"), 'users[0].name is empty: give it a value, or remove it'],
    ['a text for a list', user('roles: admin'), 'world:3:12 users[0].roles must be a list'],
    ['nothing for a list', 'clients:\n', 'clients is empty: give it a value, or remove it'],
    ['a fraction', client('default_max_age: 1.5'), 'clients[0].default_max_age must be a whole number'],
    ['a number in quotes', client('default_max_age: "9"'), 'must be a whole number: write it without quotes'],
    ['a text for a group', user('address: here'), 'world:3:14 users[0].address must be a group of names and values'],
    ['a number for a tenant', 'tenant: 7\n', 'world:1:9 tenant must be text: put it in quotes'],
    ['a list for a tenant', 'tenant: [a]\n', 'world:1:9 tenant must be text, or a group of names and values'],
    ['a date that is none', user('birthdate: 1.1.2000'), 'users[0].birthdate must be a date as YYYY-MM-DD'],
    [
      'a value that is not among the possible',
      client('grant_types: [implicit]'),
      'world:4:19 clients[0].grant_types[0] must be one of authorization_code, refresh_token',
    ],
    [
      'a number beyond its bounds',
      client('refresh_token_grace: 601'),
      'world:4:26 clients[0].refresh_token_grace must be at most 600',
    ],
    [
      'a grace as long as what it repeats lives',
      client('refresh_token_grace: 60\n    access_token_lifetime: 60'),
      'world:4:26 clients[0].refresh_token_grace must be shorter than access_token_lifetime, which is 60',
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
      'a password that is too short',
      user('password: 14 characters'),
      'world:3:15 users[0].password must have at least',
    ],
    [
      'a password and a hash',
      user(
        `password: long enough for all\n    password_hash: $argon2id$v=19$m=64,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
      ),
      'world:4:20 users[0].password_hash stands beside password',
    ],
    [
      'a reset of no password',
      user('password_reset: true'),
      'world:3:21 users[0].password_reset needs password or password_hash beside it',
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
    ['no object at all', '[1, 2]\n', 'world:1:1 the file must be a group of names and values'],
    ...['', '# nothing\n', '---\n', '~\n'].map((text): [string, string, string] => [
      `nothing in the file: ${JSON.stringify(text)}`,
      text,
      'world:1:1 the file is empty: it needs at least one of tenant, settings, resources, clients, users',
    ]),
    ['YAML that is none', 'users: [\n', 'world:2:1 the file is not valid YAML: '],
    ['a key twice', 'users: []\nusers: []\n', 'world:2:1 the file is not valid YAML: the same name stands twice'],
    [
      'a password that looks like an alias',
      user('password: *star'),
      'world:3:15 the file is not valid YAML: text that begins with *',
    ],
    ['a tab', 'users:\n\t- username: a\n', 'world:2:1 the file is not valid YAML: a tab cannot indent'],
    ['a colon in a text', user('name: a: b'), 'world:3:11 the file is not valid YAML: text with a colon'],
  ])('%s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });
});

test('all mistakes of a file are told at once, of shape and of rules, in the order of the file', () => {
  const entries = (text: string, count: number) => text.repeat(count);
  const text = `users:
  - username: a b
${entries('  - username: a\n', 2)}  - username: c
    nmae: C
    email: nowhere
clients:
  - client_id: web
    redirect_uris: [http://a.example]
    first_party: sure
  - {client_id: other, logo_uri: x, redirect_uris: [http://a.example]}
`;
  expect(problemsOf(text).map((problem) => problem.split(' ').slice(0, 2).join(' '))).toEqual([
    'world:2:15 users[0].username',
    'world:4:15 users[2].username',
    'world:6:5 users[3].nmae',
    'world:11:18 clients[0].first_party',
    'world:12:34 clients[1].logo_uri',
    'world:12:53 clients[1].redirect_uris[0]',
  ]);
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

test('an object without names asks for nothing', () => {
  expect(problemsOf('{}')).toEqual([]);
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
