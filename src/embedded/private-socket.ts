// The directory of the socket, which may lie where everybody can make directories: used only while it is ours.
import { lstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { runAs } from './identity.ts';
import type { Identity } from './identity.ts';

/**
 * Where PostgreSQL listens, and the user whose directory that must be. A name in a shared directory is free for anybody
 * as soon as a cleaner has removed what bore it.
 */
export type SocketPlace = { readonly directory: string; readonly owner: number };

const FORBIDDEN = 0o077;

/**
 * Makes the directory anew, at the same path, where somebody has removed it. @throws Error when it is not ours: whoever
 * made it would then hold the socket that all our connections go to.
 */
export async function claimSocketDirectory(directory: string, identity: Identity): Promise<void> {
  if (statsOf(directory) === undefined) await runAs(identity, 'mkdir', ['-m', '700', '--', directory]);
  const trouble = troubleWith({ directory, owner: identity.uid });
  if (trouble !== undefined) throw new Error(trouble);
}

/** Removes it, unless it is another user's. */
export async function removeSocketDirectory(directory: string, identity: Identity): Promise<void> {
  if (troubleWith({ directory, owner: identity.uid }) === undefined)
    await runAs(identity, 'rm', ['-rf', '--', directory]);
}

/**
 * For `stream` of a client or a pool: each new connection looks whose the directory is before it goes there, and fails as
 * one to a database that is away.
 */
export function privateStream(place: SocketPlace): () => Socket {
  return () => {
    const socket = new Socket();
    const connect = socket.connect.bind(socket) as (path: string) => Socket;
    const connectOrFail = (path: string) => {
      const trouble = troubleWith(place);
      if (trouble === undefined) return connect(path);
      // Not at once: whoever connects listens for errors only afterwards.
      const code = statsOf(place.directory) === undefined ? 'ENOENT' : 'EACCES';
      setImmediate(() => socket.destroy(Object.assign(new Error(trouble), { code })));
      return socket;
    };
    return Object.assign(socket, { connect: connectOrFail as Socket['connect'] });
  };
}

function troubleWith({ directory, owner }: SocketPlace): string | undefined {
  const stats = statsOf(directory);
  if (stats === undefined) return `The directory of PostgreSQL's socket, ${directory}, is gone.`;
  if (stats.isDirectory() && stats.uid === owner && (stats.mode & FORBIDDEN) === 0) return undefined;
  return `The directory of PostgreSQL's socket, ${directory}, is not what Signet made: it must belong to uid ${owner} with mode 0700, and belongs to uid ${stats.uid} with mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')}. It is not used. Find out who made it, and remove it.`;
}

/** Undefined for what is not there, and for what cannot be looked at. */
function statsOf(directory: string) {
  try {
    return lstatSync(directory);
  } catch {
    return undefined;
  }
}
