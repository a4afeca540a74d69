// /admin/api/audit-events: found by person, client, type and time, page by page; exported as lines of JSON and as CSV.
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { type AdminAnswer, administer, programs, programToken } from '../support/admin.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { alice, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

type Written = {
  readonly id: string;
  readonly at: number;
  readonly type?: string;
  readonly actor?: { readonly kind: string; readonly id?: string };
  readonly user_id?: string;
  readonly client_id?: string;
  readonly data?: object;
};
type Shown = { readonly id: string; readonly at: string; readonly type: string };
type At = { readonly issuer: string; readonly tenantId: string; readonly token: string };

let signet: TestSignet;
let pagesRead = 0;
/** The page at which the database fails. */
let failingPage = Infinity;
const logged: string[] = [];
/** A day ago, so that what is written now is always newer. */
let start: number;
beforeAll(async () => {
  signet = await startSignet({
    provision: world,
    log: pino({ level: 'error' }, { write: (line) => logged.push(line) }),
    observe: ({ text }) => {
      if (!/FROM audit_events\s+WHERE/.test(text)) return;
      pagesRead += 1;
      if (pagesRead === failingPage) throw new Error('the disk is gone');
    },
  });
  await signet.provision({ clients: programs });
  start = signet.clock.now - 24 * 3600 * 1000;
});
afterAll(() => signet.stop());

/** A tenant of its own, with the token of its auditor. Nothing has happened in it before today. */
async function tenantNamed(slug: string): Promise<At> {
  await signet.provision({ tenant: slug, clients: programs });
  const [row] = await query<{ id: string }>(signet.database.url, 'SELECT id FROM tenants WHERE slug = $1', [slug]);
  const issuer = `${signet.issuer}/t/${slug}`;
  return { issuer, tenantId: row!.id, token: await programToken({ issuer }, 'auditor') };
}

async function write({ tenantId }: At, events: readonly Written[]): Promise<void> {
  const rows = events.map(({ at, actor = { kind: 'server' }, ...rest }) => ({
    type: 'user.updated',
    data: {},
    ...rest,
    tenant_id: tenantId,
    at: new Date(at).toISOString(),
    actor_kind: actor.kind,
    actor_id: actor.id ?? null,
  }));
  await query(
    signet.database.url,
    'INSERT INTO audit_events SELECT * FROM jsonb_populate_recordset(NULL::audit_events, $1::jsonb)',
    [JSON.stringify(rows)],
  );
}

/** An id that ends in this number. */
const numbered = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const ask = (at: At, params: Readonly<Record<string, string>> = {}, path = '') =>
  administer(at, at.token, 'GET', `/audit-events${path}?${new URLSearchParams(params).toString()}`);

/** Every page of this size; `between` runs before each page but the first. */
async function walk(at: At, params: Record<string, string>, limit: number, between = async () => {}): Promise<Shown[]> {
  const found: Shown[] = [];
  for (let cursor: string | undefined; ;) {
    const { status, body, text } = await ask(at, { ...params, limit: String(limit), ...(cursor && { cursor }) });
    expect(status, text).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    found.push(...body.items);
    cursor = body.next_cursor;
    if (cursor === undefined) return found;
    await between();
  }
}

/** The file as it comes. */
async function download(at: At, params: Readonly<Record<string, string>>): Promise<{ headers: Headers; text: string }> {
  const url = `${adminApiOf(at.issuer)}/audit-events/export?${new URLSearchParams(params).toString()}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${at.token}` } });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return { headers: response.headers, text };
}

/** RFC 4180, read back. */
function parsedCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  expect(rows.pop()).toEqual([]);
  return rows;
}

const numbersOf = (events: readonly { id: string }[]) => events.map(({ id }) => Number(id.slice(-12)));

