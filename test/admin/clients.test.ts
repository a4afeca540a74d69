// /admin/api/clients: registered, changed as they were read, deleted; their secrets; and which of them nobody reaches.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AdminAnswer,
  adminConsole,
  administer,
  elsewhere,
  programs,
  programToken,
  whatever,
} from '../support/admin.ts';
import { query } from '../support/database.ts';
import { tokenRequest, webClient, world } from '../support/flow.ts';
import { issueEverything, working } from '../support/issued.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let owner: string;
let administrator: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({
    clients: [...programs, adminConsole],
    resources: [{ identifier: 'https://orders.example', scopes: ['orders:read'] }],
  });
  [owner, administrator] = await Promise.all([programToken(signet, 'owner'), programToken(signet, 'administrator')]);
});
afterAll(() => signet.stop());

const ask = (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  token = administrator,
) => administer(signet, token, method, path, body, headers);
const machine = { grant_types: ['client_credentials'], response_types: [], scope: 'orders:read' };
let made = 0;
const register = async (metadata: object = machine, token = administrator): Promise<AdminAnswer> => {
  made += 1;
  const answer = await ask('POST', '/clients', { client_id: `made-${made}`, ...metadata }, {}, token);
  expect(answer.status, answer.text).toBe(201);
  return answer;
};
const credentials = (id: string, secret: string, at: { issuer: string } = signet) =>
  tokenRequest(at, { client_id: id, client_secret: secret }, { grant_type: 'client_credentials' });

describe('registering', () => {
  test('201 with the metadata in force and a secret that works, and is never shown again', async () => {
    const answer = await ask('POST', '/clients', machine);
    expect(answer.status, answer.text).toBe(201);
    const { client_id: id, client_secret: secret, client_secret_expires_at: expires, ...rest } = answer.body;
    expect([id, expires]).toEqual([expect.stringMatching(/^[0-9a-f]{24}$/), 0]);
    expect(rest).toMatchObject({ ...machine, disabled: false, admin_roles: [], built_in: false, require_pkce: true });
    expect(answer.headers.get('location')).toBe(`${signet.issuer}/admin/api/clients/${id}`);
    expect((await credentials(id, secret)).status).toBe(200);
    const read = await ask('GET', `/clients/${id}`);
    expect([read.status, read.etag, read.text]).toEqual([200, answer.etag, expect.not.stringContaining('secret"')]);
    expect(read.body).toEqual({ client_id: id, ...rest });
  });

  test('every mistake in one answer', async () => {
    const refused = await ask('POST', '/clients', {
      client_id: 'bad client\n',
      redirect_uris: ['http://far.example/cb#x'],
      grant_types: ['password'],
      colour: 'red',
    });
    const pointers = refused.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect([refused.status, pointers.toSorted()]).toEqual([
      422,
      ['/client_id', '/colour', '/grant_types/0', '/redirect_uris/0'],
    ]);
  });

  test.each([
    ['a secret of one’s own', { ...machine, client_secret: 'x'.repeat(40) }, 422],
    ['a name that is taken', { ...machine, client_id: webClient.client_id }, 409],
    ['a mark of Signet itself', { ...machine, built_in: true }, 422],
    ['the name of an API', { ...machine, client_id: 'https://orders.example' }, 422],
  ])('%s: refused', async (_what, metadata, status) => {
    expect((await ask('POST', '/clients', metadata, {}, owner)).status).toBe(status);
  });
});

test('listing: each once, page by page; found by the beginning of client_id or name', async () => {
  const names = async (search: string | undefined, limit: number) => {
    const found: string[] = [];
    for (let cursor: string | undefined; ;) {
      const params = new URLSearchParams({
        limit: String(limit),
        ...(search && { search }),
        ...(cursor && { cursor }),
      });
      const { body } = await ask('GET', `/clients?${params.toString()}`);
      found.push(...body.items.map(({ client_id }: { client_id: string }) => client_id));
      cursor = body.next_cursor;
      if (cursor === undefined) return found;
    }
  };
  await register({ ...machine, client_id: 'zz-shop', client_name: 'Program of the shop' });
  const all = await names(undefined, 200);
  expect(new Set(all).size).toBe(all.length);
  expect(await names(undefined, 3)).toEqual(all);
  expect(await names('PROGRAM', 2)).toEqual([...programs.map(({ client_id }) => client_id).toSorted(), 'zz-shop']);
  expect((await ask('GET', '/clients?cursor=x')).status).toBe(422);
});

