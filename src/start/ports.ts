// What can stand in the way of a start, in words that say what to do.
import { createServer } from 'node:net';
import type { Config } from '../config/read.ts';

/**
 * Listens for a moment and stops, to find out before anything is written whether the address can be had.
 * @throws Error that names the setting to change.
 */
export async function listenOnce({ host, port, metrics }: Config): Promise<void> {
  await tryListening(host, port, { host: 'HOST', port: 'PORT' });
  if (metrics) await tryListening(metrics.host, metrics.port, { host: 'METRICS_HOST', port: 'METRICS_PORT' });
}

type Names = { readonly host: string; readonly port: string };

async function tryListening(host: string, port: number, names: Names): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    throw listenProblem(error, host, port, names);
  });
  await new Promise((resolve) => probe.close(resolve));
}

/** Says what to do about an address that cannot be listened on. */
function listenProblem(error: unknown, host: string, port: number, names: Names): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const why: Record<string, string> = {
    EADDRINUSE: `port ${port} of ${host} is taken. Stop the process that listens there, or set ${names.port} to another.`,
    EACCES: `port ${port} may not be used by this user. Set ${names.port} to one above 1023.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set ${names.host} to one that is.`,
  };
  const text = code === undefined ? undefined : why[code];
  return text === undefined ? error : new Error(text, { cause: error });
}
