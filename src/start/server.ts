// A running Signet: from a Config to a listening server, and to its end.
import type { FastifyInstance } from 'fastify';
import { buildApp, buildMetricsApp, useTls } from '../app.ts';
import { openBackend, type Replaced } from './backend.ts';
import type { Config } from '../config/read.ts';
import type { Deps, PatientDeps } from '../deps.ts';
import { contextWithoutRequest } from '../domain/context.ts';
import type { Tenant } from '../domain/tenant.ts';
import { mailCourier } from '../delivery/mail.ts';
import { smsCourier } from '../delivery/sms.ts';
import { durabilityWarnings } from './durability.ts';
import { sharedUserWarnings } from '../embedded/shared-user.ts';
import { type Couriers, startDelivery } from '../flows/outbox/worker.ts';
import { followChanges } from '../flows/upkeep/follow-changes.ts';
import { keyRing } from '../flows/keys/ring.ts';
import { keepAuditMonths } from '../flows/upkeep/audit-months.ts';
import { startMaintenance } from '../flows/upkeep/maintenance.ts';
import { acceptRestored, findLocation } from '../flows/restore/restored.ts';
import { ensureFirstAdmin, openSetup } from '../flows/setup.ts';
import { ensureDefaultTenant } from '../flows/tenants/create.ts';
import { watchLocation } from '../flows/restore/watch-location.ts';
import { listenOnce } from './ports.ts';
import { openTracing } from '../telemetry/tracing.ts';
import { hasRegisteredClient } from '../storage/clients.ts';
import { countMessages } from '../storage/outbox.ts';
import { countKeys } from '../storage/signing-keys.ts';

export type RunningServer = {
  readonly app: FastifyInstance;
  readonly deps: Deps;
  /** Where it listens: not the issuer when several stand behind one address. */
  readonly url: string;
  /** The one-time link for the first administrator; undefined when there is one. */
  readonly setupUrl: string | undefined;
  /** Nobody can sign in to anything yet: no client was registered. */
  readonly awaitsApplication: boolean;
  /** Where mails are shown instead of sent; undefined where they are sent, or cannot be. */
  readonly inboxUrl: string | undefined;
  /** What somebody should change soon, in words: settings of PostgreSQL under which answers can be lost, or the user it runs as. */
  readonly warnings: readonly string[];
  /** Resolves, with what happened in words, when its database is gone or another one: end it, and start anew. */
  readonly lost: Promise<string>;
  /** New handshakes see this pair. @throws Error when it is none. */
  useTls(pair: { cert: string; key: string }): void;
  /** Resolves when the server does nothing by itself at this moment, so that what is measured is what was asked for. */
  settled(): Promise<void>;
  /** Answers what is under way, for `drainSeconds` also what still comes, then ends. */
  stop(drainSeconds: number): Promise<void>;
};

