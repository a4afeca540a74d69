// Whether the database takes writes.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const readOnly = statement(
  {},
  () =>
    sql<{
      read_only: boolean;
    }>`SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only`,
);

/** @throws Unavailable when it cannot be reached. */
export async function canWrite(db: Db): Promise<boolean> {
  return (await readOnly.first(db, {}))?.read_only === false;
}
