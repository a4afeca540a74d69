// One question to a Postgres socket: does it take connections?
import pg from 'pg';
import { privateStream } from './private-socket.ts';
import type { SocketPlace } from './private-socket.ts';

/** `busy`: it is starting up, shutting down or overloaded. `gone`: nobody listens. */
export type Answer = 'ready' | 'busy' | 'gone';

/** The file name that Postgres gives its socket; the port in it is Postgres' default. */
export const SOCKET_NAME = '.s.PGSQL.5432';

const CANNOT_CONNECT_NOW = '57P03';
const PATIENCE_MS = 2000;

/** Asks the Postgres whose socket lies there. Throws when it may not be used by this user, or the directory is not its owner's. */
export async function probe(place: SocketPlace): Promise<Answer> {
  const { directory } = place;
  const socket = privateStream(place)();
  const client = new pg.Client({
    host: directory,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    // Any will do: a cluster that asks for one is up. Without it, pg would look for the user's own.
    password: 'none',
    ssl: false,
    connectionTimeoutMillis: PATIENCE_MS,
    stream: () => socket,
  });
  // A connection that breaks after its answer changes nothing.
  client.on('error', () => {});
  try {
    await client.connect();
    return 'ready';
  } catch (error) {
    return answerIn(error as NodeJS.ErrnoException, directory);
  } finally {
    void client.end();
    // A server that never closes its end would otherwise keep this one open.
    socket.destroySoon();
  }
}

function answerIn(error: NodeJS.ErrnoException, directory: string): Answer {
  // Any answer but "cannot connect now" shows a cluster that is up, even one that has no slot left for us.
  if (error instanceof pg.DatabaseError) return error.code === CANNOT_CONNECT_NOW ? 'busy' : 'ready';
  if (error.code === 'EACCES' && error.syscall !== 'connect') throw error;
  if (error.code === 'EACCES')
    throw new Error(`The socket in ${directory} belongs to another user: run this as the user that runs Signet`, {
      cause: error,
    });
  return error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'gone' : 'busy';
}
