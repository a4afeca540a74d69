// /admin/api/users: made, found, changed as they were read, disabled, deleted; and whom nobody reaches.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AdminAnswer,
  adminConsole,
  administer,
  administratorNamed,
  elsewhere,
  programs,
  programToken,
  whatever,
} from '../support/admin.ts';
import { query } from '../support/database.ts';
import { issueEverything, type Issued, working } from '../support/issued.ts';
import { alice, world } from '../support/flow.ts';
import { logIn } from '../support/first-party.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let owner: string;
let manager: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
  [owner, manager] = await Promise.all([programToken(signet, 'owner'), programToken(signet, 'user_manager')]);
});
afterAll(() => signet.stop());

const asManager = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  administer(signet, manager, method, path, body, headers);
const make = async (entry: object, token = owner): Promise<AdminAnswer> => {
  const made = await administer(signet, token, 'POST', '/users', entry);
  expect(made.status, made.text).toBe(201);
  return made;
};

describe('making', () => {
  test('201 with where it is, its ETag, and what was made; readable at once, also at another process', async () => {
    const made = await asManager('POST', '/users', {
      username: 'grace',
      email: 'grace@example.com',
      name: 'Grace Hopper',
    });
    expect(made.status, made.text).toBe(201);
    expect(made.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      username: 'grace',
      email: 'grace@example.com',
      email_verified: false,
      name: 'Grace Hopper',
      roles: [],
      groups: [],
      admin_roles: [],
      disabled: false,
      updated_at: new Date(signet.clock.now).toISOString(),
    });
    expect(made.headers.get('location')).toBe(`${signet.issuer}/admin/api/users/${made.body.id}`);
    const other = elsewhere(await startSignet({ beside: signet }));
    try {
      const read = await administer(other, manager, 'GET', `/users/${made.body.id}`);
      expect([read.status, read.etag, read.text]).toEqual([200, made.etag, made.text]);
    } finally {
      await other.stop();
    }
  });

  test('a password that is given must be changed at the first sign-in', async () => {
    const person = { username: 'fresh', password: 'a bridge over the quiet river' };
    await make(person);
    expect((await logIn(signet, person)).body.code).toBe('password_change_required');
  });

  test('every mistake in one answer: shape and rules, each with where it is', async () => {
    const refused = await asManager('POST', '/users', {
      username: 'has space',
      disabled: 'yes',
      shoe_size: 40,
      custom_claims: { iss: 'x' },
      password: 'short',
    });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([
      422,
      'application/problem+json; charset=utf-8',
    ]);
    expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      '/custom_claims/iss',
      '/disabled',
      '/password',
      '/shoe_size',
      '/username',
    ]);
  });

  test('what exists: 409', async () => {
    await make({ username: 'twice', email: 'twice@example.com' });
    for (const entry of [{ username: 'TWICE' }, { username: 'thrice', email: 'Twice@example.com' }])
      expect((await asManager('POST', '/users', entry)).status).toBe(409);
  });

  test.each([
    ['no body', undefined, 400],
    ['a list', [], 422],
    ['a read-only field', { username: 'x', id: '0' }, 422],
  ])('%s: refused', async (_what, body, status) => {
    expect((await asManager('POST', '/users', body)).status).toBe(status);
  });
});

describe('listing', () => {
  test('everybody once, in a stable order, page by page; found by the beginning of username, address or name', async () => {
    await signet.provision({ tenant: 'listed', clients: programs });
    const at = { issuer: `${signet.issuer}/t/listed` };
    const token = await programToken(at, 'auditor');
    await signet.provision({
      tenant: 'listed',
      users: [
        { username: 'zoe', email: 'ann@example.com', name: 'Zoe Ann' },
        { username: 'ann', email: 'other@example.com', name: 'Ann Zoe' },
        { username: 'bob', name: 'ANNA' },
        { username: 'carl', email: 'carl@example.com' },
        { username: 'Émile' },
        { username: '100%' },
      ],
      service_accounts: [{ username: 'annual-report' }],
    });
    const names = async (search: string | undefined, limit: number) => {
      const found: string[] = [];
      for (let cursor: string | undefined; ;) {
        const params = new URLSearchParams({
          limit: String(limit),
          ...(search && { search }),
          ...(cursor && { cursor }),
        });
        const { status, body } = await administer(at, token, 'GET', `/users?${params.toString()}`);
        expect(status).toBe(200);
        expect(body.items.length).toBeLessThanOrEqual(limit);
        found.push(...body.items.map(({ username }: { username: string }) => username));
        cursor = body.next_cursor;
        if (cursor === undefined) return found;
      }
    };
    for (const limit of [1, 2, 200]) {
      expect(await names(undefined, limit)).toEqual(['100%', 'ann', 'bob', 'carl', 'zoe', 'Émile']);
      expect(await names('ann', limit)).toEqual(['ann', 'zoe', 'bob']);
      expect(await names('ANN', limit)).toEqual(['ann', 'zoe', 'bob']);
      expect(await names('carl@exa', limit)).toEqual(['carl']);
      expect(await names('é', limit)).toEqual(['Émile']);
      expect(await names('100%', limit)).toEqual(['100%']);
      expect(await names('n%', limit)).toEqual([]);
    }
  });

  test.each([
    ['limit=0', '/limit'],
    ['cursor=', '/cursor'],
    ['limit=201', '/limit'],
    ['limit=two', '/limit'],
    ['cursor=nonsense', '/cursor'],
    [
      `cursor=${Buffer.from('["username","a\\u0000","00000000-0000-0000-0000-000000000000"]').toString('base64url')}`,
      '/cursor',
    ],
    ['colour=red', '/colour'],
    ['limit=1&limit=2', '/limit'],
    ['__proto__[x]=1', '/__proto__[x]'],
  ])('?%s: refused, and says where', async (query, pointer) => {
    const refused = await asManager('GET', `/users?${query}`);
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, pointer]);
  });

  test('NUL in a search: 400', async () => {
    expect((await asManager('GET', '/users?search=a%00')).status).toBe(400);
  });
});

