// The postmaster that an earlier start left: is it still there, and when is it gone?
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const POLL_MS = 25;
const GONE_WITHIN_MS = 30_000;
/**
 * Stops the postmaster that runs on `data`, if its guard has not yet done so, and waits for its end. Gives the pid in a
 * postmaster.pid that nobody removed: stale for certain, even if the number is in use again.
 * Only the holder of the owner's lock may call it. Throws after 30 seconds.
 */
export async function endFormerPostmaster(data: string): Promise<number | undefined> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  let asked = false;
  for (;;) {
    const pid = await recordedPid(data);
    if (pid === undefined || !(await commandLine(pid)).includes(` -D ${data} -c `)) return pid;
    if (performance.now() > deadline) {
      throw new Error(
        `The former Postgres of ${data} (pid ${pid}) is still shutting down: wait, or end it with "kill -INT ${pid}", then start again`,
      );
    }
    // Its owner is dead, for we hold the lock; the guard asks the same unless it was killed too.
    if (!asked) interrupt(pid);
    asked = true;
    await sleep(POLL_MS);
  }
}

function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function recordedPid(data: string): Promise<number | undefined> {
  const file = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(file);
  return pid > 1 ? pid : undefined;
}

// Empty for a process that is gone or only waits to be reaped. The postmaster keeps the words that it was started with.
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return words.replaceAll('\0', ' ');
  }
  const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  return ps.then(
    ({ stdout }) => stdout,
    () => '',
  );
}
