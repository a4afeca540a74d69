// The settings: one table that says what each is, and the reader that turns the environment into a typed Config.
import {
  directory,
  email,
  flag,
  keyList,
  type Kind,
  listenHost,
  mailbox,
  oneOf,
  publicAddress,
  password,
  pemCertificate,
  pemKey,
  pemPath,
  postgresUrl,
  proxyList,
  readableFile,
  smtpUrl,
  whole,
} from './kinds.ts';
import { clientKeyFile } from './database-url.ts';
import { smsUrl, targetList } from './outbound.ts';

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
  /** For values that may lead to a file with secrets in it: its path, as the text names it. */
  readonly secretFile?: (text: string) => string | undefined;
  readonly about: string;
  /** A value to show in the documents; absent when a copied example would be dangerous. */
  readonly example?: string;
}

/** Every setting, in the order in which the documents list them. */
export const settings = {
  PUBLIC_URL: {
    group: 'Address',
    kind: publicAddress,
    defaultRule: '`http://localhost:PORT`',
    about:
      'The address under which browsers and applications reach Signet, and the issuer in every token: it must not change later. `http` is allowed only on loopback hosts. A host of its own is best; where one is shared, a path such as `https://example.com/id` works.',
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
    secretFile: pemPath,
    about: 'The private key of `TLS_CERT`.',
    example: '/etc/signet/tls.key',
  },
  TRUST_PROXY: {
    group: 'TLS and proxies',
    kind: proxyList,
    about:
      'The proxies whose `X-Forwarded-*` headers are believed. An https `PUBLIC_URL` needs either this or `TLS_CERT` with `TLS_KEY`; without a certificate here, nobody but these proxies is answered (only `/live` and `/ready` are for everybody).',
    example: '10.0.0.0/8',
  },
  DATABASE_URL: {
    group: 'Data',
    kind: postgresUrl,
    defaultRule: 'a PostgreSQL of its own, in `DATA_DIR`',
    secret: true,
    secretFile: clientKeyFile,
    about:
      'The PostgreSQL database to use. Needs `SECRET_KEY`. To another machine it is TLS with a verified certificate, unless the address says `sslmode=disable`; `sslrootcert=FILE` in it names an authority of your own. `postgres://signet@/signet?host=/run/postgresql` goes by the unix socket in that directory.',
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
      'Whether statements are prepared once per connection. Turn it off for a pooler in transaction mode, such as PgBouncer: then each transaction also brings its timeouts.',
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
  AUDIT_MONTHS: {
    group: 'Data',
    kind: whole(1, 1200),
    defaultRule: 'kept for ever',
    about:
      'For how many months after its own an event of the audit log is kept; then its whole month is dropped. Back it up before, if you must keep it longer.',
    example: '24',
  },
  PROVISION: {
    group: 'First start',
    kind: readableFile,
    // Passwords and client secrets may stand in it.
    secretFile: (path) => path,
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
    about:
      'Memory that one Argon2id hash takes, in KiB. Unless `PUBLIC_URL` is loopback, at least 47104 with one pass, 19456 with two and 12288 with three or more. Old hashes stay valid when it changes.',
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
  SMS_URL: {
    group: 'Text messages',
    kind: smsUrl,
    defaultRule: 'no text messages are sent',
    secret: true,
    about:
      'The service that takes text messages: `https://` for a webhook of your own, whose requests are signed with the password in the address (24 characters at least); `twilio://` for Twilio, with the account and its token as user and password, and `from=` or `messaging_service_sid=` (`docs/operating.md`, "Text messages").',
    example: 'https://signet:a-key-of-24-characters-or-more@sms.example.com/send',
  },
  OUTBOUND_ALLOW: {
    group: 'Connections',
    kind: targetList,
    defaultRule: 'none',
    about:
      'What Signet may reach beside https on public addresses, as `host:port` with commas between them: these may be private, and speak plain http. For a service beside Signet; an IPv6 address stands in brackets.',
    example: 'sms.internal:8080,[::1]:9090',
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
