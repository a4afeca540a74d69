// A database of its own for each test file, cloned from the migrated template.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

/** A connection string for a server that listens on a unix socket in `directory`. */
export function databaseUrl(directory: string, user: string, database: string): string {
  return `postgres://${user}@${encodeURIComponent(directory)}/${database}`;
}

export type TestDatabase = { readonly url: string; drop(): Promise<void> };

/** Clones the template. Drop it when the file is done. */
export async function createDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('adminUrl');
  const name = `signet_test_${randomBytes(6).toString('hex')}`;
  await onAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${inject('template')}`);
  return {
    url: adminUrl.replace(/\/[^/?]*(\?|$)/, `/${name}$1`),
    drop: () => onAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Two files may clone at the same moment, and PostgreSQL lets one session at a time copy a template. */
async function onAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await client.query(statement);
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || tries === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    await client.end();
  }
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
