// The rule that no document shows a command or a program that nothing runs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/signet-process.ts';
import { acting, cannotRun, followed, heldBy, importedByTests } from './documents.ts';
import { read } from './project.ts';
import { type Fence, fencesOf, fileNameOf, noteOf } from './markdown.ts';

/** What in a document is held to its word by nothing, each with its line. */
export async function problemsOf(document: string, markdown: string): Promise<string[]> {
  const runner = heldBy[document];
  if (runner !== undefined) {
    const problem = await problemOfRunner(document, runner);
    return problem === undefined ? [] : [`${document}: ${problem}`];
  }
  const fences = fencesOf(markdown);
  const problems = await Promise.all(fences.map((fence) => problemOf(document, fence, fences)));
  return problems.flatMap((problem, index) =>
    problem === undefined ? [] : [`${document}:${fences[index]!.line}: ${problem}`],
  );
}

async function problemOf(document: string, fence: Fence, fences: readonly Fence[]): Promise<string | undefined> {
  const reason = noteOf(fence, 'not run');
  if (reason !== undefined) {
    if (!Object.keys(cannotRun).some((name) => `${reason} `.startsWith(`${name} `)))
      return `nothing is known of "${reason}": see cannotRun in test/docs/documents.ts`;
    return fence.text.includes(reason) ? undefined : `it is not run because of "${reason}", which it does not use`;
  }
  const runner = noteOf(fence, 'run by');
  if (runner !== undefined) return problemOfRunner(document, runner);
  if (!acting.includes(fence.language)) return undefined;
  if (!(followed as readonly string[]).includes(document)) return 'neither run nor marked';
  if (fence.language === 'sh' || fence.language === 'http') return undefined;
  const name = fileNameOf(fence);
  if (name === undefined) return 'a program whose first line does not name its file';
  const isUsed = importedByTests.includes(name) || fences.some((other) => other !== fence && other.text.includes(name));
  return isUsed ? undefined : `${name} is written down and never used`;
}

async function problemOfRunner(document: string, runner: string): Promise<string | undefined> {
  if (!existsSync(join(root, runner))) return `it should be run by ${runner}, which is not there`;
  return (await read(runner)).includes(document) ? undefined : `it should be run by ${runner}, which never names it`;
}