describe('changing', () => {
  test('a merge patch: what it names changes, null removes, the rest stays', async () => {
    const made = await make({
      username: 'patched',
      email: 'patched@example.com',
      email_verified: true,
      name: 'Old Name',
      nickname: 'Nick',
      custom_claims: { plan: 'gold', level: 3 },
      roles: ['editor'],
    });
    const path = `/users/${made.body.id}`;
    const patch = { name: 'New Name', nickname: null, custom_claims: { level: null, beta: true } };
    const changed = await asManager('PATCH', path, patch, { 'if-match': made.etag });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toEqual({
      id: made.body.id,
      username: 'patched',
      email: 'patched@example.com',
      email_verified: true,
      name: 'New Name',
      custom_claims: { plan: 'gold', beta: true },
      roles: ['editor'],
      groups: [],
      admin_roles: [],
      disabled: false,
      updated_at: expect.any(String),
    });
    expect(changed.etag).not.toBe(made.etag);
    const moved = await asManager(
      'PATCH',
      path,
      { email: 'new@example.com', username: 'renamed' },
      { 'if-match': changed.etag },
    );
    expect(moved.body).toMatchObject({ email: 'new@example.com', email_verified: false, username: 'renamed' });
    const typed = { 'if-match': moved.etag, 'content-type': 'application/merge-patch+json' };
    expect((await asManager('PATCH', path, { email: null }, typed)).body.email).toBeUndefined();
  });

  test('without If-Match 428, with a stale one 412 and nothing is changed; * is whatever is there', async () => {
    const made = await make({ username: 'matched' });
    const path = `/users/${made.body.id}`;
    expect((await asManager('PATCH', path, { name: 'A' })).status).toBe(428);
    expect((await asManager('DELETE', path)).status).toBe(428);
    expect((await asManager('PATCH', path, { name: 'A' }, { 'if-match': made.etag })).status).toBe(200);
    expect((await asManager('PATCH', path, { name: 'B' }, { 'if-match': made.etag })).status).toBe(412);
    expect((await asManager('DELETE', path, undefined, { 'if-match': made.etag })).status).toBe(412);
    expect((await asManager('GET', path)).body.name).toBe('A');
    expect((await asManager('PATCH', path, { name: 'C' }, whatever)).body.name).toBe('C');
  });

  test('two at once with one ETag: one gets 412, and nothing is lost', async () => {
    const made = await make({ username: 'raced' });
    const path = `/users/${made.body.id}`;
    const answers = await Promise.all(
      [{ name: 'One' }, { nickname: 'Two' }].map((patch) => asManager('PATCH', path, patch, { 'if-match': made.etag })),
    );
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 412]);
    const { name, nickname } = (await asManager('GET', path)).body;
    expect([name, nickname].filter((one) => one !== undefined)).toHaveLength(1);
  });

  test.each<[string, object, string]>([
    ['an unknown field', { shoe_size: 1 }, '/shoe_size'],
    ['an unknown field that is removed', { shoe_size: null }, '/shoe_size'],
    ['a read-only field', { id: 'x' }, '/id'],
    ['when it changed', { updated_at: 'x' }, '/updated_at'],
    ['a password', { password: 'a bridge over the quiet river' }, '/password'],
    ['another kind of value', { disabled: 'no' }, '/disabled'],
    ['no username', { username: null }, ''],
    ['a role that there is not', { admin_roles: ['boss'] }, '/admin_roles/0'],
    ['a claim with a meaning of its own', { custom_claims: { sub: 'x' } }, '/custom_claims/sub'],
  ])('%s: 422, and says where', async (_what, patch, pointer) => {
    const made = await make({ username: `refused-${Math.random()}` });
    const refused = await administer(signet, owner, 'PATCH', `/users/${made.body.id}`, patch, whatever);
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, pointer]);
  });

  test('M101 names of prototypes change nothing', async () => {
    const made = await make({ username: 'prototype' });
    const path = `/users/${made.body.id}`;
    const send = (text: string) =>
      fetch(`${signet.issuer}/admin/api${path}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${owner}`, 'content-type': 'application/json', 'if-match': '*' },
        body: text,
      });
    for (const text of [
      '{"__proto__":{"admin_roles":["owner"]}}',
      '{"constructor":{"prototype":{"admin_roles":["owner"]}}}',
      '{"custom_claims":{"__proto__":{"x":1}}}',
      '{"custom_claims":{"constructor":1}}',
    ])
      expect((await send(text)).status, text).toBe(422);
    expect((await asManager('GET', path)).text).toBe(made.text);
    expect(({} as Record<string, unknown>)['admin_roles']).toBeUndefined();
  });

  test('what is recorded: who, and which fields, with values of what says nothing of the person', async () => {
    const made = await make({ username: 'recorded' });
    await administer(
      signet,
      owner,
      'PATCH',
      `/users/${made.body.id}`,
      { name: 'Secret Name', admin_roles: ['auditor'] },
      whatever,
    );
    const [event] = await query(
      signet.database.url,
      `SELECT actor_kind, actor_id, data FROM audit_events WHERE user_id = $1 AND type = 'user.updated'`,
      [made.body.id],
    );
    expect(event).toMatchObject({
      actor_kind: 'client',
      actor_id: 'program-owner',
      data: { changed: ['admin_roles', 'name'], before: { admin_roles: [] }, after: { admin_roles: ['auditor'] } },
    });
    expect(JSON.stringify(event)).not.toContain('Secret Name');
  });
});

