// Whom Postgres runs as: ourselves, or `nobody` when we are root, which Postgres refuses.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export type Identity = { readonly uid: number; readonly gid: number };

const execute = promisify(execFile);

/** Our own numeric user id. Throws on systems without one (Windows), where the embedded Postgres cannot run. */
export function ownUid(): number {
  const uid = process.getuid?.();
  if (uid === undefined)
    throw new Error('The embedded Postgres needs Linux or macOS: set DATABASE_URL to a PostgreSQL server');
  return uid;
}

/** The identity for every process of the cluster. Throws when root finds no user `nobody`. */
export async function postgresIdentity(): Promise<Identity> {
  const uid = ownUid();
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? uid };
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, nobodyUid, nobodyGid] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(passwd) ?? [];
  if (nobodyUid === undefined || nobodyGid === undefined) {
    throw new Error(
      'Postgres refuses to run as root and there is no user "nobody": run Signet as an ordinary user or set DATABASE_URL',
    );
  }
  // macOS writes nobody's ids as -2; the kernel wants them unsigned.
  return { uid: Number(nobodyUid) >>> 0, gid: Number(nobodyGid) >>> 0 };
}

/**
 * Runs a short command to its end and gives its standard output. Whatever changes a directory that belongs to
 * `identity` goes through here: root acting there itself could be led astray by a planted symlink.
 */
export async function runAs(identity: Identity, command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, [...args], {
    uid: identity.uid,
    gid: identity.gid,
    cwd: '/',
  });
  return stdout.trim();
}

/**
 * Runs a command to its end with open files as its standard input and output: what `identity` could not open itself.
 * @throws Error when it fails.
 */
export async function pipeAs(
  identity: Identity,
  command: string,
  args: readonly string[],
  { input = 'ignore', output = 'ignore' }: { input?: number | 'ignore'; output?: number | 'ignore' },
): Promise<void> {
  const child = spawn(command, [...args], { ...identity, cwd: '/', stdio: [input, output, 'ignore'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}`);
}

/** Whether `identity` can enter `directory`. Throws when this root may not change its identity at all. */
export async function canEnter(identity: Identity, directory: string): Promise<boolean> {
  try {
    await runAs(identity, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory]);
    return true;
  } catch (error) {
    // The shell's own refusal has a numeric code; a string is the system call that failed before the shell ran.
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') return false;
    throw new Error(
      `Cannot start a process as uid ${identity.uid} (${code}): run Signet as an ordinary user or set DATABASE_URL`,
      { cause: error },
    );
  }
}
