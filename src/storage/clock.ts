// The clock of the database: the one statement that asks for it.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const time = statement({}, () => sql<{ now: number }>`SELECT clock_timestamp() AS now`);

/** Milliseconds. */
export async function databaseTime(db: Db): Promise<number> {
  return (await time.first(db, {}))!.now;
}