const worksStill = async (at: TestSignet, issued: Issued) =>
  Object.entries(await working(at, issued)).flatMap(([name, works]) =>
    works && !name.startsWith('signing key') ? [name] : [],
  );

describe('ending', () => {
  test('M75 disabling or deleting ends everything at once, on every process', async () => {
    const other = elsewhere(await startSignet({ beside: signet }));
    try {
      const { id } = (await asManager('GET', `/users?search=${alice.username}`)).body.items[0];
      const issued = await issueEverything(signet);
      expect((await asManager('PATCH', `/users/${id}`, { disabled: true }, whatever)).status).toBe(200);
      for (const at of [signet, other]) expect(await worksStill(at, issued)).toEqual([]);
      expect((await asManager('PATCH', `/users/${id}`, { disabled: false }, whatever)).status).toBe(200);
      const again = await issueEverything(signet);
      expect((await asManager('DELETE', `/users/${id}`, undefined, whatever)).status).toBe(204);
      for (const at of [signet, other]) expect(await worksStill(at, again)).toEqual([]);
      expect((await asManager('GET', `/users/${id}`)).status).toBe(404);
      expect((await asManager('DELETE', `/users/${id}`, undefined, whatever)).status).toBe(404);
      const left = await query(
        signet.database.url,
        `SELECT (SELECT count(*)::int FROM grants WHERE user_id = $1) + (SELECT count(*)::int FROM sessions WHERE user_id = $1) AS rows`,
        [id],
      );
      expect(left).toEqual([{ rows: 0 }]);
    } finally {
      await other.stop();
    }
  });

  test('the last owner who is a person stays: not disabled, demoted or deleted, at once neither', async () => {
    const first = await administratorNamed(signet, 'first-owner', ['owner']);
    const second = await administratorNamed(signet, 'second-owner', ['owner']);
    const idOf = async (name: string) => (await asManager('GET', `/users?search=${name}`)).body.items[0].id as string;
    const [one, two] = [await idOf('first-owner'), await idOf('second-owner')];
    const answers = await Promise.all([
      administer(signet, owner, 'PATCH', `/users/${one}`, { admin_roles: [] }, whatever),
      administer(signet, owner, 'DELETE', `/users/${two}`, undefined, whatever),
    ]);
    expect(answers.map(({ status }) => (status === 409 ? 'refused' : 'done')).toSorted()).toEqual(['done', 'refused']);
    const left = answers[0].status === 409 ? one : two;
    for (const change of [{ disabled: true }, { admin_roles: [] }, { admin_roles: ['administrator'] }]) {
      const refused = await administer(signet, owner, 'PATCH', `/users/${left}`, change, whatever);
      expect([refused.status, refused.body.code]).toEqual([409, 'last_administrator']);
    }
    expect((await administer(signet, owner, 'DELETE', `/users/${left}`, undefined, whatever)).status).toBe(409);
    const token = left === one ? first.token : second.token;
    expect((await administer(signet, token, 'GET', '/users?limit=1')).status).toBe(200);
  });
});

