// Two roles of PostgreSQL: one owns the tables and migrates, the other serves, makes no table and changes no event of the audit log.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { keepAuditMonths } from '../../src/flows/upkeep/audit-months.ts';
import { allTables } from '../../src/storage/backup.ts';
import { dropDatabase, urlOfDatabase } from '../../src/testing/clone.ts';
import { freePort } from '../../src/testing/start.ts';
import { fencesOf, noteOf } from '../docs/markdown.ts';
import { query, type TestDatabase } from '../support/database.ts';
import { world } from '../support/flow.ts';
import { issueEverything, working } from '../support/issued.ts';
import { root, runSignet } from '../support/signet-process.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const suffix = randomBytes(4).toString('hex');
const [owner, serving] = [`owner_${suffix}`, `serving_${suffix}`];
const password = 'of a role in a test';

let database: TestDatabase;
let signet: TestSignet;
const as = (role: string) => {
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  return url.href;
};
const environment = () => ({
  DATABASE_URL: as(owner),
  SECRET_KEY: randomBytes(32).toString('base64'),
});
const migrate = (...options: string[]) =>
  runSignet(['src/cli/signet.ts', 'migrate', '--json', ...options], environment()).ended;

beforeAll(async () => {
  // As docs/operating.md says, under other names.
  const fences = fencesOf(await readFile(join(root, 'docs/operating.md'), 'utf8'));
  const statements = fences.find((fence) => noteOf(fence, 'run by') === 'test/faults/database-roles.test.ts')!.text;
  const name = `signet_test_${suffix}`;
  const named = statements
    .replaceAll('signet_owner', owner)
    .replace('ROLE signet ', `ROLE ${serving} `)
    .replace('DATABASE signet ', `DATABASE ${name} `)
    .replaceAll('…', password);
  for (const statement of named.split(';').filter((text) => text.trim() !== ''))
    await query(inject('adminUrl'), statement);
  database = { url: urlOfDatabase(inject('adminUrl'), name), drop: () => dropDatabase(inject('adminUrl'), name) };
});
afterAll(async () => {
  await signet?.stop();
  await database.drop();
  for (const role of [owner, serving]) await query(inject('adminUrl'), `DROP ROLE ${role}`);
});

test('who may not make tables cannot begin, and is told what to do', async () => {
  const { code, output } = await runSignet(['src/cli/signet.ts', 'serve'], {
    ...environment(),
    DATABASE_URL: as(serving),
    PORT: String(await freePort()),
  }).ended;
  expect(code).toBe(1);
  expect(output).toContain('Run "signet migrate" as the role that owns the tables');
});

test('a role that is not there is named', async () => {
  const { code, output } = await migrate('--serve-as', 'nobody_of_that_name');
  expect(code).not.toBe(0);
  expect(output).toContain('PostgreSQL has no role nobody_of_that_name.');
});

test('the owner migrates and lets the other one serve; later migrations do so without being told', async () => {
  const { code, stdout } = await migrate('--serve-as', serving);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ may_serve: [serving] });
  await query(as(owner), `REVOKE ALL ON users FROM ${serving}; GRANT DELETE ON audit_events TO ${serving}`);
  expect(JSON.parse((await migrate()).stdout)).toEqual({ applied: [], may_serve: [serving] });
  expect(await query(as(serving), 'SELECT 1 FROM users')).toEqual([]);
});

test('it serves: sign-in, tokens, refresh, sign-out, keys and maintenance', async () => {
  signet = await startSignet({ config: { databaseUrl: as(serving) }, provision: world });
  const issued = await issueEverything(signet);
  expect(Object.values(await working(signet, issued))).not.toContain(false);
  signet.clock.advance(3 * 24 * 3600);
  await signet.server.settled();
  await issueEverything(signet);
});