describe('finding', () => {
  const people = { ann: numbered(901), ben: numbered(902) };
  const events = (): Written[] => [
    { id: numbered(1), at: start, user_id: people.ann, client_id: 'web' },
    { id: numbered(2), at: start, user_id: people.ann, type: 'user.disabled' },
    { id: numbered(3), at: start + 1, user_id: people.ben, client_id: 'web', type: 'user.disabled' },
    { id: numbered(4), at: start + 1000, client_id: 'spa', type: 'client.updated' },
    { id: numbered(5), at: start + 2000, user_id: people.ann, client_id: 'web', type: 'user.disabled' },
    { id: numbered(6), at: start + 2000, user_id: people.ann, client_id: 'spa' },
    { id: numbered(7), at: start + 3000, type: 'key.created' },
  ];
  const time = (offset: number) => new Date(start + offset).toISOString();
  let at: At;
  let beside: At;
  beforeAll(async () => {
    at = await tenantNamed('found');
    beside = await tenantNamed('beside');
    await write(at, events());
    // The same people and clients in another tenant, and the same moments.
    await write(
      beside,
      events().map((event, i) => ({ ...event, id: numbered(101 + i) })),
    );
  });

  test.each<[string, Record<string, string>, number[]]>([
    ['nothing but the time', {}, [7, 6, 5, 4, 3, 2, 1]],
    ['a person', { user_id: people.ann }, [6, 5, 2, 1]],
    ['a person in capitals', { user_id: people.ann.toUpperCase() }, [6, 5, 2, 1]],
    ['a client', { client_id: 'web' }, [5, 3, 1]],
    ['a type', { type: 'user.disabled' }, [5, 3, 2]],
    ['a person and a client', { user_id: people.ann, client_id: 'web' }, [5, 1]],
    ['a person and a type', { user_id: people.ann, type: 'user.disabled' }, [5, 2]],
    ['a client and a type', { client_id: 'web', type: 'user.disabled' }, [5, 3]],
    ['all three', { user_id: people.ann, client_id: 'web', type: 'user.disabled' }, [5]],
    ['nobody', { user_id: numbered(903) }, []],
    ['a client that is unknown', { client_id: "' OR true --" }, []],
  ])('%s', async (_what, params, numbers) => {
    const until = { to: time(3001) };
    for (const limit of [1, 2, 200]) {
      expect(numbersOf(await walk(at, { ...until, ...params }, limit))).toEqual(numbers);
      expect(numbersOf(await walk(beside, { ...until, ...params }, limit))).toEqual(numbers.map((n) => n + 100));
    }
    const { text } = await download(at, { ...until, ...params });
    const lines = text.split('\n').slice(0, -1);
    expect(numbersOf(lines.map((line) => JSON.parse(line)))).toEqual(numbers);
  });

  test('a time: from it on, and until right before it; in any zone, and finer than events are', async () => {
    const between = async (from: string, to: string) => numbersOf(await walk(at, { from, to }, 2));
    expect(await between(time(0), time(2000))).toEqual([4, 3, 2, 1]);
    expect(await between(time(1), time(2001))).toEqual([6, 5, 4, 3]);
    expect(await between(time(1000), time(1000))).toEqual([]);
    expect(await between(time(0).replace('Z', '0001Z'), time(1).replace('Z', '0001Z'))).toEqual([3]);
    const inZone = new Date(start + 2 * 3600 * 1000 + 2000).toISOString().replace('Z', '+02:00');
    expect(await between(inZone, time(3000).toLowerCase())).toEqual([6, 5]);
    const person = { user_id: people.ann, from: time(1), to: time(2001) };
    expect(numbersOf(await walk(at, person, 1))).toEqual([6, 5]);
  });

  test('times at which no event can be find none, or do not matter', async () => {
    const all = await walk(at, {}, 200);
    expect(await walk(at, { from: '0000-01-01T00:00:00Z', to: '9999-12-31T23:59:59-23:00' }, 200)).toEqual(all);
    expect(await walk(at, { to: '0000-01-01T00:00:00Z' }, 200)).toEqual([]);
    expect(await walk(at, { from: '9999-12-31T23:59:59.999-23:00' }, 200)).toEqual([]);
  });

  test('a cursor leads nowhere that its filters do not', async () => {
    const { body } = await ask(at, { limit: '1' });
    expect(numbersOf(await walk(at, { to: time(1) }, 1))).toEqual([2, 1]);
    const later = await ask(at, { cursor: body.next_cursor, to: time(1) });
    expect(numbersOf(later.body.items)).toEqual([2, 1]);
    const elsewhere = await ask(beside, { cursor: body.next_cursor, to: time(3001) });
    expect(numbersOf(elsewhere.body.items)).toEqual([107, 106, 105, 104, 103, 102, 101]);
  });

  test.each([
    ['user_id=ann', '/user_id'],
    ['client_id=caf%C3%A9', '/client_id'],
    ['type=user.exploded', '/type'],
    ['from=yesterday', '/from'],
    ['from=2026-02-30T00:00:00Z', '/from'],
    ['from=2026-01-01T00:00:00', '/from'],
    ['from=2026-01-01T00:00:00+02:00', '/from'],
    ['from=2016-12-31T23:59:60Z', '/from'],
    ['to=2026-01-01', '/to'],
    ['to=2026-01-01T00:00:00Z[Europe/Berlin]', '/to'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', '/to'],
    ['colour=red', '/colour'],
    ['type=user.created&type=user.updated', '/type'],
  ])('?%s: refused, and says where, also for an export', async (params, pointer) => {
    for (const path of ['', '/export']) {
      const refused = await administer(at, at.token, 'GET', `/audit-events${path}?${params}`);
      expect([refused.status, refused.body.errors?.[0].pointer], path).toEqual([422, pointer]);
    }
  });

  test('several mistakes in one answer', async () => {
    const { body } = await ask(at, { user_id: 'x', type: 'y', from: 'z' });
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      '/from',
      '/type',
      '/user_id',
    ]);
  });

  test.each([
    ['cursor', 'nonsense'],
    ['cursor', Buffer.from(JSON.stringify(['x', numbered(1)])).toString('base64url')],
    ['cursor', Buffer.from(JSON.stringify(['1', 'x'])).toString('base64url')],
    ['cursor', Buffer.from(JSON.stringify([1, numbered(1)])).toString('base64url')],
    ['limit', '0'],
    ['limit', '201'],
  ])('%s=%s: refused', async (name, value) => {
    const refused = await ask(at, { [name]: value });
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, `/${name}`]);
  });

  test.each([
    ['format', 'xml'],
    ['limit', '10'],
    ['cursor', 'x'],
  ])('an export with %s=%s: refused', async (name, value) => {
    const refused = await ask(at, { [name]: value }, '/export');
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, `/${name}`]);
  });
});

