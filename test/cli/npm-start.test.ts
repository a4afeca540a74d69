// `npm start` as a supervisor and as a terminal end it: npm and its shell stand between the signal and the server.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { postgresProcesses, root } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let directory: string;
let port: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  port = await freePort();
});
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 20 }));

/** In a process group of its own, as a shell gives to what is typed into it. */
function npmStart() {
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: String(port),
      DATA_DIR: directory,
      DRAIN_SECONDS: '0',
      PASSWORD_HASH_MEMORY_KIB: '7168',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return {
    pid: child.pid!,
    output: () => output,
    code: new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve)),
  };
}

function isListening(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost')
      .on('connect', () => resolve(!!socket.destroy()))
      .on('error', () => resolve(false));
  });
}

test.each([
  ['SIGTERM to npm alone', (npm: number) => process.kill(npm, 'SIGTERM')],
  ['Ctrl-C, which reaches the server at once and once more through npm', (npm: number) => process.kill(-npm, 'SIGINT')],
])('%s: the server answers what is under way and ends, and nothing keeps the port or the data', async (_how, send) => {
  const npm = npmStart();
  try {
    await expect.poll(npm.output, { timeout: 60_000 }).toContain('Signet is ready');
    send(npm.pid);
    expect(await npm.code, npm.output()).toBe(0);
    expect(npm.output()).toContain('Signet is ending');
    expect(await isListening()).toBe(false);
    expect(await postgresProcesses(directory)).toEqual([]);
  } finally {
    try {
      process.kill(-npm.pid, 'SIGKILL');
    } catch {
      // All of the group has ended.
    }
  }
});
