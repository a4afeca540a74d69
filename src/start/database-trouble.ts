// What stands between Signet and its PostgreSQL, in words that say what to do.
import { userOf } from '../config/database-url.ts';
import type { Config } from '../config/read.ts';

/**
 * What stands between Signet and the PostgreSQL of DATABASE_URL, and what to do about it; undefined when it is something else.
 * `url`: DATABASE_URL, for what is to be said about its user.
 */
export function databaseTrouble(error: unknown, url?: string): { seen: string; todo: string } | undefined {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const says = message || code;
  if (/^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENOENT|ETIMEDOUT|EHOSTUNREACH|ECONNRESET|EACCES)$/.test(code))
    return { seen: `cannot be reached (${says})`, todo: 'Is it running, and are host and port right?' };
  if (code === '' && /timeout|terminated/i.test(message))
    return { seen: `does not answer in time (${says})`, todo: 'Is it overloaded, or a firewall in between?' };
  if (/does not support SSL/.test(message))
    return {
      seen: 'does not speak TLS',
      todo: 'Switch ssl on there, or add sslmode=disable to DATABASE_URL if nobody else can be on the way.',
    };
  if (/^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code))
    return {
      seen: `shows a certificate that cannot be verified (${says})`,
      todo: 'Name its authority with sslrootcert=FILE in DATABASE_URL, and its host as the certificate does.',
    };
  if (/unsupported startup parameter/.test(message))
    return {
      seen: `is reached through a pooler that takes no settings (${says})`,
      todo: 'Set PREPARED_STATEMENTS=false: then each transaction brings them.',
    };
  if (code === '3D000')
    return { seen: `does not have that database (${says})`, todo: 'Create it with createdb, or name another.' };
  if (code === '28P01' || code === '28000')
    return {
      seen: `refuses the user or the password (${says})`,
      todo: 'Correct them in DATABASE_URL, or let pg_hba.conf admit them.',
    };
  // The tables are there, and nobody has let this role use them.
  if (code === '42501' && message.includes('signet_migration_checksums'))
    return {
      seen: `forbids it (${says})`,
      todo: `Run "signet migrate --serve-as ${(url !== undefined && userOf(url)) || 'ROLE'}" with the address of the role that owns the tables.`,
    };
  if (code === '42501')
    return {
      seen: `forbids it (${says})`,
      todo: 'Run "signet migrate" as the role that owns the tables, or let this one own the database.',
    };
  if (code === '53300')
    return {
      seen: `has no connection left (${says})`,
      todo: 'Raise max_connections there, or lower DATABASE_POOL_SIZE of its users.',
    };
  return undefined;
}

/** Says what to do about a database that cannot be used; everything else stays as it is. */
export function databaseProblem(error: unknown, config: Config): unknown {
  // A migration that failed says which it was, and why in its cause.
  const { cause } = error as { cause?: unknown };
  const trouble =
    config.databaseUrl === undefined
      ? undefined
      : (databaseTrouble(error, config.databaseUrl) ??
        (cause ? databaseTrouble(cause, config.databaseUrl) : undefined));
  return trouble
    ? new Error(`Signet uses the PostgreSQL of DATABASE_URL, which ${trouble.seen}. ${trouble.todo}`, { cause: error })
    : error;
}