describe('changing', () => {
  test('a merge patch; null brings the default back', async () => {
    const { body, etag } = await register({ ...machine, access_token_lifetime: 60, client_name: 'Old' });
    const path = `/clients/${body.client_id}`;
    const changed = await ask('PATCH', path, { client_name: 'New', access_token_lifetime: null }, { 'if-match': etag });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toMatchObject({ client_name: 'New', access_token_lifetime: 900, scope: 'orders:read' });
    expect((await credentials(body.client_id, body.client_secret)).body.expires_in).toBe(900);
    expect(changed.body.client_secret).toBeUndefined();
  });

  test('two administrators edit one client at once: one gets 412, and nothing is lost', async () => {
    const { body, etag } = await register();
    const path = `/clients/${body.client_id}`;
    const answers = await Promise.all(
      [{ client_name: 'One' }, { client_uri: 'https://two.example' }].map((patch) =>
        ask('PATCH', path, patch, { 'if-match': etag }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 412]);
    const { client_name: name, client_uri: uri } = (await ask('GET', path)).body;
    expect([name, uri].filter((one) => one !== undefined)).toHaveLength(1);
    expect((await ask('PATCH', path, {})).status).toBe(428);
    expect((await ask('DELETE', path)).status).toBe(428);
  });

  test('who comes to need a secret gets one, once', async () => {
    const { body } = await register({ redirect_uris: ['https://x.example/cb'], token_endpoint_auth_method: 'none' });
    expect(body.client_secret).toBeUndefined();
    const path = `/clients/${body.client_id}`;
    const changed = await ask('PATCH', path, { token_endpoint_auth_method: 'client_secret_basic' }, whatever);
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body.client_secret).toMatch(/^sg/);
    expect((await ask('PATCH', path, { client_name: 'Again' }, whatever)).body.client_secret).toBeUndefined();
  });

  test.each<[string, object, string]>([
    ['its id', { client_id: 'other' }, '/client_id'],
    ['its secret', { client_secret: 'x'.repeat(40) }, '/client_secret'],
    ['that it is built in', { built_in: true }, '/built_in'],
    ['something unknown that is removed', { colour: null }, '/colour'],
    ['against a rule', { require_pkce: 'no', redirect_uris: ['nowhere'] }, '/require_pkce'],
    [
      'what is given to whom does not act for itself',
      { grant_types: ['refresh_token'], admin_roles: ['auditor'] },
      '/admin_roles',
    ],
  ])('%s: 422', async (_what, patch, pointer) => {
    const { body } = await register();
    const refused = await ask('PATCH', `/clients/${body.client_id}`, patch, whatever, owner);
    const pointers = refused.body.errors.map((error: { pointer: string }) => error.pointer);
    expect([refused.status, pointers]).toEqual([422, expect.arrayContaining([pointer])]);
  });

  test('an algorithm that nobody used before signs at once', async () => {
    const { body } = await register();
    const path = `/clients/${body.client_id}`;
    expect((await ask('PATCH', path, { access_token_signed_response_alg: 'EdDSA' }, whatever)).status).toBe(200);
    const { body: given } = await credentials(body.client_id, body.client_secret);
    expect(JSON.parse(Buffer.from(given.access_token.split('.')[0]!, 'base64url').toString())).toMatchObject({
      alg: 'EdDSA',
    });
  });
});

describe('deleting', () => {
  test('everything of it ends at once, on every process; gone is 404', async () => {
    const other = elsewhere(await startSignet({ beside: signet }));
    try {
      const issued = await issueEverything(signet);
      const path = `/clients/${webClient.client_id}`;
      expect((await ask('DELETE', path, undefined, { 'if-match': '"stale"' })).status).toBe(412);
      expect((await ask('DELETE', path, undefined, whatever)).status).toBe(204);
      for (const at of [signet, other])
        expect(await working(at, issued)).toMatchObject({
          'access token of an offline grant': false,
          'refresh token of an offline grant': false,
          'authorization code': false,
        });
      expect((await ask('GET', path)).status).toBe(404);
      expect((await ask('DELETE', path, undefined, whatever)).status).toBe(404);
    } finally {
      await other.stop();
    }
  });

  test('the one that is built in: 409', async () => {
    expect((await ask('DELETE', '/clients/first-party', undefined, whatever, owner)).status).toBe(409);
  });
});

test('what is recorded of a change: how it was and is, without secrets', async () => {
  const { body } = await register({ ...machine, client_name: 'Before' });
  await ask('PATCH', `/clients/${body.client_id}`, { client_name: 'After', access_token_lifetime: 60 }, whatever);
  await ask('POST', `/clients/${body.client_id}/secrets`, {});
  const rows = await query(
    signet.database.url,
    `SELECT type, actor_id, data FROM audit_events WHERE client_id = $1 ORDER BY type`,
    [body.client_id],
  );
  expect(rows.map(({ type, actor_id: actor }) => [type, actor])).toEqual([
    ['client.created', 'program-administrator'],
    ['client.secret_added', 'program-administrator'],
    ['client.updated', 'program-administrator'],
  ]);
  expect(rows[2]!['data']).toEqual({
    disabled: false,
    secret_changed: false,
    before: { client_name: 'Before' },
    after: { client_name: 'After', access_token_lifetime: 60 },
  });
  expect(JSON.stringify(rows)).not.toMatch(/mac|secret":"/);
});

