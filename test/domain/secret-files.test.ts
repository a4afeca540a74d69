// Files that settings name and that hold secrets: which of them other users may read or change, and what is said then.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { checkSecretFiles } from '../../src/config/secret-files.ts';
import { type Setting, settings } from '../../src/config/settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-secret-files-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => chmodSync(directory, 0o755));

/** A file with this mode, in folders with these. */
function fileOf(mode: number, ...folders: number[]): string {
  let folder = mkdtempSync(join(directory, 'f-'));
  chmodSync(folder, 0o755);
  for (const each of folders) {
    folder = join(folder, 'in');
    mkdirSync(folder);
    chmodSync(folder, each);
  }
  const path = join(folder, 'file');
  writeFileSync(path, 'x');
  chmodSync(path, mode);
  return path;
}

const looked = (env: Record<string, string>, mounts = new Set<string>()) =>
  checkSecretFiles(env, mounts).map(({ severity, seen }) => (severity === 'ok' ? 'ok' : seen));

test.each([
  [0o600, []],
  [0o400, []],
  [0o640, []],
  [0o440, []],
  [0o644, ['read (mode 0644)']],
  [0o444, ['read (mode 0444)']],
  [0o604, ['read (mode 0604)']],
  [0o660, ['change (mode 0660)']],
  [0o620, ['change (mode 0620)']],
  [0o602, ['change (mode 0602)']],
  [0o666, ['read and change (mode 0666)']],
])('mode %o: %j', (mode, may) => {
  const path = fileOf(mode);
  const expected = may.map((what) => `SECRET_KEY_FILE names ${path}, which other users may ${what}.`);
  expect(looked({ SECRET_KEY_FILE: path })).toEqual(may.length > 0 ? expected : ['ok']);
});

test.each([
  ['in a folder that its owner alone can enter', 0o644, [0o700], false],
  ['below one', 0o644, [0o700, 0o755], false],
  ['in a folder of a group', 0o644, [0o750], false],
  ['in a folder that shows no names, but lets everybody pass', 0o644, [0o711], true],
  ['which the group may change, in its folder', 0o660, [0o750], true],
  ['which everybody may change, in a folder of its owner', 0o666, [0o700], false],
])('a file %s', (_where, mode, folders, isOpen) => {
  const found = looked({ SECRET_KEY_FILE: fileOf(mode, ...folders) });
  expect(found).toEqual([isOpen ? expect.stringContaining('other users may') : 'ok']);
});

test('a link is judged by where it leads, as Kubernetes mounts a Secret', () => {
  const link = (target: string) => {
    const path = join(mkdtempSync(join(directory, 'l-')), 'secret-key');
    symlinkSync(target, path);
    return path;
  };
  const [open, closed] = [link(fileOf(0o644)), link(fileOf(0o440))];
  const [finding] = checkSecretFiles({ SECRET_KEY_FILE: open });
  expect(finding).toEqual({
    check: 'secret-files',
    severity: 'problem',
    seen: `SECRET_KEY_FILE names ${open}, which other users may read (mode 0644).`,
    todo: `Let it belong to the user that runs Signet, and run "chmod 600 ${open}". If somebody may have read it, replace what it holds.`,
  });
  expect(looked({ SECRET_KEY_FILE: closed })).toEqual(['ok']);
  // Where the link stands does not matter: others do not need it to get at the file.
  chmodSync(dirname(open), 0o700);
  expect(looked({ SECRET_KEY_FILE: open })).toHaveLength(1);
});

