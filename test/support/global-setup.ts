// Before all tests: a PostgreSQL (embedded, or the one of TEST_DATABASE_URL) with a migrated template to clone.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { createDatabase, dropDatabase, urlOfDatabase } from '../../src/testing/clone.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { databaseUrl } from './database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database on which others can be made. */
    adminUrl: string;
    /** The name of the migrated database that each test file clones. */
    template: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  const directory = given === undefined ? await mkdtemp(join(tmpdir(), 'signet-test-')) : undefined;
  const embedded =
    directory === undefined
      ? undefined
      : await startEmbeddedPostgres(directory, { throwaway: true, maxConnections: 200 });
  const adminUrl =
    given ?? databaseUrl(embedded!.connection.host, embedded!.connection.user, embedded!.connection.database);
  const template = `signet_template_${process.pid}`;
  await dropDatabase(adminUrl, template);
  await createDatabase(adminUrl, template);
  await migrate({ connectionString: urlOfDatabase(adminUrl, template) });
  project.provide('adminUrl', adminUrl);
  project.provide('template', template);
  return async () => {
    await dropDatabase(adminUrl, template);
    await embedded?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  };
}
