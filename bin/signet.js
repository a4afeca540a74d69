#!/usr/bin/env node
// Starts the command under a Node that can: this one, or the one that was installed with the package.
// An old Node must be able to read this file, so it takes nothing from Node's modules by name that is newer than Node 18.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 7)) {
  // A clone runs its source, also when something was built there; below node_modules there is only what was built.
  const source = new URL('../src/cli/signet.ts', import.meta.url);
  const inClone = existsSync(source);
  // Types are stripped once, not at each start. Where this folder cannot be written, everything works without.
  if (inClone) nodeModule.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/signet', import.meta.url)));
  await import(inClone ? source.href : '../dist/cli/signet.js');
} else {
  const locked = lockedNode();
  if (locked === undefined) {
    console.error(
      `Signet needs Node 24.7 or newer; this is ${process.versions.node}. Run "npm ci" in its folder, which installs one beside it.`,
    );
    process.exit(1);
  }
  // As in package.json, by this file's own hand: what this Node was told with it may be why it counts as an old one.
  const args = ['--max-semi-space-size=8', fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { MALLOC_ARENA_MAX: '2', ...process.env };
  const child = spawn(locked, args, { stdio: 'inherit', env });
  // Whoever stops this process means the other. Ctrl-C reaches both from the terminal; there it must only be survived.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** Wherever the package manager has put the Node for this platform. */
function lockedNode() {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const { resolve } = nodeModule.createRequire(import.meta.url);
  for (const name of [`node-${platform}`, `node-bin-${platform}`]) {
    try {
      const program = process.platform === 'win32' ? 'node.exe' : 'node';
      const path = join(dirname(resolve(`${name}/package.json`)), 'bin', program);
      if (existsSync(path)) return path;
    } catch {
      // Not installed, or not made for this platform.
    }
  }
  return undefined;
}