/** Starts everything in order: nothing listens before it can answer. Ends it in the opposite order. */
export async function startServer(config: Config, options: Replaced = {}): Promise<RunningServer> {
  let draining = false;
  // First of all, because what a start writes (the issuer, with its port) stays.
  await listenOnce(config);
  await using starting = new AsyncDisposableStack();
  // What a start may not need is loaded only where it does: it takes memory for as long as the process lives.
  const registry = config.metrics && (await import('../telemetry/metrics.ts')).openMetrics();
  const tracing = openTracing();
  const backend = await openBackend(config, { ...options, metrics: registry?.metrics, tracing });
  starting.defer(() => backend.close());
  const { deps, database } = backend;
  // Before any event is written.
  await keepAuditMonths(deps);
  const warnings =
    config.databaseUrl === undefined ? sharedUserWarnings(process.getuid?.()) : await durabilityWarnings(deps);
  // On a terminal the log and what is said there are read together: once is enough.
  if (options.log || !process.stdout.isTTY) for (const warning of warnings) deps.log.warn(warning);
  // Before anything is kept in memory, so that no change is missed.
  const following = await followChanges(deps);
  starting.defer(() => following.stop());
  const tenant = await ensureDefaultTenant(deps);
  // Before any key is kept in memory, so that no process signs with one that another has just replaced.
  const { location, elsewhere } = await findLocation(deps);
  // A SECRET_KEY that does not open the keys must be found now, not by the first request.
  await keyRing(deps, tenant).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}. Give SECRET_KEY as it was, or as "new,old" to replace it.`);
  });
  if (elsewhere) await noticeRestored({ ...deps, db: backend.patient });
  const setupToken = await prepare(deps, tenant, config);
  const awaitsApplication = !(await hasRegisteredClient(deps.db, tenant.id));
  const moved = watchLocation(deps, location, following);
  const maintenance = startMaintenance(deps, { auditMonths: config.auditMonths });
  starting.defer(() => maintenance.stop());
  const couriers = couriersOf(config, options, deps.clock);
  const delivery = startDelivery(deps, couriers);
  starting.defer(() => delivery.stop());
  if (Object.keys(couriers).length > 0) following.also(1, async () => delivery.look());
  if (config.metrics && registry) {
    registry.watch({
      clock: deps.clock,
      hashes: () => deps.hasher.load(),
      pool: () => database.load(),
      keys: () => countKeys(database),
      outbox: () => countMessages(database),
    });
    const listener = await buildMetricsApp(() => registry.scrape());
    starting.defer(() => listener.close());
    await listener.listen(config.metrics);
  }
  const inboxToken = config.inbox ? deps.random(24).toString('base64url') : undefined;
  const app = await buildApp(deps, {
    inboxToken,
    trustProxy: config.trustProxy,
    tls: config.tls,
    isHttps: config.publicUrl.startsWith('https:'),
    isDraining: () => draining,
    tracing,
  });
  starting.defer(() => app.close());
  await app.listen({ host: config.host, port: config.port });
  const running = starting.move();
  return {
    app,
    deps,
    url: `${config.tls ? 'https' : 'http'}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
    awaitsApplication,
    setupUrl: setupToken === undefined ? undefined : `${tenant.issuer}/setup?token=${setupToken}`,
    inboxUrl: inboxToken === undefined ? undefined : `${config.publicUrl}/inbox?token=${inboxToken}`,
    warnings,
    lost: Promise.race([
      backend.lost.then(() => 'The Signet that ran the embedded PostgreSQL of this DATA_DIR ended.'),
      moved.then(() => {
        deps.log.fatal(swapped);
        return swapped;
      }),
    ]),
    useTls: (pair) => useTls(app, pair),
    settled: async () => void (await Promise.all([maintenance.settled(), delivery.settled()])),
    async stop(drainSeconds) {
      draining = true;
      if (drainSeconds > 0) await new Promise((resolve) => setTimeout(resolve, drainSeconds * 1000));
      await running.disposeAsync();
    },
  };
}

/** What the settings name, or a test puts in its place. */
function couriersOf(config: Config, { mailCourier: mail, smsCourier: sms }: Replaced, clock: () => number): Couriers {
  return {
    ...((mail ?? config.mail) && { mail: mail ?? mailCourier(config.mail!) }),
    ...((sms ?? config.sms) && {
      sms: sms ?? smsCourier(config.sms!, { guard: { allow: config.outboundAllow ?? [] }, clock }),
    }),
  };
}

const swapped =
  'The database was swapped for another one while Signet was running on it: a restored copy, or one that was renamed or ' +
  'moved. What was revoked since the copy was made would be accepted again.';

/** The tables were restored from a copy without a word from anybody: what was revoked since the copy was made stays so. */
async function noticeRestored(deps: PatientDeps): Promise<void> {
  deps.log.warn('the database is in another place than before: it was restored from a copy');
  const restored = await acceptRestored(deps, { by: 'server', keepIssued: false });
  if (restored)
    deps.log.warn(
      restored,
      'every session, grant, code and signing key from before was revoked, because the copy does not know what was ' +
        'revoked since it was made; people must sign in again',
    );
}

/** What the settings ask to be there before the first request. @returns the setup token while nobody administers. */
async function prepare(deps: Deps, tenant: Tenant, config: Config): Promise<string | undefined> {
  if (config.provision !== undefined) {
    const { applyFile } = await import('../flows/provision/apply-file.ts');
    const { warnings } = await applyFile(deps, config.provision);
    for (const warning of warnings) deps.log.warn(warning);
  }
  const context = contextWithoutRequest(deps, tenant, deps.clock());
  if (config.adminEmail !== undefined) await ensureFirstAdmin(deps, context, config.adminEmail, config.adminPassword!);
  return openSetup(deps, context);
}
