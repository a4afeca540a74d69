// Signet as operators run it: a process of its own, with an environment, a terminal and signals.
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '../..');

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Both streams, as they came. */
  readonly output: string;
  readonly stdout: string;
};

export type SignetProcess = {
  readonly pid: number;
  /** What it has written to its terminal so far, both streams. */
  output(): string;
  /** Resolves when the terminal shows `text`; rejects when the process ends without. */
  says(text: string | RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
};

/**
 * Runs a file of ours under this Node, with this environment and nothing else of ours: in a folder where no `.env` of
 * whoever runs the tests is found. `input` is all of its standard input; without, there is none.
 */
export function runSignet(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  command: string = process.execPath,
  input?: string | Uint8Array,
): SignetProcess {
  const [file = '', ...rest] = args;
  const child = spawn(command, [command === 'npm' ? file : join(root, file), ...rest], {
    cwd: import.meta.dirname,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Who ends without reading it has not failed.
  child.stdin.on('error', () => {}).end(input);
  let output = '';
  let stdout = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (stream === child.stdout) stdout += text;
      for (const look of listeners) look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output, stdout }));
  });
  return {
    pid: child.pid!,
    output: () => output,
    async says(text) {
      const shown = new Promise<void>((resolve) => {
        const look = () => {
          if (typeof text === 'string' ? output.includes(text) : text.test(output)) resolve();
        };
        listeners.add(look);
        look();
      });
      const end = ended.then(({ code }) => {
        throw new Error(`ended with ${code} before it said ${String(text)}:\n${output}`);
      });
      await Promise.race([shown, end]);
    },
    kill: (signal) => child.kill(signal),
    ended,
  };
}

/** `signet serve`, once it says that it is ready. */
export async function startProcess(env: Readonly<Record<string, string>>): Promise<SignetProcess> {
  const started = runSignet(['src/cli/signet.ts', 'serve'], { LOG_LEVEL: 'warn', ...env });
  await started.says('Signet is ready');
  return started;
}

/** The command lines of PostgreSQL servers that keep their data below `directory`. */
export async function postgresProcesses(directory: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'args=']);
  return stdout.split('\n').filter((line) => line.includes('postgres') && line.includes(directory));
}
