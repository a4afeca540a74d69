// The metrics in Prometheus' text format: what was reported while the server worked, and what is read when somebody scrapes.
import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { HashLoad } from '../crypto/passwords.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { PoolLoad } from '../storage/database.ts';
import type { OutboxCount } from '../storage/outbox.ts';
import type { KeyGroup } from '../storage/signing-keys.ts';

/** What is read at a scrape. */
export type MetricSources = {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly hashes: () => HashLoad;
  readonly pool: () => PoolLoad;
  readonly keys: () => Promise<readonly KeyGroup[]>;
  readonly outbox: () => Promise<readonly OutboxCount[]>;
};

export type MetricRegistry = {
  /** Goes into `Deps`. */
  readonly metrics: Metrics;
  /** From now on these are read with every scrape. Call it once. */
  watch(sources: MetricSources): void;
  scrape(): Promise<{ contentType: string; body: string }>;
};

/** Milliseconds for which what was read of the outbox is good enough. */
const outboxKept = 10_000;
/** Milliseconds for which the keys that were read are good enough: their ages grow by themselves. */
const keysKept = 60_000;
/** Milliseconds after which a scrape goes on without the keys. */
const keysAwaited = 1000;

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A registry of this server alone. What it keeps is bounded: by the routes there are and by lists in the code. */
export function openMetrics(): MetricRegistry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'signet_http_requests_total',
    help: 'Requests answered, by the pattern of their route.',
    labelNames: ['route', 'method', 'status'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'signet_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['route', 'method'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const signIns = new Counter({
    name: 'signet_sign_ins_total',
    help: 'Attempts to prove who one is.',
    labelNames: ['method', 'outcome'] as const,
    registers,
  });
  const tokens = new Counter({
    name: 'signet_token_requests_total',
    help: 'Requests to the token endpoint.',
    labelNames: ['grant', 'outcome'] as const,
    registers,
  });
  const limited = new Counter({
    name: 'signet_limited_total',
    help: 'Attempts that were refused because a budget was used up.',
    labelNames: ['kind'] as const,
    registers,
  });
  const repeated = new Counter({
    name: 'signet_refresh_repeated_total',
    help: 'Replies of refreshes that were asked for again within the grace, from the same network and user agent or from elsewhere.',
    labelNames: ['from'] as const,
    registers,
  });
  const deliveries = new Counter({
    name: 'signet_deliveries_total',
    help: 'Attempts to send a message to somebody: sent, failed and tried again, dead.',
    labelNames: ['channel', 'outcome'] as const,
    registers,
  });
  new Gauge({
    name: 'signet_build_info',
    help: 'Always 1.',
    labelNames: ['version'] as const,
    registers,
  }).set({ version: ownVersion() }, 1);

  return {
    metrics: {
      request(route, method, status, seconds) {
        const labels = { route: route ?? 'unknown', method: knownMethods.has(method) ? method : 'other' };
        requests.inc({ ...labels, status });
        durations.observe(labels, seconds);
      },
      signIn: (method, outcome) => signIns.inc({ method, outcome }),
      token: (grant, outcome) => tokens.inc({ grant, outcome }),
      limited: (kind) => limited.inc({ kind }),
      refreshRepeated: (from) => repeated.inc({ from }),
      delivery: (channel, outcome) => deliveries.inc({ channel, outcome }),
    },
    watch(sources) {
      watchHashes(registry, sources);
      watchPool(registry, sources);
      watchKeys(registry, sources);
      watchOutbox(registry, sources);
    },
    scrape: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

function watchHashes(registry: Registry, { hashes }: MetricSources): void {
  gauge(registry, 'signet_password_hashes_running', 'Password hashes that are being computed.', () => hashes().running);
  gauge(
    registry,
    'signet_password_hashes_waiting',
    'Password hashes that wait for their turn.',
    () => hashes().waiting,
  );
  registry.registerMetric(
    new Counter({
      name: 'signet_password_hashes_refused_total',
      help: 'Password hashes that were refused because too many waited.',
      registers: [],
      collect() {
        this.reset();
        this.inc(hashes().refused);
      },
    }),
  );
}

function watchPool(registry: Registry, { pool }: MetricSources): void {
  const about = 'Connections to the database';
  gauge(registry, 'signet_database_connections', `${about} that are open.`, () => pool().total);
  gauge(registry, 'signet_database_connections_idle', `${about} that are open and not used.`, () => pool().idle);
  gauge(registry, 'signet_database_connections_max', `${about} that may be open.`, () => pool().max);
  gauge(registry, 'signet_database_waiting', 'Statements and transactions that wait for a connection.', () => {
    return pool().waiting;
  });
}

function watchKeys(registry: Registry, { clock, keys }: MetricSources): void {
  const read = keptFor(keysKept, keysAwaited, keys);
  registry.registerMetric(
    new Gauge({
      name: 'signet_signing_keys',
      help: 'Signing keys of all tenants that are published.',
      labelNames: ['alg', 'state'] as const,
      registers: [],
      async collect() {
        const groups = await read();
        this.reset();
        for (const { alg, state, count } of groups) this.set({ alg, state }, count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'signet_signing_key_age_seconds',
      help: 'How long the key that has been signing longest has done so, of all tenants.',
      labelNames: ['alg'] as const,
      registers: [],
      async collect() {
        const groups = await read();
        this.reset();
        for (const { alg, state, since } of groups)
          if (state === 'active') this.set({ alg }, Math.max(0, clock() - since) / 1000);
      },
    }),
  );
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    }),
  );
}

function watchOutbox(registry: Registry, { clock, outbox }: MetricSources): void {
  const read = keptFor(outboxKept, keysAwaited, outbox);
  registry.registerMetric(
    new Gauge({
      name: 'signet_outbox_messages',
      help: 'Messages of all tenants that wait to be sent, or were given up.',
      labelNames: ['channel', 'state'] as const,
      registers: [],
      async collect() {
        const counts = await read();
        this.reset();
        for (const { channel, state, count } of counts) this.set({ channel, state }, count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'signet_outbox_oldest_seconds',
      help: 'How long the message that has waited longest has done so, of all tenants.',
      labelNames: ['channel'] as const,
      registers: [],
      async collect() {
        const counts = await read();
        this.reset();
        for (const { channel, state, oldest } of counts)
          if (state === 'waiting') this.set({ channel }, Math.max(0, clock() - oldest) / 1000);
      },
    }),
  );
}

/**
 * What `read` gave last, read anew when it is older than `age` (milliseconds), by one caller at a time. Nobody waits longer
 * than `patience`, and nobody fails: what was read before is better than no scrape.
 */
function keptFor<T>(age: number, patience: number, read: () => Promise<readonly T[]>): () => Promise<readonly T[]> {
  let kept: readonly T[] = [];
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;
  const renew = async () => {
    try {
      kept = await read();
      readAt = performance.now();
    } catch {
      // What was read before is still there.
    } finally {
      reading = undefined;
    }
  };
  return async () => {
    if (performance.now() - readAt < age) return kept;
    reading ??= renew();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([reading, new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)))]);
    clearTimeout(timer);
    return kept;
  };
}

function ownVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
