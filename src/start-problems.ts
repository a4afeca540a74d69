// What can stand in the way of a start, in words that say what to do.
import { createServer } from 'node:net';
import type { Config } from './config.ts';

/**
 * Listens for a moment and stops, to find out before anything is written whether the address can be had.
 * @throws Error that names the setting to change.
 */
export async function listenOnce({ host, port }: Config): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    throw listenProblem(error, { host, port });
  });
  await new Promise((resolve) => probe.close(resolve));
}

/** Says what to do about an address that cannot be listened on. */
function listenProblem(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const why: Record<string, string> = {
    EADDRINUSE: `port ${port} of ${host} is taken. Stop the process that listens there, or set PORT to another.`,
    EACCES: `port ${port} may not be used by this user. Set PORT to one above 1023.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set HOST to one that is.`,
  };
  const text = code === undefined ? undefined : why[code];
  return text === undefined ? error : new Error(text, { cause: error });
}

/** Says what to do about a database that cannot be used; everything else stays as it is. */
export function databaseProblem(error: unknown, config: Config): unknown {
  if (config.databaseUrl === undefined) return error;
  const { code, message } = error as { code?: string; message: string };
  const where = 'Signet uses the PostgreSQL of DATABASE_URL';
  if (
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET'].includes(code ?? '')
  )
    return new Error(
      `${where}, which cannot be reached (${message || code}). Is it running, and are host and port right?`,
    );
  if (code === '3D000') return new Error(`${where}: ${message}. Create it with createdb, or name another.`);
  if (code === '28P01' || code === '28000')
    return new Error(`${where}, which refuses the user or the password (${message}).`);
  if (code === '42501')
    return new Error(`${where}: ${message}. Its user must own the database, or may create in its schema.`);
  return error;
}
