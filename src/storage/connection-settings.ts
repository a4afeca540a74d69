// What PostgreSQL is told about a connection: with its start, or with each transaction where a pooler lends connections out.
import type { PoolConfig } from 'pg';
import type { Db } from './database.ts';

/** Milliseconds. */
const timeouts = {
  statement_timeout: 5000,
  lock_timeout: 3000,
  idle_in_transaction_session_timeout: 5000,
} as const;

// Said, so that no default of the server or the database counts either.
const noTimeouts = Object.fromEntries(Object.keys(timeouts).map((name) => [name, 0]));

// What the parser of times relies on, whatever the server's own settings are.
const formats = { TimeZone: 'UTC', DateStyle: 'ISO' } as const;

/** As parameters of the start of a connection, which a pooler refuses, or takes and keeps to itself. */
export function settingsAtStart(patience: Db['patience']): PoolConfig {
  const said = { ...formats, ...(patience === 'patient' && noTimeouts) };
  return {
    options: Object.entries(said)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    ...(patience === 'hurried' && timeouts),
  };
}

/** The statement that begins a transaction, and sets what holds until its end. One round trip, because it has no parameters. */
export function beginWithSettings(patience: Db['patience'], begin: string): string {
  const values = { ...formats, ...(patience === 'patient' ? noTimeouts : timeouts) };
  return [begin, ...Object.entries(values).map(([name, value]) => `SET LOCAL ${name} = '${value}'`)].join('; ');
}

/** Answers whether the settings of the start are in force on a connection of requests, in a column `in_force`. */
export const settingsInForce = `SELECT current_setting('TimeZone') = 'UTC' AND current_setting('DateStyle') LIKE 'ISO%'
  AND NOT EXISTS (SELECT FROM pg_settings WHERE ${Object.entries(timeouts)
    .map(([name, value]) => `(name = '${name}' AND setting <> '${value}')`)
    .join(' OR ')}) AS in_force`;
