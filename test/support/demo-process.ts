// `npm run demo` as people run it: in a terminal, whose Ctrl-C reaches every process that was started there.
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { freePort } from '../../src/testing/start.ts';
import { root } from './signet-process.ts';

export type DemoProcess = {
  /** What stands in the terminal so far. */
  output(): string;
  /** Does nothing once it has ended. */
  pressCtrlC(): void;
  /** Resolves with the exit code once it has ended and everything that it wrote is there. */
  readonly ended: Promise<number | null>;
  /** The command lines of what still runs of what was started there. */
  leftBehind(): Promise<string[]>;
};

/** What people type. */
export const typed = 'npm run demo';

/** Starts it with `PORT`, and with `temporary` as the directory for what it writes. */
export function runDemo(port: number, temporary: string): DemoProcess {
  const [command = '', ...args] = typed.split(' ');
  const child = spawn(command, args, {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: temporary,
      NODE_DISABLE_COMPILE_CACHE: '1',
      PORT: String(port),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a shell gives to what is typed into it.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return {
    output: () => output,
    pressCtrlC() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT');
    },
    ended: new Promise((resolve, reject) => child.on('error', reject).on('close', resolve)),
    async leftBehind() {
      const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pgid=,args=']);
      // PostgreSQL has a process group of its own, and the directory in its command line.
      return stdout.split('\n').filter((line) => Number.parseInt(line, 10) === child.pid || line.includes(temporary));
    },
  };
}

/** The first of seven ports in a row that were free a moment ago. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const first = await freePort();
    const others = await Promise.all([1, 2, 3, 4, 5, 6].map((more) => isFree(first + more)));
    if (others.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, 'localhost', () => probe.close(() => resolve(true)));
  });
}
