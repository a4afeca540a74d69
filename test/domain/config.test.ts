// The settings: what each accepts and refuses, how they are found, and that the documents say the same.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { renderConfigurationDoc, renderEnvExample } from '../../tools/config-docs.ts';
import { type Setting, settings } from '../../src/config/settings.ts';
import { type Config, ConfigError, examineConfig, readConfig } from '../../src/config/read.ts';
import type { SmtpServer } from '../../src/domain/mail.ts';
import { certificate } from '../support/certificate.ts';

const CORES = 8;
type Env = Record<string, string | undefined>;

const configOf = (env: Env): Config => readConfig(env, CORES).config;
const warningsOf = (env: Env): string[] => readConfig(env, CORES).warnings;

function problemsOf(env: Env): string[] {
  try {
    readConfig(env, CORES);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const directory = mkdtempSync(join(tmpdir(), 'signet-config-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function fileWith(content: string): string {
  const path = join(directory, randomBytes(8).toString('hex'));
  writeFileSync(path, content);
  return path;
}

const tls = certificate();
const key = randomBytes(32);
const KEY = key.toString('base64');
const MAIL_FROM = 'Accounts <accounts@example.com>';
const DATABASE_URL = 'postgres://signet:hunter22@db.example.com/signet';

describe('defaults', () => {
  test('an empty environment is enough', () => {
    expect(readConfig({}, CORES)).toEqual({
      config: {
        publicUrl: 'http://localhost:3000',
        host: 'localhost',
        port: 3000,
        databasePoolSize: 10,
        preparedStatements: true,
        dataDir: '.data',
        trustProxy: [],
        inbox: true,
        logLevel: 'info',
        passwordHash: {
          memoryKiB: 19_456,
          iterations: 2,
          parallelism: 1,
          concurrency: 3,
          queue: 64,
        },
        drainSeconds: 3,
      },
      warnings: [],
    });
  });

  test('absent settings are absent, not undefined', () => {
    expect(Object.values(configOf({}))).not.toContain(undefined);
    expect(Object.keys(configOf({}))).not.toContain('databaseUrl');
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [64, 3],
  ])('%i cores: %i hashes at once', (cores, concurrency) => {
    expect(readConfig({}, cores).config.passwordHash.concurrency).toBe(concurrency);
  });

  test.each([
    [{ PORT: '8080' }, 'http://localhost:8080', 'localhost'],
    [{ PORT: '80' }, 'http://localhost', 'localhost'],
    [{ PUBLIC_URL: 'http://127.0.0.1:9000' }, 'http://127.0.0.1:9000', 'localhost'],
    [{ PUBLIC_URL: 'https://id.example.com', TRUST_PROXY: '10.0.0.1' }, 'https://id.example.com', '0.0.0.0'],
    [{ PUBLIC_URL: 'https://id.example.com', TRUST_PROXY: '10.0.0.1', HOST: '::1' }, 'https://id.example.com', '::1'],
  ])('%j is reached at %s and listens on %s', (env, publicUrl, host) => {
    expect(configOf(env)).toMatchObject({ publicUrl, host });
  });
});

describe('values', () => {
  const https = { TRUST_PROXY: '10.0.0.1' };
  const withKey = { SECRET_KEY: KEY };

  test.each<[Env, Partial<Config>]>([
    [{ PUBLIC_URL: 'HTTPS://ID.Example.com:443/', ...https }, { publicUrl: 'https://id.example.com' }],
    [{ PUBLIC_URL: 'https://id.example.com:8443', ...https }, { publicUrl: 'https://id.example.com:8443' }],
    [{ PUBLIC_URL: 'HTTPS://Example.com/id/', ...https }, { publicUrl: 'https://example.com/id' }],
    [{ PUBLIC_URL: 'https://example.com/sign.in/v-2', ...https }, { publicUrl: 'https://example.com/sign.in/v-2' }],
    [{ PUBLIC_URL: 'http://app.localhost:3000/' }, { publicUrl: 'http://app.localhost:3000' }],
    [{ PUBLIC_URL: 'http://127.9.8.7' }, { publicUrl: 'http://127.9.8.7' }],
    [{ PUBLIC_URL: 'http://[::1]:3000' }, { publicUrl: 'http://[::1]:3000', host: 'localhost' }],
    [{ HOST: '127.0.0.1' }, { host: '127.0.0.1' }],
    [{ HOST: '::' }, { host: '::' }],
    [{ PORT: ' 65535 ' }, { port: 65_535 }],
    [
      { DATABASE_URL, ...withKey },
      { databaseUrl: `${DATABASE_URL}?sslmode=verify-full`, secretKeys: [key] },
    ],
    ...[
      'postgres://signet@db.example.com/signet?sslmode=disable',
      'postgres://signet@db.example.com/signet?ssl=true',
      'postgres://signet@localhost:5433/signet',
      'postgres://signet@127.0.0.1/signet',
      'postgres://signet@[::1]/signet?application_name=x',
      'postgres://signet@%2Frun%2Fpostgresql/signet',
    ].map((url): [Env, object] => [{ DATABASE_URL: url, ...withKey }, { databaseUrl: url }]),
    [
      { DATABASE_URL: 'postgres://signet@localhost/signet?host=db.example.com', ...withKey },
      { databaseUrl: 'postgres://signet@localhost/signet?host=db.example.com&sslmode=verify-full' },
    ],
    [
      { DATABASE_URL: 'postgresql://signet@/signet?host=/run/postgresql', ...withKey },
      { databaseUrl: 'postgresql://signet@/signet?host=/run/postgresql' },
    ],
    [
      { OUTBOUND_ALLOW: 'sms.internal:8080, [::1]:9090' },
      {
        outboundAllow: [
          { host: 'sms.internal', port: 8080 },
          { host: '::1', port: 9090 },
        ],
      },
    ],
    [{ DATABASE_POOL_SIZE: '100' }, { databasePoolSize: 100 }],
    [{ PREPARED_STATEMENTS: 'False' }, { preparedStatements: false }],
    [{ PREPARED_STATEMENTS: 'true' }, { preparedStatements: true }],
    [{ DATA_DIR: '/var/lib/signet' }, { dataDir: '/var/lib/signet' }],
    [{ SECRET_KEY: `${key.toString('base64url')}, ${'A'.repeat(43)}` }, { secretKeys: [key, Buffer.alloc(32)] }],
    [
      { TRUST_PROXY: '10.0.0.0/8, 192.168.1.7,fc00::/7,::1' },
      { trustProxy: ['10.0.0.0/8', '192.168.1.7', 'fc00::/7', '::1'] },
    ],
    [{ LOG_LEVEL: 'WARN' }, { logLevel: 'warn' }],
    [
      { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'long enough for all' },
      { adminEmail: 'ada@example.com', adminPassword: 'long enough for all' },
    ],
    [{ DRAIN_SECONDS: '0' }, { drainSeconds: 0 }],
    ...Object.entries<SmtpServer>({
      'smtps://ada:p%40ss%2F@mail.example.com': {
        host: 'mail.example.com',
        port: 465,
        tls: 'from the start',
        login: { user: 'ada', password: 'p@ss/' },
      },
      'smtp://mail.example.com': { host: 'mail.example.com', port: 587, tls: 'required' },
      'SMTP://mail.example.com:25/?tls=off': { host: 'mail.example.com', port: 25, tls: 'off' },
      'smtp://localhost:1025': { host: 'localhost', port: 1025, tls: 'when offered' },
      'smtp://[::1]:25': { host: '::1', port: 25, tls: 'when offered' },
      'smtps://127.0.0.1': { host: '127.0.0.1', port: 465, tls: 'from the start' },
    }).map(([SMTP_URL, server]): [Env, Partial<Config>] => [
      { SMTP_URL, MAIL_FROM },
      { mail: { server, from: { name: 'Accounts', address: 'accounts@example.com' } } },
    ]),
    [{ METRICS_PORT: '9464' }, { metrics: { host: 'localhost', port: 9464 } }],
    [{ METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' }, { metrics: { host: '0.0.0.0', port: 9464 } }],
  ])('%j', (env, expected) => {
    expect(readConfig(env, CORES)).toMatchObject({ config: expected, warnings: [] });
  });

  test.each<[Env, string | RegExp]>([
    [{ PUBLIC_URL: 'id.example.com' }, 'PUBLIC_URL must be an address such as'],
    [{ PUBLIC_URL: 'https:id.example.com' }, 'PUBLIC_URL must be an address such as'],
    [{ PUBLIC_URL: 'ftp://id.example.com' }, 'PUBLIC_URL must be an address such as'],
    [{ PUBLIC_URL: 'https://id.example.com/a b' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://id.example.com/./auth' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://id.example.com/../auth' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://id.example.com/%61uth' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://example.com/id/t/acme' }, 'must not have /t or /.well-known in its path'],
    [{ PUBLIC_URL: 'https://example.com/t' }, 'must not have /t or /.well-known in its path'],
    [{ PUBLIC_URL: 'https://example.com/.well-known/id' }, 'must not have /t or /.well-known in its path'],
    [{ PUBLIC_URL: 'https://id.example.com//' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://id.example.com/?' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://id.example.com#' }, 'without query and fragment'],
    [{ PUBLIC_URL: 'https://*.example.com' }, 'PUBLIC_URL must be an address such as'],
    [{ PUBLIC_URL: 'https://id.example.com:99999' }, 'PUBLIC_URL must be an address such as'],
    [{ PUBLIC_URL: 'http://id.example.com' }, 'PUBLIC_URL must start with https://'],
    [{ PUBLIC_URL: 'http://10.0.0.1' }, 'PUBLIC_URL must start with https://'],
    [{ PUBLIC_URL: 'http://0.0.0.0:3000' }, 'PUBLIC_URL must start with https://'],
    [{ PUBLIC_URL: 'http://localhost.example.com' }, 'PUBLIC_URL must start with https://'],
    [{ PUBLIC_URL: 'http://127.0.0.1.example.com' }, 'PUBLIC_URL must start with https://'],
    [
      { HOST: 'localhost:3000' },
      'HOST must be an IP address or host name, without scheme or port; it is "localhost:3000".',
    ],
    [{ HOST: 'http://localhost' }, 'HOST must be an IP address or host name'],
    [{ HOST: '999.1.1.1' }, 'HOST must be an IP address or host name'],
    [{ PORT: 'http' }, 'PORT must be a whole number from 1 to 65535; it is "http".'],
    [{ PORT: '0' }, 'PORT must be a whole number'],
    [{ PORT: '65536' }, 'PORT must be a whole number'],
    [{ PORT: '-1' }, 'PORT must be a whole number'],
    [{ PORT: '3e3' }, 'PORT must be a whole number'],
    [{ PORT: '0x50' }, 'PORT must be a whole number'],
    [{ DATABASE_URL: 'mysql://db/signet', SECRET_KEY: KEY }, 'DATABASE_URL must be an address such as postgres://'],
    [{ DATABASE_URL: 'db.example.com', SECRET_KEY: KEY }, 'DATABASE_URL must be an address such as postgres://'],
    [{ DATABASE_URL: 'postgres://u:a/b@db/x', SECRET_KEY: KEY }, 'percent-encoded'],
    [{ DATABASE_POOL_SIZE: '0' }, 'DATABASE_POOL_SIZE must be a whole number from 1 to 100'],
    ...[
      'mail.example.com:25',
      'http://mail.example.com',
      'smtp://',
      'smtp://mail.example.com/inbox',
      'smtp://mail.example.com?tls=on',
      'smtps://mail.example.com?tls=off',
      'smtp://mail.example.com?tls=off&x=1',
      'smtp://mail.example.com#x',
      'smtp://mail%0d%0a.example.com',
      'smtp://mail.example.com:99999',
    ].map((SMTP_URL): [Env, string] => [{ SMTP_URL, MAIL_FROM }, 'SMTP_URL must be an address such as smtps://']),
    [{ SMTP_URL: 'smtp://ada@mail.example.com', MAIL_FROM }, 'SMTP_URL must name both user and password'],
    [{ SMTP_URL: 'smtp://ada:100%@mail.example.com', MAIL_FROM }, 'percent-encoded'],
    [{ SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'ada' }, 'MAIL_FROM must be an e-mail address, or a name and'],
    [{ SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'a@b.example, c@d.example' }, 'MAIL_FROM must be'],
    [{ SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'A <a@b.example>\nBcc: c@d.example' }, 'MAIL_FROM must be'],
    [{ PREPARED_STATEMENTS: 'maybe' }, 'PREPARED_STATEMENTS must be true or false'],
    [{ DATA_DIR: 'one\ntwo' }, 'DATA_DIR must be the path of a directory'],
    [{ SECRET_KEY: 'changeme' }, 'SECRET_KEY must be 32 bytes in base64; make a key with: openssl rand -base64 32'],
    [{ SECRET_KEY: `${KEY},` }, '(wrong: number 2 of 2)'],
    [{ SECRET_KEY: `x,${KEY},y` }, '(wrong: number 1, 3 of 3)'],
    [{ SECRET_KEY: `${KEY},${key.toString('base64url')}` }, 'SECRET_KEY must not name the same key twice'],
    [{ LOG_LEVEL: 'verbose' }, 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent'],
    [
      { PROVISION: '/nowhere/provision.yaml' },
      /^PROVISION must be the path of a file that Signet can read \(ENOENT\); it is "\/nowhere/,
    ],
    [{ PROVISION: 'clients:\n- x' }, 'PROVISION must be the path of a file'],
    [{ ADMIN_EMAIL: 'ada', ADMIN_PASSWORD: 'long enough for all' }, 'ADMIN_EMAIL must be an e-mail address'],
    [
      { ADMIN_EMAIL: 'ada@example..com', ADMIN_PASSWORD: 'long enough for all' },
      'ADMIN_EMAIL must be an e-mail address',
    ],
    [
      { ADMIN_EMAIL: 'a@b.example,c@d.example', ADMIN_PASSWORD: 'long enough for all' },
      'ADMIN_EMAIL must be an e-mail address',
    ],
    [
      { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: '12345678901234' },
      'ADMIN_PASSWORD must have at least 15 characters',
    ],
    [
      { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: '🔑'.repeat(14) },
      'ADMIN_PASSWORD must have at least 15 characters',
    ],
    [{ PASSWORD_HASH_MEMORY_KIB: '7167' }, 'from 7168 to 1048576'],
    [{ PASSWORD_HASH_ITERATIONS: '11' }, 'from 1 to 10'],
    [{ PASSWORD_HASH_PARALLELISM: '5' }, 'from 1 to 4'],
    [{ PASSWORD_HASH_CONCURRENCY: '0' }, 'from 1 to 64'],
    [{ PASSWORD_HASH_QUEUE: 'many' }, 'from 0 to 10000'],
    [{ DRAIN_SECONDS: '61' }, 'from 0 to 60'],
  ])('%j is refused', (env, expected) => {
    expect(problemsOf(env)).toEqual([
      expected instanceof RegExp ? expect.stringMatching(expected) : expect.stringContaining(expected),
    ]);
  });

  test.each([
    ['true', 'is not an address or range'],
    ['1', 'is not an address or range'],
    ['*', 'is not an address or range'],
    ['', undefined],
    ['10.0.0.1,,10.0.0.2', 'is not an address or range'],
    ['loopback', 'is not an address or range'],
    ['proxy.example.com', 'is not an address or range'],
    ['10.0.0.0/33', 'is not an address or range'],
    ['10.0.0.0/255.0.0.0', 'is not an address or range'],
    ['fe80::1%eth0', 'is not an address or range'],
    ['fc00::/129', 'is not an address or range'],
    ['0.0.0.0', 'would trust everybody'],
    ['0.0.0.0/0', 'would trust everybody'],
    ['10.0.0.0/0', 'would trust everybody'],
    ['128.0.0.0/1', 'would trust everybody'],
    ['::', 'would trust everybody'],
    ['::/0', 'would trust everybody'],
    ['::/8', 'would trust everybody'],
    ['8000::/1', 'would trust everybody'],
    ['::ffff:0:0/96', 'everybody'],
    ['::ffff:0.0.0.0/96', 'everybody'],
    ['::ffff:10.0.0.0/104', 'write it as IPv4'],
    ['::ffff:128.0.0.0/97', 'write it as IPv4'],
    ['::8000:0:0/81', 'would trust everybody'],
  ])('TRUST_PROXY=%s: %s', (text, reason) => {
    expect(problemsOf({ TRUST_PROXY: text })).toEqual(reason === undefined ? [] : [expect.stringContaining(reason)]);
  });

  test('every bad proxy is named, the good ones are not', () => {
    const [problem] = problemsOf({ TRUST_PROXY: '10.0.0.1,all,0.0.0.0/0' });
    expect(problem).toContain('"all" is not an address or range, "0.0.0.0/0" would trust everybody');
    expect(problem).not.toContain('"10.0.0.1"');
  });
});

describe('settings that go together', () => {
  const PUBLIC_URL = 'https://id.example.com';

  test.each([
    ['as text', tls.cert, tls.key],
    ['as paths', fileWith(`${tls.cert}\n`), fileWith(`${tls.key}\n`)],
  ])('a certificate and its key %s', (_, TLS_CERT, TLS_KEY) => {
    expect(configOf({ PUBLIC_URL, TLS_CERT, TLS_KEY }).tls).toEqual(tls);
  });

  test('the path of a provisioning file that exists', () => {
    const path = fileWith('{}');
    expect(configOf({ PROVISION: path }).provision).toBe(path);
  });

  test.each<[string, Env, string[]]>([
    [
      'https without anything that speaks TLS',
      { PUBLIC_URL },
      ['nothing here speaks TLS. Set TLS_CERT and TLS_KEY, or TRUST_PROXY'],
    ],
    ['metrics where everybody is', { METRICS_PORT: '3000' }, ['METRICS_PORT is the same as PORT']],
    ['TLS without PUBLIC_URL', { TLS_CERT: tls.cert, TLS_KEY: tls.key }, ['PUBLIC_URL must start with https://']],
    [
      'TLS with an http PUBLIC_URL',
      { PUBLIC_URL: 'http://localhost:3000', TLS_CERT: tls.cert, TLS_KEY: tls.key },
      ['PUBLIC_URL must start with https://'],
    ],
    [
      'a certificate without key',
      { PUBLIC_URL, TLS_CERT: tls.cert },
      ['TLS_CERT is set without TLS_KEY. Set both or neither.'],
    ],
    [
      'a key without certificate',
      { PUBLIC_URL, TLS_KEY: tls.key },
      ['TLS_KEY is set without TLS_CERT. Set both or neither.'],
    ],
    [
      'a key of another certificate',
      { PUBLIC_URL, TLS_CERT: tls.cert, TLS_KEY: certificate().key },
      ['TLS_KEY is not the private key of TLS_CERT'],
    ],
    [
      'certificate and key exchanged',
      { PUBLIC_URL, TLS_CERT: tls.key, TLS_KEY: tls.cert },
      ['TLS_CERT must be a certificate in PEM', 'TLS_KEY must be an unencrypted private key in PEM'],
    ],
    [
      'paths that lead nowhere',
      { PUBLIC_URL, TLS_CERT: '/nowhere/crt', TLS_KEY: '/nowhere/key' },
      ['TLS_CERT must be PEM text or the path of a PEM file that Signet can read (ENOENT)', 'TLS_KEY must be PEM text'],
    ],
    ['a database without secret key', { DATABASE_URL }, ['Make one with: openssl rand -base64 32']],
    [
      'a malformed database URL without secret key',
      { DATABASE_URL: 'db' },
      ['DATABASE_URL must be an address', 'SECRET_KEY is required with DATABASE_URL'],
    ],
    [
      'an administrator without password',
      { ADMIN_EMAIL: 'a@example.com' },
      ['ADMIN_EMAIL is set without ADMIN_PASSWORD'],
    ],
    [
      'a password without administrator',
      { ADMIN_PASSWORD: 'long enough for all' },
      ['ADMIN_PASSWORD is set without ADMIN_EMAIL'],
    ],
    ['a mail server without sender', { SMTP_URL: 'smtp://127.0.0.1' }, ['SMTP_URL is set without MAIL_FROM']],
    ['a sender without mail server', { MAIL_FROM }, ['MAIL_FROM is set without SMTP_URL']],
  ])('%s', (_, env, expected) => {
    expect(problemsOf(env)).toEqual(expected.map((part) => expect.stringContaining(part)));
  });

  test.each([
    ['1', 47_104],
    ['2', 19_456],
    ['3', 12_288],
    ['10', 12_288],
  ])('hashes of %s passes take %i KiB at least, where others reach them', (PASSWORD_HASH_ITERATIONS, least) => {
    const given = (kiB: number) => ({ PASSWORD_HASH_ITERATIONS, PASSWORD_HASH_MEMORY_KIB: String(kiB) });
    const open = { PUBLIC_URL, TRUST_PROXY: '10.0.0.1' };
    expect(problemsOf({ ...open, ...given(least) })).toEqual([]);
    expect(problemsOf({ ...open, ...given(least - 1) })).toEqual([
      `PASSWORD_HASH_MEMORY_KIB must be at least ${least} with PASSWORD_HASH_ITERATIONS=${PASSWORD_HASH_ITERATIONS}. Raise one of the two: only where PUBLIC_URL is a loopback host may hashes be cheaper.`,
    ]);
    for (const near of [{}, { PUBLIC_URL: 'http://127.0.0.1:3000' }, { ...open, PUBLIC_URL: 'https://localhost' }])
      expect(problemsOf({ ...near, ...given(7168) })).toEqual([]);
  });

  test('one pass alone is too cheap with the memory that is the default', () => {
    const open = { PUBLIC_URL, TRUST_PROXY: '10.0.0.1' };
    expect(problemsOf({ ...open, PASSWORD_HASH_ITERATIONS: '1' })).toHaveLength(1);
    expect(problemsOf(open)).toEqual([]);
  });

  test('what is malformed is not reported as missing too', () => {
    expect(problemsOf({ PUBLIC_URL, TRUST_PROXY: 'all' })).toHaveLength(1);
    expect(problemsOf({ DATABASE_URL, SECRET_KEY: 'short' })).toHaveLength(1);
    expect(problemsOf({ DATABASE_URL, SECRET_KEY_FILE: '/nowhere/key' })).toHaveLength(1);
  });
});

describe('names', () => {
  test('a prefixed name means the same', () => {
    expect(configOf({ SIGNET_PORT: '4000', SIGNET_DATA_DIR: '/data' })).toMatchObject({
      port: 4000,
      dataDir: '/data',
    });
  });

  test.each(['PORT_FILE', 'SIGNET_PORT_FILE'])('%s names a file with the value', (name) => {
    expect(configOf({ [name]: fileWith('\n 4000\n') }).port).toBe(4000);
  });

  test('prefixed and bare with the same value agree', () => {
    expect(configOf({ PORT: '4000', SIGNET_PORT: '4000' }).port).toBe(4000);
  });

  test.each<[string, Env, string]>([
    [
      'prefixed and bare differ',
      { PORT: '1', SIGNET_PORT: '2' },
      'PORT and SIGNET_PORT have different values. Keep one',
    ],
    [
      'their files differ',
      { PORT_FILE: fileWith('1'), SIGNET_PORT_FILE: fileWith('1') },
      'PORT_FILE and SIGNET_PORT_FILE have different',
    ],
    ['value and file', { PORT: '1', PORT_FILE: fileWith('1') }, 'PORT and PORT_FILE are both set. Keep one'],
    [
      'value and file, one prefixed',
      { SIGNET_PORT: '1', PORT_FILE: fileWith('1') },
      'SIGNET_PORT and PORT_FILE are both set',
    ],
    [
      'a file that is missing',
      { PORT_FILE: '/nowhere/port' },
      'PORT_FILE names "/nowhere/port", a file that cannot be read (ENOENT)',
    ],
    ['a directory', { PORT_FILE: directory }, 'a file that cannot be read (EISDIR)'],
    ['an empty file', { PORT_FILE: fileWith(' \n') }, 'PORT_FILE names an empty file'],
    [
      'a bad value in a file',
      { SIGNET_PORT_FILE: fileWith('http') },
      'PORT (from SIGNET_PORT_FILE) must be a whole number',
    ],
    ['a bad prefixed value', { SIGNET_PORT: 'http' }, 'SIGNET_PORT must be a whole number'],
    [
      'a misspelt prefixed name',
      { SIGNET_DATABSE_URL: 'x' },
      'SIGNET_DATABSE_URL is not a setting. The nearest is SIGNET_DATABASE_URL',
    ],
    ['a misspelt prefixed file', { SIGNET_SECRET_KEY_FIEL: 'x' }, 'The nearest is SIGNET_SECRET_KEY_FILE'],
    ['a lower-case prefixed name', { SIGNET_port: '1' }, 'The nearest is SIGNET_PORT:'],
    ['an unknown prefixed name, even empty', { SIGNET_COLOUR_OF_MONEY: '' }, 'SIGNET_COLOUR_OF_MONEY is not a setting'],
  ])('%s', (_, env, expected) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(expected)]);
  });

  test('the variables of a Kubernetes service called signet are passed over', () => {
    const env = {
      SIGNET_SERVICE_HOST: '10.0.0.9',
      SIGNET_SERVICE_PORT: '80',
      SIGNET_SERVICE_PORT_HTTP: '80',
      SIGNET_PORT: 'tcp://10.0.0.9:80',
      SIGNET_PORT_80_TCP: 'tcp://10.0.0.9:80',
      SIGNET_PORT_80_TCP_ADDR: '10.0.0.9',
      SIGNET_POSTGRES_SERVICE_HOST: '10.0.0.8',
      SIGNET_POSTGRES_PORT: 'tcp://10.0.0.8:5432',
      SIGNET_POSTGRES_PORT_5432_TCP_PROTO: 'tcp',
    };
    expect(readConfig(env, CORES)).toEqual(readConfig({}, CORES));
    expect(configOf({ ...env, PORT: '4000' }).port).toBe(4000);
  });

  test.each([
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATADIR', 'DATA_DIR'],
    ['PUBLC_URL', 'PUBLIC_URL'],
    ['SECRET_KEYS', 'SECRET_KEY'],
    ['SECRETKEY_FILE', 'SECRET_KEY_FILE'],
    ['TRUSTED_PROXY', 'TRUST_PROXY'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['data_dir', 'DATA_DIR'],
  ])('%s is a warning that names %s', (name, meant) => {
    const warnings = warningsOf({ [name]: 'x' });
    expect(warnings).toEqual([`${name} is not a setting and has no effect. Did you mean ${meant}?`]);
  });

  test.each(
    // The usual content of shells, containers, CI machines and other programs' settings.
    `PATH PWD OLDPWD HOME SHELL SHLVL TERM USER LOGNAME LANG LC_ALL TZ TMPDIR EDITOR HOSTNAME HOSTTYPE HOSTS POST PORTS
     PGHOST PGPORT PGDATA PGUSER DB_HOST DBHOST DBPORT EXPORT IMPORT REPORT SUPPORT NODE_ENV NODE_OPTIONS NODE_VERSION
     YARN_VERSION CI DEBUG HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR GPG_KEY API_KEY AWS_KEY TLS_CA
     XDG_DATA_DIRS XDG_DATA_HOME SSH_AUTH_SOCK MAIL INVOCATION_ID JOURNAL_STREAM KUBERNETES_SERVICE_HOST
     KUBERNETES_PORT POSTGRES_URL POSTGRES_PASSWORD TEST_DATABASE_URL REDIS_URL SECRET_KEY_BASE PUBLIC_KEY LOG_FORMAT
     UV_THREADPOOL_SIZE`.split(/\s+/),
  )('%s is no warning', (name) => {
    expect(warningsOf({ [name]: 'x' })).toEqual([]);
  });

  test('an empty setting counts as not set, and is a warning', () => {
    const { config, warnings } = readConfig({ PORT: '', SIGNET_SECRET_KEY_FILE: ' ', DATABASE_URL: '' }, CORES);
    expect(config).toEqual(configOf({}));
    expect(warnings).toEqual(
      ['PORT', 'DATABASE_URL', 'SIGNET_SECRET_KEY_FILE'].map(
        (name) => `${name} is empty, which counts as not set. Give it a value, or remove it.`,
      ),
    );
  });

  test('a variable that is undefined is not there', () => {
    expect(readConfig({ PORT: undefined, SIGNET_NOTHING: undefined, DATABSE_URL: undefined }, CORES)).toEqual(
      readConfig({}, CORES),
    );
  });
});

test('many problems are reported at once, each by name', () => {
  const env = {
    SIGNET_PROT: '1',
    PORT: 'http',
    PUBLIC_URL: 'http://id.example.com',
    DATABASE_URL,
    TRUST_PROXY: '0.0.0.0/0',
    ADMIN_EMAIL: 'ada@example.com',
    LOG_LEVEL: 'loud',
    DATA_DIR_FILE: '/nowhere/dir',
  };
  const problems = problemsOf(env);
  const names = [
    'SIGNET_PROT',
    'PUBLIC_URL',
    'PORT',
    'TRUST_PROXY',
    'DATA_DIR_FILE',
    'LOG_LEVEL',
    'ADMIN_EMAIL',
    'SECRET_KEY',
  ];
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(names);
  expect(() => readConfig(env)).toThrow(['Signet cannot start with these settings:', ...problems].join('\n- '));
});

test('who looks for mistakes gets the rest: what is wrong stands there as if it had not been given, and is named', () => {
  const { config, problems, unusable } = examineConfig(
    { PORT: 'http', LOG_LEVEL: 'debug', DATABASE_URL: 'db', SECRET_KEY: KEY, SMTP_URL: 'smtp://127.0.0.1' },
    CORES,
  );
  expect(problems).toHaveLength(3);
  expect([...unusable]).toEqual(['PORT', 'DATABASE_URL']);
  expect(config).toMatchObject({ port: 3000, logLevel: 'debug', secretKeys: [key] });
  expect(config).not.toHaveProperty('databaseUrl');
  expect(config).not.toHaveProperty('mail');
});

describe('secrets stay secret', () => {
  const SECRET = 'hunter2-hunter2-hunter2';
  const secretNames = Object.entries<Setting>(settings).flatMap(([name, { secret }]) =>
    secret === true ? [name] : [],
  );

  test('the table says which they are', () => {
    expect(secretNames).toEqual(['TLS_KEY', 'DATABASE_URL', 'SECRET_KEY', 'ADMIN_PASSWORD', 'SMTP_URL', 'SMS_URL']);
  });

  test.each(secretNames)('%s is in no message, however wrong', (name) => {
    const other = `${SECRET}-other`;
    for (const env of [
      { [name]: SECRET },
      { [name]: `${SECRET},${KEY}` },
      { [name]: 'hunt' },
      { [name]: `-----BEGIN ${SECRET}` },
      { [`${name}_FILE`]: SECRET },
      { [`${name}_FILE`]: fileWith(SECRET) },
      { [name]: SECRET, [`SIGNET_${name}`]: other },
      { [name]: SECRET, [`${name}_FILE`]: other },
      { [`SIGNET_${name}X`]: SECRET },
    ]) {
      const problems = problemsOf(env);
      expect(problems).not.toEqual([]);
      expect(problems.join('\n')).not.toMatch(/hunt/);
    }
    expect(warningsOf({ [`${name}X`]: SECRET }).join('\n')).not.toMatch(/hunt/);
  });

  test.each<[string, Env]>([
    ['a key given as certificate', { TLS_CERT: tls.key }],
    ['a file with a key given as certificate', { TLS_CERT_FILE: fileWith(tls.key.replaceAll('\n', ' ')) }],
    ['a provisioning file given as a path', { PROVISION_FILE: fileWith('{"users":[{"password":"-----hunter2"}]}') }],
    ['a provisioning file given as a value', { PROVISION: `{"users":\n[{"password":"-----hunter2"}]}` }],
  ])('%s is not repeated', (_, env) => {
    const problems = problemsOf(env);
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toMatch(/-----/);
  });

  test('a password inside PUBLIC_URL is not repeated', () => {
    const [problem] = problemsOf({ PUBLIC_URL: `https://ada:${SECRET}@id.example.com` });
    expect(problem).toContain('it is "https://...@id.example.com"');
    expect(problem).not.toMatch(/hunt/);
  });
});

describe('the documents', () => {
  const committed = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

  test.each([
    ['.env.example', renderEnvExample],
    ['docs/configuration.md', renderConfigurationDoc],
  ])('%s is what the table renders (npm run generate)', (path, render) => {
    expect(committed(path)).toBe(render());
  });

  test('.env.example as it is changes nothing', () => {
    const active = renderEnvExample()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(active).toEqual([]);
  });

  // Files named in examples do not exist here, and need files with a fitting content.
  const examples: Env = {
    TLS_CERT: tls.cert,
    TLS_KEY: tls.key,
    PROVISION: fileWith('{}'),
    SECRET_KEY: KEY,
    ADMIN_PASSWORD: 'long enough for all',
  };
  const needed: Record<string, Env> = {
    PUBLIC_URL: { TRUST_PROXY: '10.0.0.1' },
    TLS_CERT: { PUBLIC_URL: 'https://id.example.com', TLS_KEY: tls.key },
    TLS_KEY: { PUBLIC_URL: 'https://id.example.com', TLS_CERT: tls.cert },
    DATABASE_URL: { SECRET_KEY: KEY },
    ADMIN_EMAIL: { ADMIN_PASSWORD: 'long enough for all' },
    METRICS_HOST: { METRICS_PORT: '9464' },
    SMTP_URL: { MAIL_FROM },
    MAIL_FROM: { SMTP_URL: 'smtp://127.0.0.1' },
    ADMIN_PASSWORD: { ADMIN_EMAIL: 'admin@example.com' },
  };

  test.each(Object.entries<Setting>(settings))('%s: its example is valid and reaches the Config', (name, setting) => {
    const text = examples[name] ?? setting.example;
    expect(configOf({ [name]: text, ...needed[name] })).not.toEqual(configOf({}));
  });

  test.each(Object.entries<Setting>(settings))('%s is documented, with its default', (name, setting) => {
    const row = renderConfigurationDoc()
      .split('\n')
      .find((line) => line.startsWith(`| \`${name}\` `));
    expect(row).toContain(setting.about);
    expect(row).toContain(setting.defaultRule ?? setting.default ?? '');
    expect(renderEnvExample()).toContain(`\n#${name}=`);
  });
});
