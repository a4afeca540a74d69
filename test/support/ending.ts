// How long a process may take to end after it has drained.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './signet-process.ts';

/** Seconds, as they stand in the source. */
export async function endingSeconds(): Promise<number> {
  const source = await readFile(join(root, 'src/cli/serve.ts'), 'utf8');
  const [, milliseconds] = /drainSeconds \* 1000 \+ ([\d_]+)/.exec(source) ?? [];
  if (milliseconds === undefined) throw new Error('src/cli/serve.ts no longer says how long an end may take');
  return Number(milliseconds.replaceAll('_', '')) / 1000;
}
