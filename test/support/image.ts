// The container image without a container engine: what the Dockerfile would copy and install, in a directory.
import { chmod, copyFile, cp, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './signet-process.ts';

export type Instruction = { readonly stage: number; readonly name: string; readonly argument: string };

export type Image = {
  /** The root of its file system: `WORKDIR` below it has our files, `usr/local/bin` the Node. */
  readonly directory: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
};

/** The instructions of the Dockerfile, continued lines joined. */
export async function instructions(): Promise<Instruction[]> {
  const text = await readFile(join(root, 'Dockerfile'), 'utf8');
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  let stage = -1;
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, argument] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      if (name === undefined || argument === undefined) throw new Error(`not an instruction: ${line}`);
      if (name === 'FROM') stage += 1;
      return { stage, name, argument };
    });
}

/** Whether the build may see a path: the last pattern of .dockerignore that matches it, or a folder above it, decides. */
export async function isInContext(path: string): Promise<boolean> {
  const patterns = (await readFile(join(root, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  let isSeen = true;
  for (const pattern of patterns) {
    const bare = pattern.replace(/^!/, '');
    if (bare !== '*' && /[*?[]/.test(bare)) throw new Error(`this reader knows no pattern such as ${pattern}`);
    if (bare === '*' || path === bare || path.startsWith(`${bare}/`)) isSeen = pattern.startsWith('!');
  }
  return isSeen;
}

/** Follows the Dockerfile into `directory`. Nothing is fetched: the packages come from where `npm ci` has put them here. */
export async function assembleImage(directory: string): Promise<Image> {
  const all = await instructions();
  const last = all.at(-1)!.stage;
  const own = all.filter(({ stage }) => stage === last);
  const one = (name: string) => own.findLast((instruction) => instruction.name === name)!.argument;
  const workdir = one('WORKDIR');
  const inside = (path: string) => join(directory, path.startsWith('/') ? path : join(workdir, path));
  for (const { argument } of own.filter(({ name }) => name === 'COPY')) {
    const [, from, rest = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(argument)!;
    const paths = rest.split(' ');
    const target = paths.pop()!;
    if (from !== undefined) await installPackages(all, paths[0]!, inside(target));
    else
      for (const path of paths)
        await copyFromContext(path, target.endsWith('/') ? inside(join(target, path)) : inside(target));
  }
  await mkdir(join(directory, 'usr/local/bin'), { recursive: true });
  await copyFile(process.execPath, join(directory, 'usr/local/bin/node'));
  await chmod(join(directory, 'usr/local/bin/node'), 0o755);
  for (const { argument } of own.filter(({ name }) => name === 'RUN')) {
    const [, target, link] = /^ln -s (\/\S+) (\/\S+)$/.exec(argument) ?? [];
    if (target === undefined || link === undefined) throw new Error(`this reader cannot run: ${argument}`);
    await symlink(join(directory, target), join(directory, link));
  }
  return {
    directory,
    workdir: join(directory, workdir),
    env: Object.fromEntries(
      own.flatMap(({ name, argument }) =>
        name === 'ENV' ? argument.split(' ').map((pair) => pair.split('=') as [string, string]) : [],
      ),
    ),
    user: one('USER'),
    entrypoint: JSON.parse(one('ENTRYPOINT')) as string[],
    command: JSON.parse(one('CMD')) as string[],
    healthcheck: JSON.parse(/CMD (\[.*\])$/.exec(one('HEALTHCHECK'))![1]!) as string[],
  };
}

async function copyFromContext(path: string, target: string): Promise<void> {
  if (!(await isInContext(path))) throw new Error(`${path} is copied, and .dockerignore keeps it out`);
  await mkdir(dirname(target), { recursive: true });
  await cp(join(root, path), target, { recursive: true });
}

type Locked = { readonly dev?: true; readonly optional?: true };

/** What the first stage leaves: the packages of `npm ci --omit=dev` by the lockfile, without those that it removes again. */
async function installPackages(all: readonly Instruction[], path: string, target: string): Promise<void> {
  const first = all.filter(({ stage }) => stage === 0);
  const copied = first.filter(({ name }) => name === 'COPY').map(({ argument }) => argument);
  const [run = ''] = first.filter(({ name }) => name === 'RUN').map(({ argument }) => argument);
  const [, removed = ''] =
    /^npm ci --omit=dev --ignore-scripts && rm -rf (.*)$/.exec(run.replaceAll(/\s+/g, ' ')) ?? [];
  if (removed === '' || copied[0] !== 'package.json package-lock.json .npmrc ./' || path !== '/signet/node_modules')
    throw new Error('the first stage is another than this reader follows');
  for (const name of copied[0].split(' ').slice(0, -1))
    if (!(await isInContext(name))) throw new Error(`${name} is kept out`);
  const without = removed.trim().split(' ');
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  for (const [name, { dev, optional }] of Object.entries(packages)) {
    if (name === '' || dev || without.some((gone) => name === gone || name.startsWith(`${gone}/`))) continue;
    const source = join(root, name);
    const isHere = await stat(source).then(
      () => true,
      () => false,
    );
    if (!isHere && !optional) throw new Error(`${name} is not installed`);
    if (!isHere) continue;
    await cp(source, join(target, name.replace(/^node_modules\//, '')), {
      recursive: true,
      // Packages inside of packages have a line of their own in the lockfile.
      filter: (file) => !file.slice(source.length).startsWith('/node_modules'),
    });
  }
}

/** Takes the right to write away from everybody, or gives it back to the owner. */
export async function setWritable(directory: string, writable: boolean): Promise<void> {
  for (const entry of [
    directory,
    ...(await readdir(directory, { recursive: true })).map((name) => join(directory, name)),
  ]) {
    const { mode } = await stat(entry);
    await chmod(entry, writable ? mode | 0o200 : mode & 0o555);
  }
}
