// Backups: what stands in them, what is put back of them, and what is refused with nothing changed.
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copiedTables } from '../../src/storage/backup.ts';
import { backupOf, changed, contentsOf, isUntouched, openFor, restoreInto } from '../support/backups.ts';
import { assertionOf, assertionType, postForm } from '../support/assertions.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import {
  authorizationRequest,
  basic,
  authorizeInteractively,
  bob,
  codeFlow,
  ownClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { createAgent } from '../support/agent.ts';
import { backup } from '../../src/flows/restore/backup.ts';

let signet: TestSignet;
let whole: Buffer;
const databases: TestDatabase[] = [];

async function emptyTarget(): Promise<{ config: TestSignet['config']; clock: TestSignet['clock']; url: string }> {
  const database = await createDatabase('template1');
  databases.push(database);
  return { config: { ...signet.config, databaseUrl: database.url }, clock: signet.clock, url: database.url };
}

beforeAll(async () => {
  const resources = [
    { identifier: 'https://api.example', scopes: [{ name: 'orders:read', description: 'See orders' }] },
  ];
  signet = await startSignet({ provision: { ...world, resources } });
  await signet.provision({ ...world, tenant: 'acme' });
  const agent = createAgent();
  const { tokens } = await codeFlow(signet, webClient, { agent, change: { scope: 'openid offline_access' } });
  await fetch(`${signet.issuer}/oauth/revoke`, {
    method: 'POST',
    headers: { authorization: basic(webClient.client_id, webClient.client_secret) },
    body: new URLSearchParams({ token: tokens.access_token }),
  });
  await codeFlow({ issuer: `${signet.issuer}/t/acme` }, ownClient);
  await authorizeInteractively(agent, authorizationRequest(signet, ownClient));
  const stranger = createAgent();
  await submitPassword(stranger, await stranger.get(`${signet.issuer}/sign-in`), { ...bob, password: 'not this one' });
  const signed = { client_id: 'signed', token_endpoint_auth_method: 'client_secret_jwt' as const };
  await signet.provision({ clients: [{ ...webClient, ...signed }] });
  await postForm(`${signet.issuer}/oauth/introspect`, {
    token: tokens.access_token,
    client_assertion: await assertionOf(signet, 'signed', { secret: webClient.client_secret }),
    client_assertion_type: assertionType,
  });
  // What JavaScript would round, cut or misread.
  await query(
    signet.database.url,
    `UPDATE users SET created_at = '2001-02-03 04:05:06.789012+00', groups = ARRAY['a "b"', 'NULL', '', E'c\\n\\\\d', '{}'],
       claims = '{"exact": 12345678901234567890.123456789012345678901, "zero": 1.10, "text": "\\u2028 \\ud83d\\ude80"}'
     WHERE username = 'alice'`,
  );
  whole = await backupOf(signet);
});
afterAll(async () => {
  await signet.stop();
  for (const database of databases) await database.drop();
});

test('every table is named, and stands behind those that it refers to', async () => {
  const references = await query<{ child: string; parent: string }>(
    signet.database.url,
    `SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
     WHERE contype = 'f' AND conparentid = 0`,
  );
  expect(references.length).toBeGreaterThan(10);
  for (const { child, parent } of references.filter(({ child }) => copiedTables.includes(child)))
    expect(copiedTables.indexOf(parent), `${child} refers to ${parent}`).toBeLessThan(copiedTables.indexOf(child));
});

test('with everything issued kept, every row of every table is the same to the last digit', async () => {
  const place = await emptyTarget();
  const { rows, tenants } = await restoreInto(place, whole, { keepIssued: true });
  const [before, after] = [await contentsOf(signet.database.url), await contentsOf(place.url)];
  for (const table of ['changes', 'leases', 'deployment', 'rotation_keys', 'upkeep_rounds']) {
    expect(after[table], table).toEqual([]);
    delete before[table];
    delete after[table];
  }
  expect(tenants).toBe(2);
  const restored = after['audit_events']!.filter((row) => row.includes('deployment.restored'));
  expect(restored).toHaveLength(2);
  after['audit_events'] = after['audit_events']!.filter((row) => !restored.includes(row));
  expect(after).toEqual(before);
  expect(before['users']!.join()).toContain('12345678901234567890.123456789012345678901');
  for (const table of copiedTables) expect(before[table], table).not.toEqual([]);
  expect(rows).toBe(
    Object.entries(before).reduce((sum, [name, all]) => sum + (copiedTables.includes(name) ? all.length : 0), 0),
  );
});

test('what is written while a backup is made is not in it, and the backup is whole', async () => {
  await using opened = await openFor(signet.config, 'as it is', () => signet.clock.now);
  const pieces: Buffer[] = [];
  for await (const piece of backup(opened.deps, opened.patient, { signet: '0.0.0', issuer: signet.issuer })) {
    pieces.push(piece);
    if (pieces.length === 2)
      await signet.provision({ users: [{ username: 'late', password: 'a late arrival, too late' }] });
  }
  const text = Buffer.concat(pieces).toString();
  expect(pieces.length).toBeGreaterThan(5);
  expect([text.includes('"alice"'), text.includes('"late"')]).toEqual([true, false]);
  expect((await restoreInto(await emptyTarget(), gzipSync(text))).tenants).toBe(2);
});

test('no secret stands in it in clear: neither SECRET_KEY nor a password, a client secret or a private key', () => {
  const text = gunzipSync(whole).toString();
  const key = Buffer.from(signet.config.secretKeys![0]!);
  for (const secret of [
    key.toString('base64'),
    key.toString('hex'),
    key.toString('base64url'),
    webClient.client_secret,
    world.users[0]!.password,
    '"d":',
  ])
    expect(text).not.toContain(secret);
});

