// `npm run build`: what is published. Node strips no types below node_modules, so an installed Signet is JavaScript.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist');
const workshop = join(root, '.test');

mkdirSync(workshop, { recursive: true });
const scratch = mkdtempSync(join(workshop, 'build-'));
try {
  const made = join(scratch, 'made');
  const tsc = join(root, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', made], { cwd: root, stdio: 'inherit' });
  // What the source reads from the disk lies beside it, here as there.
  cpSync(join(root, 'src'), made, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts'),
  });
  // Exchanged as a whole: who packs at this moment finds the former one or this one, not half of it.
  if (existsSync(built)) renameSync(built, join(scratch, 'former'));
  renameSync(made, built);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
