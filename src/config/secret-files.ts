// The files that settings name and that hold secrets: whether other users may read or change them.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Finding, ok, warning } from '../domain/finding.ts';
import { type Environment, findFile, findGiven } from './names.ts';
import { type Setting, settings } from './settings.ts';

type NamedFile = {
  /** What names it, for messages. */
  readonly source: string;
  readonly path: string;
  /** Whether it is wrong that others read it; that they change it always is. */
  readonly isSecret: boolean;
};

/**
 * A warning for each file that others may read or change. A file that cannot be looked at is none: it is a mistake in the
 * settings, and said there. `mounts`: what is mounted on this machine.
 */
export function checkSecretFiles(env: Environment, mounts = mountPoints()): Finding[] {
  // Modes mean nothing on Windows.
  const files = process.platform === 'win32' ? [] : namedFiles(env);
  const findings = files.flatMap((file) => judged(file, mounts));
  if (findings.length > 0 || files.length === 0) return findings;
  return [
    ok(
      'secret-files',
      'No file with secrets that settings name is open to other users, as far as can be seen from here.',
    ),
  ];
}

/** The same as sentences for the terminal; none when all is well. */
export function secretFileWarnings(env: Environment): string[] {
  return checkSecretFiles(env).flatMap(({ seen, todo }) => (todo === undefined ? [] : [`${seen} ${todo}`]));
}

function namedFiles(env: Environment): NamedFile[] {
  return Object.entries<Setting>(settings).flatMap(([name, { secret, secretFile }]) => {
    const file = findFile(env, name);
    const { given } = findGiven(env, name, true);
    const path = given?.text === undefined ? undefined : secretFile?.(given.text);
    return [
      ...(file ? [{ ...file, isSecret: secret === true }] : []),
      ...(given && path !== undefined ? [{ source: given.source, path, isSecret: true }] : []),
    ];
  });
}

/**
 * That its group reads a file is fine: by a group of its own Signet reads what belongs to root, as in the chart and in
 * systemd's credentials, where an access list shows as rights of the group. That a group writes it never is needed.
 */
function judged({ source, path, isSecret }: NamedFile, mounts: ReadonlySet<string>): Finding[] {
  const file = resolve(path);
  let target: string;
  let mode: number;
  try {
    // Links have no rights of their own, and Kubernetes mounts secrets as links.
    target = realpathSync(file);
    const status = statSync(target);
    if (!status.isFile()) return [];
    mode = status.mode & 0o777;
  } catch {
    return [];
  }
  // Mounted by itself, as Compose does: the folder that keeps others out is outside of the container.
  if (mounts.has(target)) return [];
  const isRead = isSecret && (mode & 0o004) !== 0 && isReached(target, 0o001);
  const isChanged =
    ((mode & 0o002) !== 0 && isReached(target, 0o001)) || ((mode & 0o020) !== 0 && isReached(target, 0o011));
  if (!isRead && !isChanged) return [];
  const what = [...(isRead ? ['read'] : []), ...(isChanged ? ['change'] : [])].join(' and ');
  const cure = `Let it belong to the user that runs Signet, and run "chmod 600 ${file}"; in Kubernetes set "defaultMode: 0400" for its volume.`;
  return [
    warning(
      'secret-files',
      `${source} names ${file}, which other users may ${what} (mode ${mode.toString(8).padStart(4, '0')}).`,
      isRead ? `${cure} If somebody may have read it, replace what it holds.` : cure,
    ),
  ];
}

/**
 * Whether users other than the owner get as far as the file: every folder above must let them pass, by one of the bits
 * in `pass`. A folder for its owner and a group alone leaves to others what a file of mode 0640 would.
 */
function isReached(path: string, pass: number): boolean {
  const above = dirname(path);
  return above === path || ((statSync(above).mode & pass) !== 0 && isReached(above, pass));
}

/** What is mounted here, files among it; empty where the system does not tell so. */
function mountPoints(): Set<string> {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
    return new Set(lines.map((line) => unescaped(line.split(' ')[4] ?? '')));
  } catch {
    return new Set();
  }
}

/** White space and backslashes are written as octal numbers there. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
