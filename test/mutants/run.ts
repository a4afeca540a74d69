// `npm run mutants [name ...]`: takes one check at a time out of a copy of the source and demands that its test fails.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Mutant } from './mutant.ts';
import { mutants } from './list.ts';

const root = join(import.meta.dirname, '../..');
const copied = [
  'bin',
  'src',
  'test',
  'tools',
  'migrations',
  'package.json',
  'vitest.config.ts',
  'tsconfig.json',
  '.env.example',
  'docs',
  'examples',
  'README.md',
];

type Results = {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { assertionResults: { status: string; title: string }[] }[];
};

/** A copy of the project that mutants may be planted in. */
async function copyProject(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-mutants-'));
  for (const name of copied) await cp(join(root, name), join(directory, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/** Runs one test file, or the tests in it whose names match. */
async function runTests(directory: string, file: string, title?: string): Promise<Results | undefined> {
  const output = join(directory, 'result.json');
  await rm(output, { force: true });
  const args = [
    'run',
    file,
    '--reporter=json',
    `--outputFile=${output}`,
    ...(title === undefined ? [] : ['-t', title]),
  ];
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  await new Promise<void>((resolve) => {
    spawn('vitest', args, { cwd: directory, env: { ...process.env, PATH: path }, stdio: 'ignore' }).on('exit', () =>
      resolve(),
    );
  });
  return readFile(output, 'utf8').then(
    (text) => JSON.parse(text) as Results,
    () => undefined,
  );
}

/** Plants the mutant, runs its test, takes it out again. @returns what is wrong, or undefined when the test failed as it must. */
async function survives(directory: string, mutant: Mutant): Promise<string | undefined> {
  const path = join(directory, mutant.file);
  const original = await readFile(path, 'utf8');
  const parts = original.split(mutant.remove);
  if (parts.length !== 2) return `"${mutant.remove}" stands ${parts.length - 1} times in ${mutant.file}`;
  await writeFile(path, parts.join(mutant.insert));
  try {
    const results = await runTests(directory, mutant.test, mutant.title);
    if (!results || results.numPassedTests + results.numFailedTests === 0) return `${mutant.test} did not run`;
    return results.numFailedTests > 0 ? undefined : `${mutant.test} still passes (${results.numPassedTests} tests)`;
  } finally {
    await writeFile(path, original);
  }
}

const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? mutants : mutants.filter(({ name }) => asked.some((part) => name.includes(part)));
const directory = await copyProject();
let failed = 0;
try {
  const files = [...new Set(chosen.map(({ test }) => test))];
  for (const file of files) {
    const whole = await runTests(directory, file);
    if (whole?.numFailedTests !== 0) {
      failed += 1;
      console.log(`BROKEN    ${file} fails before anything is taken out`);
    }
  }
  for (const mutant of chosen) {
    const problem = await survives(directory, mutant);
    if (problem !== undefined) failed += 1;
    console.log(
      `${problem === undefined ? 'killed   ' : 'SURVIVED '} ${mutant.name}${problem === undefined ? '' : `: ${problem}`}`,
    );
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(`${chosen.length - Math.min(failed, chosen.length)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
