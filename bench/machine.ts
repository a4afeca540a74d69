// The machine: what it is, which core runs what, and what processes have cost so far. Costs are read on Linux only.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** False: the server, its load and its database compete for the same cores. */
  readonly pinned: boolean;
  /** False: what processes cost cannot be read here. */
  readonly costs: boolean;
};

/** The server under test has the first core; the load and PostgreSQL share the second. */
const serverCore = '0';
const loadCore = '1';

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    pinned: all.length > 1 && hasTaskset(),
    costs: existsSync('/proc/self/stat'),
  };
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '-p', String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Keeps this process, and what it starts from now on, on the core of the load. */
export function pinLoad({ pinned }: Machine): void {
  if (pinned) execFileSync('taskset', ['-a', '-c', '-p', loadCore, String(process.pid)], { stdio: 'ignore' });
}

/** The command that runs `command` on the server's core, or on every core. */
export function placed(
  { pinned }: Machine,
  where: 'server core' | 'every core',
  command: readonly string[],
): [string, ...string[]] {
  const [file = '', ...args] = command;
  if (!pinned) return [file, ...args];
  return ['taskset', '-c', where === 'server core' ? serverCore : `${serverCore},${loadCore}`, file, ...args];
}

/** What a process is, has cost and holds, as the kernel counts it. */
type Stat = { readonly parent: number; readonly own: number; readonly ended: number };

// USER_HZ is 100 on every Linux that Node runs on.
const tickMicroseconds = 10_000;

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces; what follows has fixed places (proc_pid_stat(5)).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) * tickMicroseconds;
    return { parent: Number(fields[1]), own: ticks(11), ended: ticks(13) };
  } catch {
    return undefined;
  }
}

/** Microseconds of CPU that the process has used, all threads together; undefined where it cannot be read. */
export function cpuOf(pid: number): number | undefined {
  return statOf(pid)?.own;
}

/** Microseconds of CPU that PostgreSQL has used: the postmaster and all its children, also those that have ended. */
export function cpuOfPostgres(postmaster: number): number | undefined {
  const main = statOf(postmaster);
  if (!main) return undefined;
  let sum = main.own + main.ended;
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat?.parent === postmaster) sum += stat.own;
  }
  return sum;
}

/** Microseconds of CPU that everything on this machine has used, but for interrupts; undefined where it cannot be read. */
export function cpuOfAll(): number | undefined {
  try {
    const [, user, nice, system] = /^cpu +(\d+) (\d+) (\d+)/.exec(readFileSync('/proc/stat', 'latin1'))!;
    return (Number(user) + Number(nice) + Number(system)) * tickMicroseconds;
  } catch {
    return undefined;
  }
}

/** Which process started `pid`. */
export function parentOf(pid: number): number | undefined {
  return statOf(pid)?.parent;
}

/** MiB of memory that the process holds (RSS); undefined where it cannot be read. */
export function memoryOf(pid: number): number | undefined {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match ? Math.round(Number(match[1]) / 1024) : undefined;
  } catch {
    return undefined;
  }
}
