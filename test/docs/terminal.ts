// A terminal in which people type what documents show: a shell that stays, and programs that keep running.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from '../support/signet-process.ts';

/** A shell: what is set in one block is there in the next. */
export type Terminal = {
  /** Everything that the commands write, until the shell is ready for more. */
  type(commands: string): Promise<string>;
  /** Starts commands that do not end by themselves, in a terminal of their own. */
  start(commands: string): Promise<Program>;
  /** Ends every program that keeps running. */
  endPrograms(): Promise<void>;
  /** Ends the shell as well. */
  close(): Promise<void>;
};

export type Program = { output(): string; readonly hasEnded: boolean };

export function openTerminal(directory: string, env: Readonly<Record<string, string>>): Terminal {
  const complete = {
    PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: process.env['HOME'] ?? directory,
    npm_config_loglevel: 'error',
    // Where npx keeps the link by which it finds the command of the folder: gone with the folder.
    npm_config_cache: join(directory, '.npm'),
    ...env,
  };
  const shell = spawn('bash', ['--noprofile', '--norc'], {
    cwd: directory,
    env: complete,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let look = () => {};
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    look();
  });
  shell.stdin.write('exec 2>&1\n');
  let typed = 0;
  const type = (commands: string) => {
    typed += 1;
    const mark = `--- block ${typed} is done ---`;
    const begun = output.length;
    return new Promise<string>((resolve) => {
      look = () => {
        const end = output.indexOf(mark, begun);
        if (end >= 0) resolve(output.slice(begun, end));
      };
      shell.stdin.write(`${commands}\necho '${mark}'\n`);
    });
  };
  const ends: (() => Promise<void>)[] = [];
  const endPrograms = async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
  };
  return {
    type,
    endPrograms,
    async start(commands) {
      // What was set in the shell is there as well.
      const set = await type(`export -p; declare -p | grep -E '^declare -- [A-Z_]+=".*"$'`);
      const program = run(directory, complete, `${set}\n${commands}`);
      ends.push(() => program.end());
      return program;
    },
    async close() {
      shell.stdin.end();
      await endPrograms();
    },
  };
}

function run(directory: string, env: Record<string, string>, commands: string): Program & { end(): Promise<void> } {
  // A process group of its own, so that its end reaches what the shell has started.
  const child = spawn('bash', ['--noprofile', '--norc', '-c', commands], { cwd: directory, env, detached: true });
  let output = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      hasEnded = true;
      resolve();
    });
  });
  return {
    output: () => output,
    get hasEnded() {
      return hasEnded;
    },
    end() {
      if (!hasEnded) process.kill(-child.pid!, 'SIGTERM');
      return ended;
    },
  };
}