test('one by one, each event once and in order, while others are written', async () => {
  const at = await tenantNamed('busy');
  const owner = await programToken(at, 'owner');
  await write(
    at,
    Array.from({ length: 12 }, (_, i) => ({ id: numbered(i), at: start + Math.floor(i / 4) })),
  );
  const before = await walk(at, {}, 200);
  const inOrder = before.toSorted((a, b) => (`${a.at} ${a.id}` < `${b.at} ${b.id}` ? 1 : -1));
  expect(before).toEqual(inOrder);
  let round = 0;
  const during = await walk(at, {}, 1, async () => {
    round += 1;
    signet.clock.advance(1);
    const made = await administer(at, owner, 'POST', '/users', { username: `person-${round}` });
    expect(made.status, made.text).toBe(201);
  });
  expect(during).toEqual(before);
  const after = await walk(at, {}, 3);
  expect(after.slice(-before.length)).toEqual(before);
  expect(after.filter(({ type }) => type === 'user.created')).toHaveLength(round);
});

describe('what is shown', () => {
  test('who did it, to whom, in which request, from where', async () => {
    const token = await programToken(signet, 'owner');
    const at: At = { issuer: signet.issuer, tenantId: '', token };
    const { body: made } = await administer(signet, token, 'POST', '/users', { username: 'shown' });
    const { body } = await ask(at, { user_id: made.id });
    expect(body).toEqual({
      items: [
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          at: new Date(signet.clock.now).toISOString(),
          type: 'user.created',
          actor: { kind: 'client', id: 'program-owner' },
          user_id: made.id,
          request_id: expect.any(String),
          ip: '127.0.0.1',
          data: expect.any(Object),
        },
      ],
    });
  });

  test('people, programs, operators, the server and visitors', async () => {
    const token = await programToken(signet, 'owner');
    const at: At = { issuer: signet.issuer, tenantId: '', token };
    await logIn(signet, alice);
    await logIn(signet, { ...alice, password: 'not the password of alice' });
    const found = (await walk(at, {}, 200)) as (Shown & { actor: { kind: string; id?: string }; user_id?: string })[];
    const signedIn = found.find(({ type }) => type === 'user.signed_in')!;
    expect(signedIn.actor).toEqual({ kind: 'user', id: signedIn.user_id });
    expect(found.find(({ type }) => type === 'user.sign_in_failed')!.actor).toEqual({ kind: 'visitor' });
    expect(found.map(({ actor }) => actor)).toContainEqual({ kind: 'client', id: 'program-owner' });
    const quiet = await tenantNamed('actors');
    await write(quiet, [
      { id: numbered(1), at: start, actor: { kind: 'operator' } },
      { id: numbered(2), at: start, actor: { kind: 'server' } },
    ]);
    const { body } = await ask(quiet, { to: new Date(start + 1).toISOString() });
    expect(body.items.map(({ actor }: { actor: object }) => actor)).toEqual([{ kind: 'server' }, { kind: 'operator' }]);
  });
});

