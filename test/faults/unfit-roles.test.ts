// Roles of PostgreSQL that have, or come by, more than serving needs: refused before anything is changed, or held off.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { examine } from '../../src/doctor/examine.ts';
import { beforeMigration } from '../../src/flows/upkeep/after-migration.ts';
import { databaseTrouble } from '../../src/start/database-trouble.ts';
import { openDatabase, statementName } from '../../src/storage/database.ts';
import { migrateInside } from '../../src/storage/migrate.ts';
import { freePort } from '../../src/testing/start.ts';
import { dropDatabase, urlOfDatabase } from '../../src/testing/clone.ts';
import { backupOf, restoreInto } from '../support/backups.ts';
import { query } from '../support/database.ts';
import { runSignet } from '../support/signet-process.ts';
import { startSignet } from '../support/signet.ts';

const suffix = randomBytes(4).toString('hex');
const named = (what: string) => `${what}_${suffix}`;
const [owner, serving, other] = [named('owner'), named('serving'), named('other')];
const names = [named('signet_test'), named('signet_test_empty')] as const;
const password = 'of a role in a test';
const secretKey = randomBytes(32).toString('base64');

const admin = (text: string) => query(urlOfDatabase(inject('adminUrl'), names[0]), text);
const as = (role: string, name: string = names[0]) => {
  const url = new URL(urlOfDatabase(inject('adminUrl'), name));
  url.username = role;
  url.password = password;
  return url.href;
};
const run = (role: string, words: readonly string[], more: Record<string, string> = {}) =>
  runSignet(['src/cli/signet.ts', ...words], { DATABASE_URL: as(role), SECRET_KEY: secretKey, ...more }).ended;
const migrate = (...options: string[]) => run(owner, ['migrate', '--json', ...options]);
const tables = () => admin("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
const monthAhead = (months: number) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months)).toISOString().slice(0, 7);
};

