#!/usr/bin/env node
// Starts the command under a Node that can: this one, or the one that was installed with the package.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 7)) {
  // A clone runs its source, also when something was built there; below node_modules there is only what was built.
  const source = new URL('../src/cli/signet.ts', import.meta.url);
  // Types are stripped once, not at each start. Where this folder cannot be written, everything works without.
  if (existsSync(source)) enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/signet', import.meta.url)));
  await import(existsSync(source) ? source.href : '../dist/cli/signet.js');
} else {
  const locked = lockedNode();
  if (locked === undefined) {
    console.error(
      `Signet needs Node 24.7 or newer; this is ${process.versions.node}. Run "npm ci" without --omit=optional, which installs one beside it.`,
    );
    process.exit(1);
  }
  const { status } = spawnSync(locked, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

/** Wherever the package manager has put the Node for this platform. */
function lockedNode() {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const { resolve } = createRequire(import.meta.url);
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