test('the next months of the audit log are made although it may make no table', async () => {
  signet.clock.advance(150 * 24 * 3600);
  const warned: unknown[] = [];
  const log = { info: () => {}, warn: (...words: unknown[]) => void warned.push(words) };
  await keepAuditMonths({ ...signet.server.deps, log }, 1);
  expect(warned).toEqual([]);
  const month = new Date(signet.clock.now).toISOString().slice(0, 7).replace('-', '_');
  const parts = await query<{ name: string }>(
    as(owner),
    "SELECT relname AS name FROM pg_class WHERE relname LIKE 'audit_events_2%' AND relkind = 'r'",
  );
  expect(parts.map(({ name }) => name)).toContain(`audit_events_${month}`);
  // Older than AUDIT_MONTHS, and still there: dropping it is the owner's.
  expect(parts.map(({ name }) => name)).toContain(
    `audit_events_${new Date().toISOString().slice(0, 7).replace('-', '_')}`,
  );
});

describe('what the role that serves cannot do', () => {
  const month = () => new Date().toISOString().slice(0, 7).replace('-', '_');
  test.each([
    ['change an event', () => "UPDATE audit_events SET type = 'nothing'"],
    ['delete an event', () => 'DELETE FROM audit_events'],
    ['empty the log', () => 'TRUNCATE audit_events'],
    ['change an event in its month', () => `UPDATE audit_events_${month()} SET type = 'nothing'`],
    ['delete an event in its month', () => `DELETE FROM audit_events_${month()}`],
    ['drop a month', () => `DROP TABLE audit_events_${month()}`],
    ['detach a month', () => `ALTER TABLE audit_events DETACH PARTITION audit_events_${month()}`],
    ['delete an event of no month', () => 'DELETE FROM audit_events_other'],
    ['make a table', () => 'CREATE TABLE mine (n int)'],
    ['change a table', () => 'ALTER TABLE users ADD COLUMN mine int'],
    [
      'make a trigger',
      () => 'CREATE TRIGGER mine BEFORE INSERT ON users EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    ],
    ['say that a migration was applied', () => "INSERT INTO signet_migration_checksums VALUES ('x', 'y')"],
    ['give its rights to others', () => `GRANT SELECT ON users TO PUBLIC WITH GRANT OPTION`],
  ])('%s', async (_what, text) => {
    await expect(query(as(serving), text())).rejects.toMatchObject({
      code: expect.stringMatching(/^(42501|0LP01)$/) as string,
    });
  });

  test('put a table of its own in front of those of the function that makes months', async () => {
    const rows = await query<{ config: string[] }>(
      as(serving),
      "SELECT proconfig AS config FROM pg_proc WHERE proname = 'add_audit_month'",
    );
    expect(rows[0]!.config).toEqual(['search_path=pg_catalog, pg_temp', 'TimeZone=UTC', 'DateStyle=ISO']);
  });

  test('anybody else: make months, or read', async () => {
    const stranger = `stranger_${suffix}`;
    await query(inject('adminUrl'), `CREATE ROLE ${stranger} LOGIN PASSWORD '${password}'`);
    try {
      await expect(query(as(stranger), "SELECT add_audit_month('2040-01-01')")).rejects.toMatchObject({
        code: '42501',
      });
      await expect(query(as(stranger), 'SELECT 1 FROM users')).rejects.toMatchObject({ code: '42501' });
    } finally {
      await query(inject('adminUrl'), `DROP ROLE ${stranger}`);
    }
  });
});

test('every table is one or the other: rows as it likes, or new events only', async () => {
  const rights = await query<{ name: string; rights: string }>(
    as(owner),
    `SELECT c.relname AS name, string_agg(a.privilege_type, ',' ORDER BY a.privilege_type) AS rights
     FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = '${serving}' GROUP BY 1`,
  );
  const others = allTables
    .filter((name) => name !== 'audit_events')
    .map((name) => [name, 'DELETE,INSERT,SELECT,UPDATE']);
  expect(Object.fromEntries(rights.map(({ name, rights: given }) => [name, given]))).toEqual({
    ...Object.fromEntries(others),
    audit_events: 'INSERT,SELECT',
    audit_events_other: 'SELECT',
    signet_migrations: 'SELECT',
    signet_migration_checksums: 'SELECT',
  });
});