test('secrets: one more is shown once and works beside the other, until it is revoked; a third is 409', async () => {
  const { body } = await register();
  const path = `/clients/${body.client_id}/secrets`;
  const expires_at = new Date(signet.clock.now + 86_400_000).toISOString();
  const added = await ask('POST', path, { expires_at });
  expect(added.status, added.text).toBe(201);
  expect(added.body).toMatchObject({ id: expect.any(String), expires_at, expired: false });
  for (const secret of [body.client_secret, added.body.client_secret])
    expect((await credentials(body.client_id, secret)).status).toBe(200);
  expect((await ask('POST', path, {})).status).toBe(409);
  const listed = await ask('GET', path);
  expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual(['registered', added.body.id]);
  expect(listed.text).not.toContain(added.body.client_secret);
  expect((await ask('DELETE', `${path}/registered`)).status).toBe(204);
  expect((await credentials(body.client_id, body.client_secret)).status).toBe(401);
  expect((await credentials(body.client_id, added.body.client_secret)).status).toBe(200);
  expect((await ask('DELETE', `${path}/nothing`)).status).toBe(404);
  for (const wrong of [{ expires_at: 'soon' }, { expires_at: '2020-01-01T00:00:00Z' }, { name: 'x' }])
    expect((await ask('POST', path, wrong)).status).toBe(422);
});

describe('reach', () => {
  /** What may be got at through a client: by itself, by people whose tokens come to it, by being the tenant's own. */
  const strong: [string, object][] = [
    ['that has a role', { ...machine, admin_roles: ['owner'] }],
    ['that is given such tokens', { redirect_uris: ['https://x.example/cb'], scope: 'openid admin:settings:write' }],
    ['that is the tenant’s own', { redirect_uris: ['https://x.example/cb'], first_party: true }],
  ];

  test.each(strong)(
    'a client %s: an administrator can neither make nor change it, nor take its secret',
    async (_what, metadata) => {
      expect((await ask('POST', '/clients', metadata)).status).toBe(403);
      const { body } = await register(metadata, owner);
      const path = `/clients/${body.client_id}`;
      const plain = await register({ ...machine, redirect_uris: ['https://x.example/cb'] });
      const into = Object.fromEntries(
        Object.entries(metadata).filter(([name]) => ['admin_roles', 'scope', 'first_party'].includes(name)),
      );
      const answers = [
        await ask('PATCH', `/clients/${plain.body.client_id}`, into, whatever),
        await ask('PATCH', path, { redirect_uris: ['https://evil.example/cb'] }, whatever),
        await ask(
          'PATCH',
          path,
          { jwks_uri: 'https://evil.example/jwks', token_endpoint_auth_method: 'private_key_jwt' },
          whatever,
        ),
        await ask('PATCH', path, { serves: ['https://orders.example'] }, whatever),
        await ask('PATCH', path, { admin_roles: [], scope: 'openid', first_party: false }, whatever),
        await ask('PATCH', path, { disabled: true }, whatever),
        await ask('POST', `${path}/secrets`, {}),
        await ask('DELETE', `${path}/secrets/registered`),
        await ask('DELETE', path, undefined, whatever),
      ];
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));
      expect((await ask('GET', path)).body.disabled).toBe(false);
      expect((await ask('PATCH', path, { client_name: 'By the owner' }, whatever, owner)).status).toBe(200);
      expect((await ask('POST', `${path}/secrets`, {}, {}, owner)).status).toBe(201);
      expect((await ask('DELETE', path, undefined, whatever, owner)).status).toBe(204);
    },
  );

  test('who cannot be found in another tenant cannot be changed there', async () => {
    await signet.provision({ tenant: 'elsewhere', clients: [{ ...webClient, client_id: 'foreign' }] });
    expect((await ask('GET', '/clients/foreign', undefined, {}, owner)).status).toBe(404);
    expect((await ask('PATCH', '/clients/foreign', { client_name: 'x' }, whatever, owner)).status).toBe(404);
    expect((await ask('DELETE', '/clients/foreign', undefined, whatever, owner)).status).toBe(404);
    const rows = await query(
      signet.database.url,
      `SELECT metadata->>'client_name' AS name FROM clients WHERE id = 'foreign'`,
    );
    expect(rows).toHaveLength(1);
  });
});