describe('refused, and the database is as empty as before', () => {
  const line = (pattern: RegExp, replace: (found: string) => string[]) => (lines: string[]) => {
    const index = lines.findIndex((text) => pattern.test(text));
    expect(index).toBeGreaterThanOrEqual(0);
    return lines.toSpliced(index, 1, ...replace(lines[index]!));
  };
  const alice = /"username":"alice"/;
  const cases: [string, RegExp, () => Buffer][] = [
    ['cut off in the middle', /ends too early/, () => whole.subarray(0, whole.length / 2)],
    ['cut off before its last byte', /ends too early/, () => whole.subarray(0, -1)],
    ['without its end', /ends too early/, () => changed(whole, (lines) => lines.slice(0, -1))],
    ['without its last row', /damaged/, () => changed(whole, (lines) => lines.toSpliced(-2, 1))],
    ['with one bit flipped', /damaged|ends too early/, () => flipped(whole)],
    [
      'with a row changed',
      /damaged/,
      () =>
        changed(
          whole,
          line(alice, (row) => [row.replace('alice', 'mallory')]),
        ),
    ],
    [
      'with a row changed and the hash made to fit',
      /damaged/,
      () =>
        changed(
          whole,
          line(alice, (row) => [row.replace('"roles":[]', '"roles":["admin"]')]),
          { rehashed: true },
        ),
    ],
    [
      'with two rows on one line',
      /damaged/,
      () =>
        changed(
          whole,
          line(alice, (row) => [`${row},${row}`]),
        ),
    ],
    [
      'with a row that is no JSON',
      /damaged/,
      () =>
        changed(
          whole,
          line(alice, () => ['nonsense']),
        ),
    ],
    [
      'with a table that is not there',
      /damaged/,
      () =>
        changed(
          whole,
          line(/^\{"table":"users"/, (mark) => [mark.replace('users', 'pg_authid')]),
        ),
    ],
    [
      'with a table that no backup fills',
      /damaged/,
      () =>
        changed(
          whole,
          line(/^\{"table":"users"/, () => ['{"table":"leases","columns":["name","holder","expires_at"],"rows":0}']),
        ),
    ],
    [
      'with a column too many',
      /damaged/,
      () =>
        changed(
          whole,
          line(/^\{"table":"users"/, (mark) => [mark.replace('["', '["x","')]),
        ),
    ],
    [
      'with a table twice',
      /damaged/,
      () =>
        changed(
          whole,
          line(/^\{"table":"limits"/, (mark) => [mark.replace(/"rows":\d+/, '"rows":0'), mark]),
        ),
    ],
    ['with something behind its end', /damaged/, () => changed(whole, (lines) => [...lines, '{}'])],
    [
      'with half a line behind its end',
      /damaged/,
      () => gzipSync(Buffer.concat([gunzipSync(whole), Buffer.from('{')])),
    ],
    [
      'of another issuer',
      /PUBLIC_URL/,
      () =>
        changed(
          whole,
          line(/^\{"format"/, (head) => [head.replace(signet.issuer, 'https://other.example')]),
        ),
    ],
    [
      'of a format that is newer',
      /newer version of Signet/,
      () =>
        changed(
          whole,
          line(/^\{"format"/, (head) => [head.replace('"format_version":1', '"format_version":2')]),
        ),
    ],
    [
      'with a migration that is not known',
      /does not know its migration 9999_later/,
      () =>
        changed(
          whole,
          line(/^\{"format"/, (head) => [
            head.replace(/("migrations":\[.*?)\]/, '$1,{"name":"9999_later","checksum":"x"}]'),
          ]),
        ),
    ],
    [
      'with a migration that is another one',
      /migration 0001_foundation is another one/,
      () =>
        changed(
          whole,
          line(/^\{"format"/, (head) => [head.replace(/"checksum":"./, '"checksum":"_')]),
        ),
    ],
    ['that is another file altogether', /no backup/, () => gzipSync('hello\n')],
    ['that is not compressed', /damaged/, () => gunzipSync(whole)],
    ['that is empty', /ends too early|no backup/, () => Buffer.alloc(0)],
  ];
  let place: Awaited<ReturnType<typeof emptyTarget>>;
  beforeAll(async () => {
    place = await emptyTarget();
  });
  test.each(cases)('a backup %s', async (_, words, make) => {
    await expect(restoreInto(place, make())).rejects.toThrow(words);
    expect(await isUntouched(place.url)).toBe(true);
  });

  test('a backup made with another SECRET_KEY', async () => {
    const other = { ...place, config: { ...place.config, secretKeys: [randomBytes(32)] } };
    await expect(restoreInto(other, whole)).rejects.toThrow(/another SECRET_KEY/);
    const replaced = {
      ...place,
      config: { ...place.config, secretKeys: [randomBytes(32), ...signet.config.secretKeys!] },
    };
    expect(await isUntouched(place.url)).toBe(true);
    expect((await restoreInto(replaced, whole)).tenants).toBe(2);
  });

  test('a database that is not empty: stays as it was', async () => {
    const before = await contentsOf(signet.database.url);
    await expect(restoreInto(signet, whole)).rejects.toThrow(/not empty/);
    expect(await contentsOf(signet.database.url)).toEqual(before);
    const foreign = await emptyTarget();
    await query(foreign.url, 'CREATE TABLE somebody_elses (x integer)');
    await expect(restoreInto(foreign, whole)).rejects.toThrow(/not empty/);
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[Math.floor(copy.length / 2)]! ^= 1;
  return copy;
}
