// Kysely on a transaction that is already open: for migrations that must stand or fall with what else it does.
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import { type Db, statementName } from './database.ts';

/** Statements go to `tx` as they are. Its owner begins and ends the transaction; Kysely's own begin and end do nothing. */
export function transactionDialect(tx: Db): Dialect {
  const connection: DatabaseConnection = {
    executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      return tx.send({ text, name: statementName(text) }, parameters) as Promise<{ rows: R[] }>;
    },
    streamQuery() {
      throw new Error('streams are not needed here');
    },
  };
  const nothing = () => Promise.resolve();
  const driver: Driver = {
    init: nothing,
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: nothing,
    commitTransaction: nothing,
    rollbackTransaction: nothing,
    releaseConnection: nothing,
    destroy: nothing,
  };
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}
