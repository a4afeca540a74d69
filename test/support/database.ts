// A database of its own for each test file, cloned from the migrated template.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createDatabase as create, dropDatabase, urlOfDatabase } from '../../src/testing/clone.ts';

/** A connection string for a server that listens on a unix socket in `directory`. */
export function databaseUrl(directory: string, user: string, database: string): string {
  return `postgres://${user}@${encodeURIComponent(directory)}/${database}`;
}

export type TestDatabase = { readonly url: string; drop(): Promise<void> };

/** Clones the migrated template, or another database (`template1` is empty). Drop it when the file is done. */
export async function createDatabase(template: string = inject('template')): Promise<TestDatabase> {
  const adminUrl = inject('adminUrl');
  const name = `signet_test_${randomBytes(6).toString('hex')}`;
  await create(adminUrl, name, template);
  return { url: urlOfDatabase(adminUrl, name), drop: () => dropDatabase(adminUrl, name) };
}

/** Runs one statement on a test's database, behind the server's back. */
export async function query<R extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

export type HeldTransaction = {
  query(text: string, values?: unknown[]): Promise<unknown>;
  commit(): Promise<void>;
};

/** A transaction on a test's database that stays open until it is told to commit. */
export async function heldTransaction(url: string): Promise<HeldTransaction> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  return {
    query: (text, values = []) => client.query(text, values),
    async commit() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}
