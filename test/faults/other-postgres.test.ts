// An older PostgreSQL beside the embedded one: backups go from each to the other, and what pg_restore puts back is noticed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresIdentity, runAs } from '../../src/embedded/identity.ts';
import { startServer } from '../../src/start/server.ts';
import { backupOf, contentsOf, restoreInto } from '../support/backups.ts';
import { createDatabase, databaseUrl, query, type TestDatabase } from '../support/database.ts';
import { world } from '../support/flow.ts';
import { expectAll, expectSignIn, type Issued, issueEverything } from '../support/issued.ts';
import { root, runSignet } from '../support/signet-process.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const binaries = '/usr/lib/postgresql/15/bin';
const isThere = existsSync(`${binaries}/pg_dump`);
if (!isThere)
  process.stderr.write(`NOT TESTED: ${binaries} is not there, so no backup goes to or from another PostgreSQL here.\n`);

describe.skipIf(!isThere)('PostgreSQL 15', () => {
  let stop = () => Promise.resolve<unknown>(undefined);
  let home: string;
  let older: (database: string) => string;
  let run: (program: string, ...args: string[]) => Promise<string>;
  let signet: TestSignet;
  let issued: Issued;
  const databases: TestDatabase[] = [];

  beforeAll(async () => {
    const identity = await postgresIdentity();
    home = await runAs(identity, 'mktemp', ['-d', '/tmp/signet-pg15-XXXXXX']);
    run = (program, ...args) => runAs(identity, `${binaries}/${program}`, args);
    await run('initdb', '-D', `${home}/data`, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
    const options = `-c listen_addresses='' -c unix_socket_directories=${home} -c fsync=off`;
    await run('pg_ctl', 'start', '-w', '-D', `${home}/data`, '-l', `${home}/log`, '-o', options);
    stop = async () => {
      await run('pg_ctl', 'stop', '-m', 'immediate', '-D', `${home}/data`);
      await runAs(identity, 'rm', ['-rf', home]);
    };
    older = (database) => databaseUrl(home, 'postgres', database);
    for (const database of ['back', 'copy']) await run('createdb', '-h', home, '-U', 'postgres', database);
    signet = await startSignet({ provision: world });
    issued = await issueEverything(signet);
  });
  afterAll(async () => {
    await signet?.stop();
    for (const database of databases) await database.drop();
    await stop();
  });

  const without = (contents: Record<string, string[]>) => {
    const { changes: _, leases: __, deployment: ___, upkeep_rounds: ____, audit_events: events, ...rest } = contents;
    return { ...rest, events: events!.filter((row) => !row.includes('deployment.restored')) };
  };

  test('the roles of the compose file: the owner migrates, and the other one may serve', async () => {
    const secrets = await mkdtemp(join(tmpdir(), 'signet-roles-'));
    try {
      await run('createdb', '-h', home, '-U', 'postgres', 'composed');
      for (const role of ['owner', 'serving']) await writeFile(join(secrets, `${role}_password`), "it's of the role\n");
      execFileSync('sh', [join(root, 'deploy/postgres/roles.sh')], {
        env: { ...process.env, SECRETS: secrets, PGHOST: home, POSTGRES_USER: 'postgres', POSTGRES_DB: 'composed' },
      });
      const url = (role: string) => databaseUrl(home, role, 'composed');
      const env = { DATABASE_URL: url('signet_owner'), SECRET_KEY: Buffer.alloc(32).toString('base64') };
      const { code, output } = await runSignet(['src/cli/signet.ts', 'migrate', '--serve-as', 'signet'], env).ended;
      expect([code, output]).toEqual([0, expect.stringContaining('may serve  signet')]);
      expect(await query(url('signet'), 'SELECT 1 FROM users')).toEqual([]);
      await expect(query(url('signet'), 'DELETE FROM audit_events')).rejects.toThrow('permission denied');
    } finally {
      await rm(secrets, { recursive: true });
    }
  });

  test('a backup of a newer PostgreSQL, restored into it and from it again: every row is the same', async () => {
    const bytes = await backupOf(signet);
    const there = { ...signet, config: { ...signet.config, databaseUrl: older('back') } };
    await restoreInto(there, bytes, { keepIssued: true });
    const expected = without(await contentsOf(signet.database.url));
    expect(without(await contentsOf(older('back')))).toEqual(expected);
    const again = await createDatabase('template1');
    databases.push(again);
    const home = { ...signet, config: { ...signet.config, databaseUrl: again.url } };
    await restoreInto(home, await backupOf(there), { keepIssued: true });
    expect(without(await contentsOf(again.url))).toEqual(expected);
  });

  test('pg_dump and pg_restore into another database: the next server refuses what was issued before', async () => {
    await signet.server.stop(0);
    const on = (database: string) =>
      startServer(
        { ...signet.config, databaseUrl: older(database) },
        { clock: () => signet.clock.now, log: pino({ level: 'silent' }) },
      );
    const first = await on('back');
    await expectAll(signet, issued, true);
    const again = await issueEverything(signet);
    await first.stop(0);
    const dump = execFileSync(`${binaries}/pg_dump`, ['-Fc', older('back')]);
    execFileSync(`${binaries}/pg_restore`, ['-d', older('copy')], { input: dump });
    const second = await on('copy');
    await expectAll(signet, again, false);
    await expectSignIn(signet);
    await second.stop(0);
    expect(
      await query(
        older('copy'),
        `SELECT data->>'by' AS by FROM audit_events WHERE type = 'deployment.restored' ORDER BY 1`,
      ),
    ).toEqual([{ by: 'restore' }, { by: 'server' }]);
  });
});
