// The settings: one table that says what each is, and the reader that turns the environment into a typed Config.
import { availableParallelism } from 'node:os';
import { contradictions } from './contradictions.ts';
import { emptyNames, type Environment, findGiven, misspeltNames, unknownNames } from './names.ts';
import {
  BadValue,
  directory,
  email,
  flag,
  keyList,
  type Kind,
  listenHost,
  mailbox,
  oneOf,
  origin,
  password,
  pemCertificate,
  pemKey,
  postgresUrl,
  proxyList,
  readableFile,
  smtpUrl,
  whole,
} from './kinds.ts';
import type { Mailbox, SmtpServer } from '../domain/mail.ts';
import { isLoopbackHost } from '../domain/redirect-uri.ts';

/** One setting: everything that the reader and the documents need to know about it. */
export interface Setting {
  /** The heading under which the documents list it. */
  readonly group: string;
  readonly kind: Kind<unknown>;
  /** The value when it is not given, written as it would be given. */
  readonly default?: string;
  /** For defaults that depend on something else: how, in words. */
  readonly defaultRule?: string;
  /** Whether the value must never be shown. */
  readonly secret?: true;
  readonly about: string;
  /** A value to show in the documents; absent when a copied example would be dangerous. */
  readonly example?: string;
}

/** Every setting, in the order in which the documents list them. */
export const settings = {
  PUBLIC_URL: {
    group: 'Address',
    kind: origin,
    defaultRule: '`http://localhost:PORT`',
    about:
      'The address under which browsers and applications reach Signet, and the issuer in every token: it must not change later. `http` is allowed only on loopback hosts.',
    example: 'https://id.example.com',
  },
  HOST: {
    group: 'Address',
    kind: listenHost,
    defaultRule: '`localhost` when `PUBLIC_URL` is loopback, otherwise `0.0.0.0`',
    about: 'The address to listen on. In a container set it to `0.0.0.0`.',
    example: '0.0.0.0',
  },
  PORT: {
    group: 'Address',
    kind: whole(1, 65_535),
    default: '3000',
    about: 'The port to listen on.',
    example: '8080',
  },
  TLS_CERT: {
    group: 'TLS and proxies',
    kind: pemCertificate,
    about: 'The certificate and its chain, when Signet itself speaks TLS. Needs `TLS_KEY` and an https `PUBLIC_URL`.',
    example: '/etc/signet/tls.crt',
  },
  TLS_KEY: {
    group: 'TLS and proxies',
    kind: pemKey,
    secret: true,
    about: 'The private key of `TLS_CERT`.',
    example: '/etc/signet/tls.key',
  },
  TRUST_PROXY: {
    group: 'TLS and proxies',
    kind: proxyList,
    about:
      'The proxies whose `X-Forwarded-*` headers are believed. An https `PUBLIC_URL` needs either this or `TLS_CERT` with `TLS_KEY`.',
    example: '10.0.0.0/8',
  },
  DATABASE_URL: {
    group: 'Data',
    kind: postgresUrl,
    defaultRule: 'a PostgreSQL of its own, in `DATA_DIR`',
    secret: true,
    about: 'The PostgreSQL database to use. Needs `SECRET_KEY`.',
    example: 'postgres://signet:password@db.example.com:5432/signet',
  },
  DATABASE_POOL_SIZE: {
    group: 'Data',
    kind: whole(1, 100),
    default: '10',
    about: 'How many connections to the database each process keeps at most.',
    example: '20',
  },
  PREPARED_STATEMENTS: {
    group: 'Data',
    kind: flag,
    default: 'true',
    about:
      'Whether statements are prepared once per connection. Turn it off for connection poolers that cannot keep them.',
    example: 'false',
  },
  DATA_DIR: {
    group: 'Data',
    kind: directory,
    default: '.data',
    about:
      'Where the built-in PostgreSQL keeps its data, and Signet the secret key that it made. Made when missing; back it up as a whole, while Signet is stopped.',
    example: '/var/lib/signet',
  },
  SECRET_KEY: {
    group: 'Data',
    kind: keyList,
    defaultRule: 'made once and kept in `DATA_DIR`; required with `DATABASE_URL`',
    secret: true,
    about:
      'The key that seals secrets in the database; the same for all processes. Make one with `openssl rand -base64 32`. To replace it, put the new key first and keep the old one after a comma.',
  },
  PROVISION: {
    group: 'First start',
    kind: readableFile,
    about: 'A JSON or YAML file with clients, users, resources and settings, applied at every start.',
    example: '/etc/signet/provision.yaml',
  },
  ADMIN_EMAIL: {
    group: 'First start',
    kind: email,
    defaultRule: 'a setup link on the terminal',
    about: 'The e-mail address of the first administrator. Needs `ADMIN_PASSWORD`.',
    example: 'admin@example.com',
  },
  ADMIN_PASSWORD: {
    group: 'First start',
    kind: password,
    secret: true,
    about: 'The password of the first administrator; the same rule holds for every password. Needs `ADMIN_EMAIL`.',
  },
  PASSWORD_HASH_MEMORY_KIB: {
    group: 'Password hashing',
    kind: whole(7168, 1_048_576),
    default: '19456',
    about: 'Memory that one Argon2id hash takes, in KiB. Old hashes stay valid when it changes.',
    example: '65536',
  },
  PASSWORD_HASH_ITERATIONS: {
    group: 'Password hashing',
    kind: whole(1, 10),
    default: '2',
    about: 'How many passes one hash makes over its memory.',
    example: '3',
  },
  PASSWORD_HASH_PARALLELISM: {
    group: 'Password hashing',
    kind: whole(1, 4),
    default: '1',
    about: 'How many threads compute one hash.',
    example: '2',
  },
  PASSWORD_HASH_CONCURRENCY: {
    group: 'Password hashing',
    kind: whole(1, 64),
    defaultRule: 'the number of cores, at most 3',
    about:
      "How many hashes are computed at once. Node's thread pool has 4 threads and files need one of them, so raise `UV_THREADPOOL_SIZE` before going above 3.",
    example: '1',
  },
  PASSWORD_HASH_QUEUE: {
    group: 'Password hashing',
    kind: whole(0, 10_000),
    default: '64',
    about: 'How many hashes may wait for their turn; beyond that, sign-ins are refused for the moment.',
    example: '256',
  },
  SMTP_URL: {
    group: 'Mail',
    kind: smtpUrl,
    defaultRule: 'no mail is sent',
    secret: true,
    about:
      'The server that takes mail: `smtps://` with TLS from the start (port 465 unless given), `smtp://` with STARTTLS (port 587). Without TLS nothing is sent, unless the server is on this machine or the address ends in `?tls=off`. Needs `MAIL_FROM`.',
    example: 'smtps://signet:password@mail.example.com',
  },
  MAIL_FROM: {
    group: 'Mail',
    kind: mailbox,
    about: 'The sender of every mail. Needs `SMTP_URL`.',
    example: 'Example Accounts <accounts@example.com>',
  },
  LOG_LEVEL: {
    group: 'Running',
    kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    about: 'The least severe message that is logged.',
    example: 'debug',
  },
  METRICS_PORT: {
    group: 'Running',
    kind: whole(1, 65_535),
    defaultRule: 'no metrics',
    about:
      'The port of a listener of its own that answers `GET /metrics` for Prometheus, over plain HTTP and to everybody who reaches it. `docs/metrics.md` lists what it tells.',
    example: '9464',
  },
  METRICS_HOST: {
    group: 'Running',
    kind: listenHost,
    default: 'localhost',
    about:
      'The address on which `METRICS_PORT` listens. Set it to `0.0.0.0` where Prometheus runs elsewhere, as beside a container, and keep the public away by the network.',
    example: '0.0.0.0',
  },
  DRAIN_SECONDS: {
    group: 'Running',
    kind: whole(0, 60),
    default: '3',
    about:
      'How many seconds after SIGTERM the server still answers while `/ready` says no, so that load balancers can turn away.',
    example: '10',
  },
} satisfies Record<string, Setting>;

