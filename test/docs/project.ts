// The files of the project that the documents are held against.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../support/signet-process.ts';

/** The text of a file of the project. */
export function read(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

/** Every Markdown file at the top, in `docs/` and in `examples/`. */
export async function documents(): Promise<string[]> {
  const top = (await readdir(root)).filter((name) => name.endsWith('.md'));
  const below = await Promise.all(
    ['docs', 'examples'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true }))
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name)),
    ),
  );
  return [...top, ...below.flat()].toSorted();
}
