// What is worth once is spent in the transaction of what it is spent for.
import type { Db } from '../../storage/database.ts';

/** One statement needs no transaction: without `spend` there is none. */
export function withSpent<T>(
  db: Db,
  spend: ((tx: Db) => Promise<void>) | undefined,
  then: (db: Db) => Promise<T>,
): Promise<T> {
  if (!spend) return then(db);
  return db.transaction(async (tx) => {
    await spend(tx);
    return then(tx);
  });
}
