// Databases made, copied and dropped as a whole: for tests, each of which wants one of its own.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

const RETRY_MS = 20;
const RETRIES = 500;

/** The connection string for another database of the same server. */
export function urlOfDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** Makes a database on the server of `url`, empty or as a copy of `template`; waits for others who copy it just now. */
export async function createDatabase(url: string, name: string, template?: string): Promise<void> {
  // Copied as files: the other strategy writes each page into the log once more, which only matters where logs are shipped.
  const from = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)} STRATEGY file_copy`;
  await onServer(url, `CREATE DATABASE ${pg.escapeIdentifier(name)}${from}`);
}

/** Ends every connection to it, and drops it if it is there. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await onServer(url, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
}

/** PostgreSQL lets one session at a time copy a template, and refuses the others at once. */
async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'signet testing' });
  client.on('error', () => {});
  await client.connect();
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await client.query(statement);
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || tries === RETRIES) throw error;
        await wait(RETRY_MS);
      }
    }
  } finally {
    await client.end();
  }
}