/** The name of a setting, without prefix or suffix. */
export type SettingName = keyof typeof settings;

type Value<S> = S extends { kind: Kind<infer T> } ? (S extends { default: string } ? T : T | undefined) : never;
/** What each setting was read as; undefined when it is not given or malformed. */
export type Values = { [N in SettingName]: Value<(typeof settings)[N]> };

/** The settings as the server uses them. Absent means not given. */
export interface Config {
  /** An origin without a trailing slash. Ends in `:0` when neither it nor a fixed port is given: only listening decides. */
  publicUrl: string;
  host: string;
  port: number;
  databaseUrl?: string;
  databasePoolSize: number;
  preparedStatements: boolean;
  /** As given: relative to the working directory unless absolute. */
  dataDir: string;
  /** 32 bytes each; the first seals, all of them open. Always present with `databaseUrl`. */
  secretKeys?: Buffer[];
  /** IP addresses and CIDR ranges. */
  trustProxy: string[];
  /** PEM texts that belong together. */
  tls?: { cert: string; key: string };
  logLevel: Values['LOG_LEVEL'];
  /** The path of a file that could be read at start. */
  provision?: string;
  /** Given if and only if `adminPassword` is. */
  adminEmail?: string;
  adminPassword?: string;
  passwordHash: {
    memoryKiB: number;
    iterations: number;
    parallelism: number;
    concurrency: number;
    queue: number;
  };
  drainSeconds: number;
  metrics?: { host: string; port: number };
  mail?: { server: SmtpServer; from: Mailbox };
}

