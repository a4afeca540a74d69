// Reads the environment into a typed Config, by the settings table.
import { availableParallelism } from 'node:os';
import { contradictions } from './contradictions.ts';
import { unverifiedWarning } from './database-url.ts';
import { emptyNames, type Environment, findGiven, misspeltNames, unknownNames } from './names.ts';
import { BadValue } from './kinds.ts';
import type { Mailbox, SmtpServer } from '../domain/mail.ts';
import type { AllowedTarget } from '../domain/outbound.ts';
import { isLoopbackHost } from '../domain/redirect-uri.ts';
import type { SmsService } from '../domain/sms.ts';
import { type Setting, settings, type SettingName, type Values } from './settings.ts';

/** The settings as the server uses them. Absent means not given. */
export interface Config {
  /** An origin, with a path where a host is shared, without a trailing slash. Ends in `:0` when neither it nor a fixed port is given: only listening decides. */
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
  /** Months; absent: for ever. */
  auditMonths?: number;
  drainSeconds: number;
  metrics?: { host: string; port: number };
  mail?: { server: SmtpServer; from: Mailbox };
  sms?: SmsService;
  /** What may be reached although it is private or speaks plain http. */
  outboundAllow?: readonly AllowedTarget[];
  /** Messages are shown instead of sent: only on a loopback host, and where no mail server is set. */
  inbox?: true;
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

/** What only whoever listens needs. A command may run where the certificate and its key cannot be read. */
const listenerSettings: ReadonlySet<SettingName> = new Set<SettingName>([
  'HOST',
  'TLS_CERT',
  'TLS_KEY',
  'TRUST_PROXY',
  'METRICS_HOST',
  'METRICS_PORT',
]);

/** The same for a command that listens to nothing: the listener's settings are not looked at, and absent. */
export function readCommandConfig(env: Environment): { config: Config; warnings: string[] } {
  const { config, warnings, problems } = examineConfig(env, availableParallelism(), listenerSettings);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, warnings };
}

/**
 * The same for who looks for mistakes: `config` is what can be read of it. What is `unusable` was given and is wrong;
 * it stands in `config` as if it had not been given, so do nothing that depends on it. Those of `without` are not read.
 */
export function examineConfig(
  env: Environment,
  cores = availableParallelism(),
  without: ReadonlySet<SettingName> = new Set(),
): { config: Config; warnings: string[]; problems: string[]; unusable: ReadonlySet<SettingName> } {
  const problems = unknownNames(env, settingNames);
  const present = new Set<SettingName>();
  const unusable = new Set<SettingName>();
  const values: Partial<Record<SettingName, unknown>> = {};
  const defaults: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const setting: Setting = settings[name];
    if (setting.default !== undefined) defaults[name] = setting.kind.parse(setting.default);
    if (without.has(name)) continue;
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
  problems.push(...contradictions(present, complete, without));
  const unverified = unverifiedWarning(complete.DATABASE_URL);
  const warnings = [
    ...emptyNames(env, settingNames),
    ...misspeltNames(env, settingNames),
    ...(unverified === undefined ? [] : [unverified]),
  ];
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
      auditMonths: values.AUDIT_MONTHS,
      tls: cert === undefined || key === undefined ? undefined : { cert, key },
      provision: values.PROVISION,
      adminEmail: values.ADMIN_EMAIL,
      adminPassword: values.ADMIN_PASSWORD,
      mail:
        values.SMTP_URL === undefined || values.MAIL_FROM === undefined
          ? undefined
          : { server: values.SMTP_URL, from: values.MAIL_FROM },
      inbox: values.SMTP_URL === undefined && isLoopbackHost(new URL(publicUrl).hostname) ? (true as const) : undefined,
      sms: values.SMS_URL,
      outboundAllow: values.OUTBOUND_ALLOW,
      metrics: values.METRICS_PORT === undefined ? undefined : { host: values.METRICS_HOST, port: values.METRICS_PORT },
    }),
  };
}

function withoutUndefined<T extends object>(from: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(from).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
