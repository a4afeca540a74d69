#!/usr/bin/env node
// Starts the command under a Node that can: this one, or the one that was installed with the package.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 7)) {
  await import('../src/cli/signet.ts');
} else {
  const locked = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(locked)) {
    console.error(
      `Signet needs Node 24.7 or newer; this is ${process.versions.node}. Run "npm ci" in its folder, which installs one beside it.`,
    );
    process.exit(1);
  }
  const { status } = spawnSync(locked, process.argv.slice(1), { stdio: 'inherit' });
  process.exit(status ?? 1);
}
