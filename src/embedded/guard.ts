// Runs a process that must not outlive this one: a shell beside it waits on a pipe that the kernel closes when we die.
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { once } from 'node:events';
import { constants as system } from 'node:os';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Identity } from './identity.ts';

/** How a process ended: by itself with a status, or by a signal. Neither is known of one that could not be started. */
export type Ending = { readonly status?: number; readonly signal?: string };

export type Guarded = {
  /** Settles when the process and its guard have ended: how, and what the shell had to say. */
  readonly ended: Promise<{ readonly how: Ending; readonly complaint: string }>;
  /** Asks for the end with SIGINT, which is a fast shutdown for Postgres; repeated every second until it has ended. */
  stop(): void;
  /** Lets this process exit without having called stop(); the guard then stops the other one. */
  detach(): void;
};

// The guard ignores signals so that only the pipe decides. SIGINT is repeated because it is lost on a process that has
// not installed its handler yet. What ends by itself may be run again, so that the directory `scratch` stays, unless the pipe
// closed: then the file `.runs` beside the log is renamed to `.ended`, which works on a full disk too. They lie there because
// `scratch` may be where cleaners remove what is old. `env -i` keeps PGDATA, PGPORT and the like of our environment away
// from Postgres.
const GUARD = `
log=$1 scratch=$2 remains=$3 formerly=$4
shift 4
umask 077
[ -z "$scratch" ] || { rm -f -- "$log.ended" && : >"$log.runs"; } || exit
[ ! -e "$log" ] || mv -f -- "$log" "$log.1"
exec 3<&0 </dev/null 2>"$log" || exit
env -i PATH="$PATH" LC_ALL=C TZ=UTC PG_GRANDPARENT_PID="$formerly" "$@" 3<&- &
child=$!
trap '' HUP INT TERM
(read -r _ <&3
[ -z "$scratch" ] || mv -f -- "$log.runs" "$log.ended" || (: >"$log.ended")
while kill -INT $child; do sleep 1; done) 2>/dev/null &
watch=$!
wait $child
status=$?
kill -KILL $watch
[ -z "$scratch" ] || [ ! -e "$log.ended" ] || rm -rf -- "$scratch"
[ -z "$scratch" ] || rm -f -- "$log.runs" "$log.ended"
[ -z "$remains" ] || [ $status -ne 0 ] || rm -rf -- "$remains"
exit $status`;

const TAIL_BYTES = 4096;

/**
 * Starts a command in a process group of its own (Ctrl-C does not reach it), its standard error in the file `log`,
 * the one before it in `log`.1. `scratch` is a directory to remove when it was told to end, or we have died; `remains` is one to remove unless the
 * command failed, whose log may lie there. `formerPid` is one that Postgres shall not take for a living postmaster, although the
 * number is in use again.
 */
export function runGuarded(
  identity: Identity,
  command: readonly string[],
  files: {
    readonly log: string;
    readonly scratch?: string;
    readonly remains?: string | undefined;
    readonly formerPid?: number | undefined;
  },
): Guarded {
  const child = spawn(
    '/bin/sh',
    ['-c', GUARD, 'sh', files.log, files.scratch ?? '', files.remains ?? '', String(files.formerPid ?? ''), ...command],
    {
      uid: identity.uid,
      gid: identity.gid,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  );
  // Ending a pipe whose reader is gone is no news: `ended` tells it.
  child.stdin.on('error', () => {});
  const complaint = text(child.stderr);
  const ended = once(child, 'exit').then(
    async ([status, signal]) => ({
      how: endingOf(status as number | null, signal as string | null),
      complaint: await complaint,
    }),
    (error: unknown) => ({ how: {}, complaint: String(error) }),
  );
  return {
    ended,
    stop() {
      child.ref();
      child.stdin.end();
    },
    detach() {
      child.unref();
      (child.stdin as Socket).unref();
    },
  };
}

// A shell says 128 more than the number of the signal that ended what it ran.
function endingOf(status: number | null, signal: string | null): Ending {
  if (status === null) return signal === null ? {} : { signal };
  const [name] = Object.entries(system.signals).find(([, number]) => number === status - 128) ?? [];
  return name === undefined ? { status } : { signal: name };
}

/** The last 4 kB of a log, for an error message; empty when there is none. */
export async function tail(log: string): Promise<string> {
  const handle = await open(log, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(TAIL_BYTES),
      0,
      TAIL_BYTES,
      Math.max(0, size - TAIL_BYTES),
    );
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}