beforeAll(async () => {
  for (const role of [owner, serving, other])
    await query(inject('adminUrl'), `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
  for (const name of names) await query(inject('adminUrl'), `CREATE DATABASE ${name} OWNER ${owner}`);
});
afterAll(async () => {
  for (const name of names) await dropDatabase(inject('adminUrl'), name);
  for (const role of [owner, serving, other]) await query(inject('adminUrl'), `DROP ROLE ${role}`);
});

/** What is said against `role` before the migrations. */
async function refused(role: string): Promise<string> {
  const db = openDatabase({
    connection: { connectionString: as(owner) },
    poolSize: 1,
    preparedStatements: true,
    patience: 'hurried',
  });
  try {
    return await beforeMigration({ db }, role).then(
      () => 'nothing',
      (error: unknown) => (error as Error).message,
    );
  } finally {
    await db.close();
  }
}

describe('refused before anything is changed', () => {
  test.each([
    ['a superuser', 'ALTER ROLE $ SUPERUSER', 'ALTER ROLE $ NOSUPERUSER', 'is a superuser'],
    [
      'who may become the owner',
      `ALTER ROLE $ NOINHERIT; GRANT ${owner} TO $`,
      `REVOKE ${owner} FROM $`,
      'owns the tables',
    ],
    ['who writes everything', 'GRANT pg_write_all_data TO $', 'REVOKE pg_write_all_data FROM $', 'pg_write_all_data'],
    [
      'the owner of the database',
      `ALTER DATABASE ${names[0]} OWNER TO $`,
      `ALTER DATABASE ${names[0]} OWNER TO ${owner}`,
      'owns the database',
    ],
    [
      'the owner of the schema',
      'ALTER SCHEMA public OWNER TO $',
      'ALTER SCHEMA public OWNER TO pg_database_owner',
      'owns the schema',
    ],
  ])('%s', async (_who, plant, cure, words) => {
    await admin(plant.replaceAll('$', other));
    try {
      expect(await refused(other)).toMatch(
        new RegExp(`^${other} cannot be the role that serves: it .*${words}.*\\. .*`),
      );
    } finally {
      await admin(cure.replaceAll('$', other));
    }
    expect(await refused(other)).toBe('nothing');
  });

  test('a member of a superuser, and the owner itself', async () => {
    await admin(`ALTER ROLE ${serving} SUPERUSER; GRANT ${serving} TO ${other}`);
    expect(await refused(other)).toContain('is a superuser');
    await admin(`ALTER ROLE ${serving} NOSUPERUSER; REVOKE ${serving} FROM ${other}`);
    expect(await refused(owner)).toContain('owns the tables');
  });

  test.each(['nobody_of_that_name', 'public'])('%s, which is no role: and no table was made', async (name) => {
    const { code, output } = await migrate('--serve-as', name);
    expect([code, output]).toEqual([1, expect.stringContaining(`PostgreSQL has no role ${name}.`)]);
    expect(await tables()).toEqual([]);
  });
});

test('rights by default, CREATE on the schema and a table of another owner in it: the role serves, and has nothing by them', async () => {
  await admin(`GRANT CREATE ON SCHEMA public TO ${serving}, PUBLIC`);
  await query(as(owner), `ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${serving}`);
  await query(as(owner), `ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO ${other}`);
  await query(as(other), 'CREATE TABLE public.of_another (n int)');
  const { code, stdout } = await migrate('--serve-as', serving);
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ may_serve: [serving] })]);
  const may = await admin(
    `SELECT has_schema_privilege('${serving}', 'public', 'CREATE') AS role, has_schema_privilege('${other}', 'public', 'CREATE') AS anybody`,
  );
  expect(may).toEqual([{ role: false, anybody: false }]);
});

const rightsOnMonths = () =>
  admin(`SELECT c.relname, a.grantee::regrole::text AS who, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
         WHERE c.relname LIKE 'audit\\_events\\_2%' AND c.relkind = 'r' AND a.grantee <> c.relowner`);

test('nobody but the owner has rights on a month, whatever it gives on new tables', async () => {
  expect(await rightsOnMonths()).toEqual([]);
  await query(as(owner), 'ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO PUBLIC');
  await query(as(serving), `SELECT add_audit_month('${monthAhead(6)}-01')`);
  await query(as(owner), 'ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM PUBLIC');
  const part = `audit_events_${monthAhead(6).replace('-', '_')}`;
  expect(await admin(`SELECT relname FROM pg_class WHERE relname = '${part}'`)).toHaveLength(1);
  expect(await rightsOnMonths()).toEqual([]);
  await expect(query(as(serving), `DELETE FROM ${part}`)).rejects.toMatchObject({ code: '42501' });
  // One that was made before, with rights on it: they are taken back.
  await query(as(owner), `GRANT DELETE ON ${part} TO ${serving}`);
  expect((await migrate()).code).toBe(0);
  expect(await rightsOnMonths()).toEqual([]);
});

test('functions that somebody puts beside the tables are not called with the rights of the owner', async () => {
  await admin(`GRANT CREATE ON SCHEMA public TO ${other}`);
  const taken = (type: string) =>
    `RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken as ${type} by %', current_user; END $$`;
  await query(as(other), `CREATE FUNCTION public.to_char(date, text) ${taken('date')}`);
  await query(as(other), `CREATE FUNCTION public.quote_literal(timestamptz) ${taken('time')}`);
  try {
    await query(as(serving), `SELECT add_audit_month('${monthAhead(7)}-01')`);
  } finally {
    await admin(`DROP FUNCTION public.to_char(date, text); DROP FUNCTION public.quote_literal(timestamptz)`);
    await admin(`REVOKE CREATE ON SCHEMA public FROM ${other}`);
  }
});

test('who may write to the audit log, such as a program that ships events, is not let serve by that', async () => {
  await query(as(owner), `GRANT INSERT ON audit_events TO ${other}`);
  expect(JSON.parse((await migrate()).stdout)).toEqual({ applied: [], may_serve: [serving] });
  await expect(query(as(other), 'SELECT 1 FROM users')).rejects.toMatchObject({ code: '42501' });
  await query(as(owner), `REVOKE INSERT ON audit_events FROM ${other}`);
});

test.each([
  [
    'delete events like everybody',
    'GRANT DELETE ON audit_events TO PUBLIC',
    'REVOKE DELETE ON audit_events FROM PUBLIC',
  ],
  [
    'become who changes them',
    `GRANT UPDATE (type) ON audit_events_other TO ${other}; GRANT ${other} TO ${serving}`,
    `REVOKE UPDATE (type) ON audit_events_other FROM ${other}; REVOKE ${other} FROM ${serving}`,
  ],
])('a role that may %s is refused', async (_what, plant, cure) => {
  await admin(plant);
  const { code, output } = await migrate();
  await admin(cure);
  expect([code, output]).toEqual([
    1,
    expect.stringContaining('may change or delete events of the audit log, by what PUBLIC'),
  ]);
});

test('a role that may make things in a schema of others is refused', async () => {
  await admin(
    `ALTER SCHEMA public OWNER TO CURRENT_USER; GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT USAGE ON SCHEMA public TO ${owner} WITH GRANT OPTION`,
  );
  const { code, output } = await migrate();
  await admin(
    `REVOKE CREATE ON SCHEMA public FROM PUBLIC; REVOKE USAGE ON SCHEMA public FROM ${owner} CASCADE; ALTER SCHEMA public OWNER TO pg_database_owner`,
  );
  expect([code, output]).toEqual([1, expect.stringContaining('Run REVOKE CREATE ON SCHEMA')]);
  expect((await migrate()).code).toBe(0);
});

describe('times', () => {
  test.each(['NULL', "'infinity'", "'-infinity'", "'0044-03-01 BC'", "'1969-12-01'", "'10000-01-01'"])(
    'no month of %s',
    async (month) => {
      await expect(query(as(serving), `SELECT add_audit_month(${month})`)).rejects.toMatchObject({ code: '22023' });
    },
  );

  test('no month further ahead than a year, unless an event is', async () => {
    const before = await tables();
    await query(
      as(serving),
      `SELECT add_audit_month(m::date) FROM generate_series('2100-01-01', '2101-01-01', interval '1 month') m`,
    );
    expect(await tables()).toEqual(before);
  });

  test('a month is that of UTC, however the caller reads and writes dates', async () => {
    const [year, month] = monthAhead(9).split('-');
    await query(
      as(serving),
      `SET TimeZone = 'Pacific/Kiritimati'; SET DateStyle = 'SQL, DMY'; SELECT add_audit_month('01/${month}/${year}')`,
    );
    const parts = await admin(
      `SELECT pg_get_expr(relpartbound, oid) AS bounds FROM pg_class WHERE relname = 'audit_events_${year}_${month}'`,
    );
    expect(parts).toEqual([{ bounds: expect.stringContaining(`FROM ('${year}-${month}-01 00:00:00+00')`) as string }]);
  });

  const event = (at: string) =>
    `INSERT INTO audit_events (tenant_id, id, at, type, actor_kind, data)
     VALUES ('00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-000000000001', '${at}', 'key.created', 'server', '{}')`;
  const never = ['infinity', '-infinity', '0044-03-15 BC', '1969-12-31T23:59:59Z', '10000-01-01T00:00:00Z'];

  test.each(never)('no event of %s', async (at) => {
    await expect(query(as(serving), event(at))).rejects.toMatchObject({ code: '23514' });
  });

  test('events of such times from before the migration are kept, at the nearest one', async () => {
    const url = as(owner, names[1]);
    const db = openDatabase({
      connection: { connectionString: url },
      poolSize: 1,
      preparedStatements: false,
      patience: 'patient',
    });
    try {
      await db.transaction(async (tx) => {
        const plant = (text: string) => tx.send({ text, name: statementName(text) }, []);
        await migrateInside(tx, '0007_account_changes');
        await plant(
          `INSERT INTO tenants (id, slug, issuer, name, settings, version, created_at, updated_at)
           VALUES ('00000000-0000-4000-8000-000000000000', 'default', 'http://x', 'x', '{}', 1, '2026-01-01', '2026-01-01')`,
        );
        for (const at of never) await plant(event(at));
        await migrateInside(tx);
      });
    } finally {
      await db.close();
    }
    const rows = await query<{ at: string; n: string }>(
      url,
      `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS at, count(DISTINCT id) AS n FROM audit_events GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual([
      { at: '1970-01-01', n: '3' },
      { at: '9999-12-31', n: '2' },
    ]);
    await query(url, 'DROP OWNED BY CURRENT_USER');
  });
});

describe('what is said', () => {
  const looked = async (url: string) => {
    const env = { DATABASE_URL: url, SECRET_KEY: secretKey, PUBLIC_URL: 'http://localhost:1' };
    const found = await examine(env, { clock: Date.now, patience: 100, mailTo: undefined, uid: 1000 });
    return (check: string) => found.filter((finding) => finding.check === check);
  };

  test('a server whose role has no rights on tables that are there: how it gets them', async () => {
    const { code, output } = await run(other, ['serve'], { PORT: String(await freePort()) });
    expect([code, output]).toEqual([
      1,
      expect.stringContaining(`Run "signet migrate --serve-as ${other}" with the address`),
    ]);
    expect((await looked(as(other)))('schema')).toEqual([
      {
        check: 'schema',
        severity: 'problem',
        seen: expect.stringMatching(/^PostgreSQL forbids it/) as string,
        todo: expect.stringContaining(`Run "signet migrate --serve-as ${other}"`) as string,
      },
    ]);
  });

  test.each([
    ['postgres://signet:secret@db.example.com/signet', 'signet'],
    ['postgres://signet@/signet?host=/run/postgresql', 'signet'],
    ['postgres://a%20role@%2Frun%2Fpostgresql/signet', 'a role'],
    ['postgres://db.example.com/signet', 'ROLE'],
    [undefined, 'ROLE'],
  ])('the role of %s is named: %s', (url, role) => {
    const error = { code: '42501', message: 'permission denied for table signet_migration_checksums' };
    expect(databaseTrouble(error, url)?.todo).toContain(`"signet migrate --serve-as ${role}"`);
  });

  test('signet doctor: a superuser serves although another role may; nothing has been set up', async () => {
    const find = await looked(urlOfDatabase(inject('adminUrl'), names[0]));
    expect(find('database')).toContainEqual(
      expect.objectContaining({ severity: 'warning', seen: expect.stringContaining(serving) as string }),
    );
    for (const check of ['signing-keys', 'first-party'])
      expect(find(check)).toEqual([
        { check, severity: 'ok', seen: expect.stringMatching(/^Nothing has been set up yet/) as string },
      ]);
    expect((await looked(as(serving)))('database').filter(({ severity }) => severity !== 'ok')).toEqual([]);
  });

  test('signet restore as the role that serves: who must do it, and that the role is let serve anew', async () => {
    const signet = await startSignet();
    const into = { ...signet, config: { ...signet.config, databaseUrl: as(serving, names[1]) } };
    const restoring = restoreInto(into, await backupOf(signet));
    await expect(restoring).rejects.toThrow(
      `The role ${serving} may make no tables in this database: restore with the address of the role that owns it`,
    );
    await signet.stop();
  });
});