describe('who may', () => {
  const asRole = async (role: string, path: string): Promise<AdminAnswer> =>
    administer(signet, await programToken(signet, role), 'GET', path);

  test('an auditor and an administrator', async () => {
    for (const role of ['auditor', 'administrator']) {
      expect((await asRole(role, '/audit-events')).status).toBe(200);
      expect((await asRole(role, '/audit-events?type=tenant.created')).status).toBe(200);
    }
  });

  test('not a user manager, nor for an export', async () => {
    for (const path of ['/audit-events', '/audit-events/export']) {
      const refused = await asRole('user_manager', path);
      expect([refused.status, refused.body.code]).toEqual([403, 'insufficient_scope']);
    }
  });

  test('there is nothing else to do with them', async () => {
    const refused = await administer(signet, await programToken(signet, 'owner'), 'DELETE', '/audit-events');
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET']);
  });
});

describe('exporting', () => {
  const until = () => ({ to: new Date(start + 24 * 3600 * 1000 - 1).toISOString() });

  test('lines of JSON: as events are shown, with the type of the file and a name', async () => {
    const at = await tenantNamed('lines');
    const data = { note: 'says "no",\nand goes', roles: ['a', 'b'] };
    await write(at, [
      { id: numbered(1), at: start, client_id: 'web', actor: { kind: 'client', id: 'web' }, data },
      { id: numbered(2), at: start },
    ]);
    const { headers, text } = await download(at, until());
    expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="audit-events.jsonl"');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line))).toEqual((await ask(at, until())).body.items);
    expect((await download(at, { ...until(), format: 'jsonl' })).text).toBe(text);
  });

  test('CSV: a header, quotes, commas, lines; and no formula', async () => {
    const at = await tenantNamed('cells');
    const ids = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      'a,b',
      'says "no"',
      'two\nlines',
      "'=1",
      'a=b',
      '=",\r\n"',
    ];
    await write(
      at,
      ids.map((id, i) => ({
        id: numbered(i),
        at: start,
        client_id: id,
        actor: { kind: 'client', id },
        data: { username: '=HYPERLINK("https://evil.example")', lines: 'a\r\nb' },
      })),
    );
    const { headers, text } = await download(at, { ...until(), format: 'csv' });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="audit-events.csv"');
    const [header, ...rows] = parsedCsv(text);
    expect(header!.join()).toBe(
      'id,at,type,actor_kind,actor_id,user_id,client_id,session_id,grant_id,request_id,ip,data',
    );
    expect(rows.map(([, , , , , , clientId]) => clientId)).toEqual(
      ids.map((id) => (/^[=+\-@\t\r]/.test(id) ? `'${id}` : id)).toReversed(),
    );
    expect(rows.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    const last = rows.at(-1)!;
    expect(last.slice(0, 5)).toEqual([numbered(0), new Date(start).toISOString(), 'user.updated', 'client', "'=1+1"]);
    expect(JSON.parse(last[11]!)).toEqual({ username: '=HYPERLINK("https://evil.example")', lines: 'a\r\nb' });
  });

  test('of nothing: no line, and a header alone', async () => {
    const at = await tenantNamed('empty');
    expect((await download(at, until())).text).toBe('');
    expect(parsedCsv((await download(at, { ...until(), format: 'csv' })).text)).toHaveLength(1);
  });

  test.each([499, 500, 501, 1000, 1700])('%i events: each once, in order', async (count) => {
    const at = await tenantNamed(`many-${count}`);
    await write(
      at,
      Array.from({ length: count }, (_, i) => ({ id: numbered(i), at: start + Math.floor(i / 7) })),
    );
    const expected = Array.from({ length: count }, (_, i) => count - 1 - i);
    const { text } = await download(at, until());
    expect(
      numbersOf(
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      ),
    ).toEqual(expected);
    const rows = parsedCsv((await download(at, { ...until(), format: 'csv' })).text).slice(1);
    expect(numbersOf(rows.map(([id]) => ({ id: id! })))).toEqual(expected);
  });

  test('that fails: at once, a problem; later, a connection that ends before the file does, and the reason in the log', async () => {
    const at = await tenantNamed('failing');
    await write(
      at,
      Array.from({ length: 1200 }, (_, i) => ({ id: numbered(i), at: start })),
    );
    try {
      for (const [page, fails] of [
        [1, { status: 500, disposition: null }],
        [3, { status: 200, disposition: 'attachment; filename="audit-events.jsonl"' }],
      ] as const) {
        [pagesRead, failingPage, logged.length] = [0, page, 0];
        const headers = { authorization: `Bearer ${at.token}` };
        const response = await fetch(`${adminApiOf(at.issuer)}/audit-events/export`, { headers });
        expect({ status: response.status, disposition: response.headers.get('content-disposition') }).toEqual(fails);
        if (page === 1) expect(await response.json()).toMatchObject({ code: 'server_error' });
        else await expect(response.text()).rejects.toThrow('terminated');
        await expect.poll(() => logged.join('')).toContain('the disk is gone');
        expect(logged).toHaveLength(1);
      }
    } finally {
      failingPage = Infinity;
    }
  });

  test('is read no faster than it is taken, and no further once nobody takes it', async () => {
    const at = await tenantNamed('large');
    const pages = 100;
    // 100 MB: more than every buffer between here and there.
    await query(
      signet.database.url,
      `INSERT INTO audit_events (tenant_id, id, at, type, actor_kind, data)
        SELECT $1, gen_random_uuid(), $2::timestamptz, 'user.updated', 'server', jsonb_build_object('x', repeat('x', 2000))
        FROM generate_series(1, $3)`,
      [at.tenantId, new Date(start).toISOString(), pages * 500],
    );
    pagesRead = 0;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const url = `${adminApiOf(at.issuer)}/audit-events/export`;
      get(url, { headers: { authorization: `Bearer ${at.token}` } }, resolve).on('error', reject);
    });
    expect(answer.statusCode).toBe(200);
    let seen: number;
    do {
      seen = pagesRead;
      await sleep(500);
    } while (seen !== pagesRead);
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(pages / 2);
    answer.destroy();
    await sleep(500);
    expect(pagesRead).toBeLessThanOrEqual(seen + 1);
  });
});