/** Thrown when the settings are not fit to start with; `problems` holds one sentence or two for each thing that is wrong. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: string[];

  constructor(problems: string[]) {
    super(['Signet cannot start with these settings:', ...problems.map((problem) => `- ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

const settingNames = Object.keys(settings) as SettingName[];

/**
 * Reads the settings from an environment and the files it names; `cores` is what this machine has.
 * `warnings` are sentences for the log. Throws `ConfigError` with all problems at once; no message contains a secret.
 */
export function readConfig(env: Environment, cores = availableParallelism()): { config: Config; warnings: string[] } {
  const { config, warnings, problems } = examineConfig(env, cores);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, warnings };
}

/**
 * The same for who looks for mistakes: `config` is what can be read of it. What is `unusable` was given and is wrong;
 * it stands in `config` as if it had not been given, so do nothing that depends on it.
 */
export function examineConfig(
  env: Environment,
  cores = availableParallelism(),
): { config: Config; warnings: string[]; problems: string[]; unusable: ReadonlySet<SettingName> } {
  const problems = unknownNames(env, settingNames);
  const present = new Set<SettingName>();
  const unusable = new Set<SettingName>();
  const values: Partial<Record<SettingName, unknown>> = {};
  const defaults: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const setting: Setting = settings[name];
    if (setting.default !== undefined) defaults[name] = setting.kind.parse(setting.default);
    const { given, problems: found } = findGiven(env, name, setting.secret === true);
    problems.push(...found);
    if (found.length > 0) unusable.add(name);
    if (given === undefined) continue;
    present.add(name);
    if (given.text === undefined) continue;
    try {
      values[name] = setting.kind.parse(given.text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      unusable.add(name);
      const hidden = setting.secret === true || given.fromFile === true;
      problems.push(`${given.source} ${error.message}${hidden ? '' : show(given.text)}.`);
    }
  }
  // The table's own parsers made each value, which the compiler cannot follow through the loop.
  const complete = { ...defaults, ...values } as Values;
  problems.push(...contradictions(present, complete));
  const warnings = [...emptyNames(env, settingNames), ...misspeltNames(env, settingNames)];
  return { config: assemble(complete, cores), warnings, problems, unusable };
}

/** Repeats a value in a message, unless it looks like the content of a file or a key: those may hold secrets. */
function show(text: string): string {
  if (text.length > 80 || /[\r\n]|-----BEGIN/.test(text)) return '';
  return `; it is ${JSON.stringify(text.replace(/\/\/.*@/, '//...@'))}`;
}

function assemble(values: Values, cores: number): Config {
  const publicUrl = values.PUBLIC_URL ?? new URL(`http://localhost:${values.PORT}`).origin;
  const { TLS_CERT: cert, TLS_KEY: key } = values;
  return {
    publicUrl,
    host: values.HOST ?? (isLoopbackHost(new URL(publicUrl).hostname) ? 'localhost' : '0.0.0.0'),
    port: values.PORT,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    preparedStatements: values.PREPARED_STATEMENTS,
    dataDir: values.DATA_DIR,
    trustProxy: values.TRUST_PROXY ?? [],
    logLevel: values.LOG_LEVEL,
    passwordHash: {
      memoryKiB: values.PASSWORD_HASH_MEMORY_KIB,
      iterations: values.PASSWORD_HASH_ITERATIONS,
      parallelism: values.PASSWORD_HASH_PARALLELISM,
      concurrency: values.PASSWORD_HASH_CONCURRENCY ?? Math.max(1, Math.min(cores, 3)),
      queue: values.PASSWORD_HASH_QUEUE,
    },
    drainSeconds: values.DRAIN_SECONDS,
    ...withoutUndefined({
      databaseUrl: values.DATABASE_URL,
      secretKeys: values.SECRET_KEY,
      tls: cert === undefined || key === undefined ? undefined : { cert, key },
      provision: values.PROVISION,
      adminEmail: values.ADMIN_EMAIL,
      adminPassword: values.ADMIN_PASSWORD,
      mail:
        values.SMTP_URL === undefined || values.MAIL_FROM === undefined
          ? undefined
          : { server: values.SMTP_URL, from: values.MAIL_FROM },
      metrics: values.METRICS_PORT === undefined ? undefined : { host: values.METRICS_HOST, port: values.METRICS_PORT },
    }),
  };
}

function withoutUndefined<T extends object>(from: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(from).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
