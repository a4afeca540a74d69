// The files that settings name and that hold secrets: whether other users may read, change or replace them.
import { realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Finding, ok, problem, warning } from '../domain/finding.ts';
import { mountPoints } from './mount-points.ts';
import { type Environment, findFile, findGiven } from './names.ts';
import { type Setting, settings } from './settings.ts';

type NamedFile = {
  /** What names it, for messages. */
  readonly source: string;
  readonly path: string;
  /** Whether it is wrong that others read it; that they change it always is. */
  readonly isSecret: boolean;
  /** Whoever has it is Signet for everybody else. */
  readonly isKey: boolean;
};

/** What is known of this machine. */
type Surroundings = {
  /** What is mounted here. */
  readonly mounts: ReadonlySet<string>;
  /** Users who may own such a file; undefined when that cannot be told. */
  readonly owners: ReadonlySet<number> | undefined;
  readonly isKubernetes: boolean;
};

const keys = ['SECRET_KEY', 'TLS_KEY'];
const sticky = 0o1000;

/**
 * What is wrong with each file that others may read, change or replace. A file that cannot be looked at is none: it is a
 * mistake in the settings, and said there. `mounts`: what is mounted on this machine.
 */
export function checkSecretFiles(env: Environment, mounts: ReadonlySet<string> = mountPoints()): Finding[] {
  // Modes mean nothing on Windows.
  const files = process.platform === 'win32' ? [] : namedFiles(env);
  const here = { mounts, owners: ownersOf(env), isKubernetes: env['KUBERNETES_SERVICE_HOST'] !== undefined };
  const findings = files.flatMap((file) => judged(file, here));
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
    const isKey = keys.includes(name);
    return [
      ...(file ? [{ ...file, isSecret: secret === true, isKey }] : []),
      ...(given && path !== undefined ? [{ source: given.source, path, isSecret: true, isKey }] : []),
    ];
  });
}

/** Root may look at what another user runs, whose DATA_DIR it then is; without one it cannot tell who that is. */
function ownersOf(env: Environment): ReadonlySet<number> | undefined {
  const me = process.getuid?.();
  if (me !== 0) return me === undefined ? undefined : new Set([0, me]);
  try {
    return new Set([0, statSync(findGiven(env, 'DATA_DIR', true).given?.text ?? '.data').uid]);
  } catch {
    return undefined;
  }
}

/**
 * That its group reads a file is fine: by a group of its own Signet reads what belongs to root, as in the chart and in
 * systemd's credentials, where an access list shows as rights of the group. That a group writes it never is needed.
 */
function judged({ source, path, isSecret, isKey }: NamedFile, here: Surroundings): Finding[] {
  const file = resolve(path);
  let target: string;
  let mode: number;
  let owner: number;
  let folder: string | undefined;
  try {
    // Links have no rights of their own, and Kubernetes mounts secrets as links.
    target = realpathSync(file);
    const status = statSync(target);
    if (!status.isFile()) return [];
    mode = status.mode & 0o777;
    owner = status.uid;
    // A link that others may replace leads to what they like.
    folder = openFolder(file) ?? openFolder(target);
  } catch {
    return [];
  }
  // Mounted by itself, as Compose does: the folder that keeps others out is outside of the container.
  if (here.mounts.has(target)) return [];
  const grave = isKey ? problem : warning;
  const findings: Finding[] = [];
  const isRead = isSecret && (mode & 0o004) !== 0 && isReached(target, 0o001);
  const isChanged =
    ((mode & 0o002) !== 0 && isReached(target, 0o001)) || ((mode & 0o020) !== 0 && isReached(target, 0o011));
  if (isRead || isChanged) {
    const what = [...(isRead ? ['read'] : []), ...(isChanged ? ['change'] : [])].join(' and ');
    const mounted = here.isKubernetes || here.mounts.has(dirname(file));
    const cure = `Let it belong to the user that runs Signet, and run "chmod 600 ${file}"${mounted ? '; in Kubernetes set "defaultMode: 0400" for its volume' : ''}.`;
    const seen = `${source} names ${file}, which other users may ${what} (mode ${octal(mode)}).`;
    findings.push(
      grave('secret-files', seen, isRead ? `${cure} If somebody may have read it, replace what it holds.` : cure),
    );
  }
  if (folder !== undefined)
    findings.push(
      grave(
        'secret-files',
        `${source} names ${file}, which other users may replace: they may write to the folder ${folder}.`,
        `Run "chmod o-w ${folder}", and look whether the file is still yours.`,
      ),
    );
  if (here.owners && !here.owners.has(owner))
    findings.push(
      warning(
        'secret-files',
        `${source} names ${file}, which belongs to uid ${owner}: neither root nor the user that runs Signet.`,
        'Let it belong to one of the two: its owner may read and change it, whatever its mode.',
      ),
    );
  return findings;
}

/** The folder above, however far, in which others may rename what is not theirs. */
function openFolder(path: string): string | undefined {
  for (let at = dirname(path); ; at = dirname(at)) {
    const { mode } = statSync(at);
    if ((mode & 0o003) === 0o003 && (mode & sticky) === 0 && isReached(at, 0o001)) return at;
    if (dirname(at) === at) return undefined;
  }
}

/**
 * Whether users other than the owner get as far as the file: every folder above must let them pass, by one of the bits
 * in `pass`. A folder for its owner and a group alone leaves to others what a file of mode 0640 would.
 */
function isReached(path: string, pass: number): boolean {
  const above = dirname(path);
  return above === path || ((statSync(above).mode & pass) !== 0 && isReached(above, pass));
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
