// `signet/verifier` from the packed tarball on older and newer Nodes, for a person to try: plain JavaScript beside nothing but jose.
// `npm run trial:verifier`. Fetches Node 22, 24 and 26 from the registry, so it is no part of `npm test`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainVerifier } from '../support/plain-verifier.ts';
import { check, say } from './saying.ts';

const root = join(import.meta.dirname, '../..');
const platform = `node-${process.platform}-${process.arch}`;
const project = mkdtempSync(join(tmpdir(), 'signet-verifier-'));
try {
  execFileSync('npm', ['pack', '--pack-destination', project], { cwd: root, stdio: 'ignore' });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'))!;
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'signet'), { recursive: true });
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', join(modules, 'signet'), '--strip-components=1']);
  symlinkSync(join(root, 'node_modules/jose'), join(modules, 'jose'));
  writeFileSync(join(project, 'check.mjs'), plainVerifier);
  for (const major of [22, 24, 26]) {
    const folder = join(project, `node-${major}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    execFileSync('npm', ['install', '--no-save', '--force', `${platform}@${major}`], { cwd: folder, stdio: 'ignore' });
    const node = join(folder, 'node_modules', platform, 'bin/node');
    const said = execFileSync(node, ['check.mjs'], { cwd: project, encoding: 'utf8' }).trim();
    check(said, said.startsWith(`checked on v${major}.`));
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
say('signet/verifier runs on all of them.');