test('a hash of somebody else’s making is not taken, which could ask for any work; a role twice is one', async () => {
  const hash = `$argon2id$v=19$m=1048576,t=20,p=1$c29tZXNhbHQxMjM0NTY$${'a'.repeat(43)}`;
  expect((await asManager('POST', '/users', { username: 'x', password_hash: hash })).status).toBe(422);
  const twice = await make({ username: 'twice-a-role', admin_roles: ['auditor', 'auditor'] });
  expect(twice.body.admin_roles).toEqual(['auditor']);
});

test('enabled and made an owner while they are deleted: the deletion is refused', async () => {
  const { id } = (await make({ username: 'revived', disabled: true })).body;
  const client = new pg.Client({ connectionString: signet.database.url });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO grants (tenant_id, id, user_id, client_id, scopes, resources, offline, authenticated_at, amr, acr, created_at, last_used_at, expires_at)
       SELECT tenant_id, gen_random_uuid(), id, 'program-owner', '{}', '{}', true, now(), '{}', 'x', now(), now(), now()
       FROM users WHERE id = $1`,
      [id],
    );
    await client.query('BEGIN');
    await client.query('SELECT id FROM grants WHERE user_id = $1 FOR UPDATE', [id]);
    const deleting = asManager('DELETE', `/users/${id}`, undefined, whatever);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const revived = administer(signet, owner, 'PATCH', `/users/${id}`, { disabled: false }, whatever);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await client.query('COMMIT');
    expect((await revived).status).toBe(200);
    expect((await deleting).status).toBe(409);
    expect((await administer(signet, owner, 'GET', `/users/${id}`)).body.disabled).toBe(false);
  } finally {
    await client.end();
  }
});

describe('reach', () => {
  const rights: Record<string, number> = { auditor: 0, user_manager: 1, administrator: 2, owner: 3 };

  test('nobody grants, changes, disables or deletes what they do not hold', async () => {
    for (const actor of ['owner', 'administrator', 'user_manager'])
      for (const role of Object.keys(rights)) {
        const token = await programToken(signet, actor);
        const target = await make({ username: `${actor}-${role}`, admin_roles: [role] });
        const plain = await make({ username: `${actor}-makes-${role}` });
        // A user manager cannot read all that an auditor reads.
        const mayReach = actor === 'owner' || (actor === 'administrator' ? role !== 'owner' : role === 'user_manager');
        const path = `/users/${target.body.id}`;
        const what = `${actor} ${role}`;
        const tried = [
          await administer(signet, token, 'PATCH', `/users/${plain.body.id}`, { admin_roles: [role] }, whatever),
          await administer(signet, token, 'POST', '/users', {
            username: `${what} new`.replaceAll(' ', '-'),
            admin_roles: [role],
          }),
          await administer(signet, token, 'PATCH', path, { email: 'mine@example.com' }, whatever),
          await administer(signet, token, 'PATCH', path, { disabled: true }, whatever),
          await administer(signet, token, 'DELETE', path, undefined, whatever),
        ];
        expect(
          tried.map(({ status }) => status),
          what,
        ).toEqual(mayReach ? [200, 201, 200, 200, 204] : [403, 403, 403, 403, 403]);
        if (mayReach) await administer(signet, owner, 'PATCH', `/users/${plain.body.id}`, { email: null }, whatever);
      }
  });

  test('with one scope alone, not even a role of their own', async () => {
    const narrow = await programToken(signet, 'owner', 'admin:users:write');
    const made = await make({ username: 'narrowed' });
    const patch = (body: object) => administer(signet, narrow, 'PATCH', `/users/${made.body.id}`, body, whatever);
    expect((await patch({ name: 'Ordinary' })).status).toBe(200);
    for (const role of ['owner', 'auditor', 'user_manager'])
      expect((await patch({ admin_roles: [role] })).status).toBe(403);
  });

  test('not another tenant, and not service accounts here', async () => {
    await signet.provision({ tenant: 'elsewhere', users: [{ username: 'foreign' }] });
    await signet.provision({ service_accounts: [{ username: 'robot' }] });
    const rows = await query<{ id: string }>(
      signet.database.url,
      `SELECT id FROM users WHERE username IN ('foreign', 'robot')`,
    );
    for (const { id } of rows) {
      expect((await administer(signet, owner, 'GET', `/users/${id}`)).status).toBe(404);
      expect((await administer(signet, owner, 'PATCH', `/users/${id}`, { name: 'x' }, whatever)).status).toBe(404);
      expect((await administer(signet, owner, 'DELETE', `/users/${id}`, undefined, whatever)).status).toBe(404);
    }
    expect(rows).toHaveLength(2);
  });
});
