// docs/deploying.md: the steps to a server that need no service manager, and the location of a path of a shared host.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { withoutMount } from '../../src/http/mount.ts';
import { query } from '../support/database.ts';
import { root } from '../support/signet-process.ts';
import { fencesOf, noteOf } from './markdown.ts';
import { read } from './project.ts';

const document = 'docs/deploying.md';

describe('the steps to a server', () => {
  let directory: string;
  let blocks: string[];
  /** Of the role and of the database, in the place of `signet`: other tests use the same PostgreSQL. */
  const name = `signet_steps_${randomBytes(6).toString('hex')}`;
  const etc = (file: string) => join(directory, file);
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-steps-'));
    await writeFile(etc('runuser'), `#!/bin/sh\ncat > '${etc('sql')}'\n`);
    await chmod(etc('runuser'), 0o755);
    blocks = fencesOf(await read(document))
      .filter((fence) => noteOf(fence, 'run by') === 'test/docs/deploying.test.ts')
      .map(({ text }) => text.replaceAll('/etc/signet', directory).replaceAll('/opt/signet', root));
  });
  afterAll(async () => {
    await query(inject('adminUrl'), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await query(inject('adminUrl'), `DROP ROLE IF EXISTS ${name}`);
    await rm(directory, { recursive: true });
  });

  async function type(commands: string): Promise<string> {
    const env = { PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}`, HOME: directory };
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', commands], { cwd: root, env }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    return stdout + stderr;
  }

  test('make secrets that nobody else reads, and a role that owns the database', async () => {
    expect(blocks).toHaveLength(3);
    expect(await type(blocks[0]!)).toBe('');
    for (const file of ['secret-key', 'database-url']) expect((await stat(etc(file))).mode & 0o777).toBe(0o600);
    const { username, password, pathname } = new URL(await readFile(etc('database-url'), 'utf8'));
    expect([username, pathname]).toEqual(['signet', '/signet']);
    const statements = (await readFile(etc('sql'), 'utf8')).trim().split('\n');
    expect(statements).toEqual([
      `CREATE ROLE signet LOGIN PASSWORD '${password}';`,
      'CREATE DATABASE signet OWNER signet;',
    ]);
    for (const statement of statements) await query(inject('adminUrl'), statement.replaceAll(/\bsignet\b/g, name));
    const here = new URL(inject('adminUrl'));
    Object.assign(here, { username: name, password, pathname: `/${name}` });
    await writeFile(etc('database-url'), `${here.href}\n`);
  });

  test('write settings with which the command finds nothing wrong but the address, which is not ours', async () => {
    expect(await type(blocks[1]!)).toBe('');
    const command = blocks[2]!;
    expect(command).toMatch(/\nsignet doctor\n$/);
    expect(await type(command.replace('signet doctor', 'signet migrate'))).toContain('0001_foundation');
    const found = await type(command);
    for (const check of ['settings', 'secret-files', 'database', 'schema'])
      expect(found).toMatch(new RegExp(`^ok +${check} `, 'm'));
  });
});

describe('the location of a path of a shared host', () => {
  const mount = '/id';
  let location: RegExp;
  beforeAll(async () => {
    const text = fencesOf(await read(document)).find((fence) => fence.text.startsWith('location ~ '))!.text;
    location = new RegExp(/^location ~ (\S+) \{/.exec(text)![1]!);
  });

  test.each([
    '/id',
    '/id/',
    '/id/oauth/token',
    '/id/.well-known/openid-configuration',
    '/id/t/acme/sign-in',
    '/.well-known/openid-configuration/id',
    '/.well-known/openid-configuration/id/t/acme',
    '/.well-known/oauth-authorization-server/id',
    '/.well-known/oauth-authorization-server/id/t/acme',
  ])('%s reaches Signet, which knows it as its own', (address) => {
    expect(location.test(address)).toBe(true);
    expect(withoutMount(mount, address)).not.toBe(address);
  });

  test.each([
    '/',
    '/identity',
    '/shop/id',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/identity',
    '/.well-known/change-password',
  ])('%s stays with the others', (address) => {
    expect(location.test(address)).toBe(false);
    expect(withoutMount(mount, address)).toBe('/-');
  });
});