test('the cure for Kubernetes is said there, and where the folder is mounted', () => {
  const SECRET_KEY_FILE = fileOf(0o644);
  const cure = (env: object, mounts: string[]) =>
    checkSecretFiles({ SECRET_KEY_FILE, ...env }, new Set(mounts))[0]!.todo;
  const volume = 'in Kubernetes set "defaultMode: 0400" for its volume';
  expect(cure({}, ['/'])).not.toContain(volume);
  expect(cure({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, [])).toContain(volume);
  expect(cure({}, [dirname(SECRET_KEY_FILE)])).toContain(volume);
});

test.each([
  ['SECRET_KEY_FILE', 'problem'],
  ['TLS_KEY', 'problem'],
  ['TLS_KEY_FILE', 'problem'],
  ['PROVISION', 'warning'],
  ['SMTP_URL_FILE', 'warning'],
])('%s, open to others: a %s', (name, severity) => {
  expect(checkSecretFiles({ [name]: fileOf(0o644) }, new Set())).toMatchObject([{ severity }]);
});

test.each([
  ['to which everybody may write', [0o777], true],
  ['below one', [0o777, 0o755], true],
  ['to which everybody may write, and remove what is their own', [0o1777], false],
  ['to which its group may write', [0o775], false],
  ['to which everybody may write, where nobody gets', [0o700, 0o777], false],
])('a file in a folder %s', (_where, folders, isOpen) => {
  const path = fileOf(0o600, ...folders);
  const replaced = `SECRET_KEY_FILE names ${path}, which other users may replace`;
  expect(looked({ SECRET_KEY_FILE: path })).toEqual([isOpen ? expect.stringContaining(replaced) : 'ok']);
});

test('a link in a folder to which everybody may write: they may let it lead elsewhere', () => {
  const folder = mkdtempSync(join(directory, 'w-'));
  const path = join(folder, 'link');
  symlinkSync(fileOf(0o600), path);
  chmodSync(folder, 0o777);
  expect(looked({ SECRET_KEY_FILE: path })).toEqual([expect.stringContaining(`write to the folder ${folder}.`)]);
});

test('a file of another user, whatever its mode; not of the one whose DATA_DIR it is', ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can make a file of another user');
  const path = fileOf(0o600);
  chownSync(path, 12_345, 12_345);
  const env = { SECRET_KEY_FILE: path, DATA_DIR: mkdtempSync(join(directory, 'd-')) };
  expect(looked(env)).toEqual([
    `SECRET_KEY_FILE names ${path}, which belongs to uid 12345: neither root nor the user that runs Signet.`,
  ]);
  chownSync(env.DATA_DIR, 12_345, 12_345);
  expect(looked(env)).toEqual(['ok']);
  expect(looked({ ...env, DATA_DIR: join(directory, 'nowhere') })).toEqual(['ok']);
});

test('a file that is mounted by itself: its folder is not here, so nothing is said', () => {
  const path = fileOf(0o644);
  expect(looked({ SECRET_KEY_FILE: path }, new Set([path]))).toEqual(['ok']);
  expect(looked({ SECRET_KEY_FILE: path }, new Set([dirname(path)]))).toHaveLength(1);
});

test.each(Object.entries<Setting>(settings))(
  '%s_FILE: changed by nobody, and read by nobody if it is secret',
  (name, setting) => {
    for (const variable of [`${name}_FILE`, `SIGNET_${name}_FILE`]) {
      expect(looked({ [variable]: fileOf(0o666) })[0]).toContain(`${variable} names ${directory}`);
      const readable = looked({ [variable]: fileOf(0o644) });
      expect(readable).toEqual([setting.secret ? expect.stringContaining('may read (') : 'ok']);
    }
  },
);

test('files whose paths stand in values: of the TLS key, of the provisioning, and of the client key of the database', () => {
  const path = fileOf(0o644);
  const own = fileOf(0o600);
  const names = { TLS_KEY: path, PROVISION: path, DATABASE_URL: `postgres://ada@db.example.com/x?sslkey=${path}` };
  for (const [name, value] of Object.entries(names)) {
    expect(looked({ [name]: value })).toEqual([`${name} names ${path}, which other users may read (mode 0644).`]);
    writeFileSync(own, value);
    expect(looked({ [`${name}_FILE`]: own })).toEqual([
      `${name} (from ${name}_FILE) names ${path}, which other users may read (mode 0644).`,
    ]);
    expect(looked({ [name]: value.replace(path, own) })).toEqual(['ok']);
  }
});

test('what is no file is no finding, and is not repeated', () => {
  const nowhere = {
    SECRET_KEY_FILE: 'a secret in the place of its path',
    TLS_KEY: '-----BEGIN PRIVATE KEY-----',
    PROVISION: directory,
    DATABASE_URL: 'not an address',
    SMTP_URL_FILE: '/nowhere/\0',
  };
  expect(looked(nowhere)).toEqual(['ok']);
  expect(looked({ PORT: '80' })).toEqual([]);
});
