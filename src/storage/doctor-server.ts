// What PostgreSQL says about itself: its version, its role, its limits, and settings that break promises.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type ServerFacts = {
  readonly major: number;
  /** It follows another server and takes no writes. */
  readonly isStandby: boolean;
  /** How many connections this role may have in this database at most. */
  readonly slots: number;
  /** How many of them others than Signet have now. */
  readonly takenByOthers: number;
};

const facts = statement(
  {},
  () =>
    sql<{ version: number; standby: boolean; slots: number; taken: number }>`
      SELECT current_setting('server_version_num')::int / 10000 AS version,
        pg_is_in_recovery() AS standby,
        least(
          current_setting('max_connections')::int
            - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
              + coalesce(current_setting('reserved_connections', true)::int, 0) END,
          nullif(r.rolconnlimit, -1),
          nullif(d.datconnlimit, -1)
        )::int AS slots,
        (SELECT count(*) FROM pg_stat_activity
          WHERE datid IS NOT NULL AND application_name NOT LIKE 'signet%')::int AS taken
      FROM pg_roles r, pg_database d
      WHERE r.rolname = current_user AND d.datname = current_database()`,
);

export async function serverFacts(db: Db): Promise<ServerFacts> {
  const row = (await facts.first(db, {}))!;
  return {
    major: row.version,
    isStandby: row.standby,
    slots: row.slots,
    takenByOthers: row.taken,
  };
}

/** A setting of the server that is not as Signet needs it. */
export type WrongSetting = {
  readonly name: 'fsync' | 'full_page_writes' | 'synchronous_commit' | 'default_transaction_read_only';
  readonly value: string;
  /** What sets it right, where it was set wrong. */
  readonly cure: string;
};

const wrong = statement(
  {},
  () =>
    sql<{ name: WrongSetting['name']; setting: string; source: string; database: string; role: string }>`
      SELECT name, setting, source, quote_ident(current_database()) AS database, quote_ident(current_user) AS role
      FROM pg_settings
      WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
        OR name = 'default_transaction_read_only' AND setting = 'on'
      ORDER BY name`,
);

/** The settings, as they are in force for this role in this database, that make commits unsafe or impossible. */
export async function wrongSettings(db: Db): Promise<WrongSetting[]> {
  return (await wrong.all(db, {})).map((row) => ({ name: row.name, value: row.setting, cure: cureOf(row) }));
}

function cureOf({ name, source, database, role }: { name: string; source: string; database: string; role: string }) {
  const isReadOnly = name === 'default_transaction_read_only';
  if (source === 'client') return `take ${name} out of DATABASE_URL and PGOPTIONS.`;
  if (source === 'command line') return `take ${name} out of the command that starts PostgreSQL, and restart it.`;
  const places: Readonly<Record<string, string>> = {
    database: `ALTER DATABASE ${database} RESET ${name};`,
    user: `ALTER ROLE ${role} RESET ${name};`,
    'database user': `ALTER ROLE ${role} IN DATABASE ${database} RESET ${name};`,
    global: `ALTER ROLE ALL RESET ${name};`,
  };
  const reset = places[source] ?? `ALTER SYSTEM SET ${name} = ${isReadOnly ? 'off' : 'on'}; SELECT pg_reload_conf();`;
  // Where nothing may be written, this may not either.
  return isReadOnly ? `SET ${name} = off; ${reset}` : reset;
}
