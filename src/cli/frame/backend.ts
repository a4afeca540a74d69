// The database and flows as commands use them: beside a running server or without one.
import type { Config } from '../../config/read.ts';
import type { Deps, PatientDeps } from '../../deps.ts';
import { contextWithoutRequest, type RequestContext } from '../../domain/context.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { keyRing } from '../../flows/keys/ring.ts';
import { tenantBySlug } from '../../flows/tenants/find.ts';
import { ensureDefaultTenant } from '../../flows/tenants/create.ts';
import { type Backend, openBackend } from '../../start/backend.ts';
import { commandLog } from './log.ts';
import { CommandError, type Terminal } from './run.ts';
import { noteCreated, settingsOf } from './settings.ts';

export type Opened = {
  readonly config: Config;
  readonly deps: Deps;
  readonly tenant: Tenant;
  /** The same database for one long piece of work. */
  readonly patient: Backend['patient'];
};

/**
 * Opens what the settings name, does `work`, closes. With `make`, a database that is not there is made and pending
 * migrations are applied, as the server would; without, both are refused, so that looking never changes anything.
 * `tenant` is `default`, or the one that `slug` names.
 */
export async function withBackend<T>(
  terminal: Terminal,
  { make = false, slug = 'default' }: { make?: boolean; slug?: string },
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const config = settingsOf(terminal);
  const backend = await openBackend(config, {
    actor: 'operator',
    log: commandLog(),
    schema: make ? 'migrate' : 'as it is',
  });
  noteCreated(terminal.out, config, backend);
  const { deps } = backend;
  try {
    const tenant = await tenantFor(deps, slug, make);
    // What is sealed or computed with another SECRET_KEY would be of no use to the server.
    await keyRing(deps, tenant).catch((error: unknown) => {
      throw new CommandError(
        'failed',
        `${(error as Error).message}. Give SECRET_KEY (or DATA_DIR) as the server has it.`,
      );
    });
    return await work({ config, deps, tenant, patient: backend.patient });
  } finally {
    await backend.close();
  }
}

/** The same for one tenant, named by its slug. */
export async function withTenant<T>(
  terminal: Terminal,
  { tenant: slug, make }: { tenant: string; make?: boolean },
  work: (deps: Deps, context: RequestContext, opened: Opened) => Promise<T>,
): Promise<T> {
  return withBackend(terminal, { slug, ...(make !== undefined && { make }) }, async (opened) => {
    const { deps, tenant } = opened;
    return work(deps, contextWithoutRequest(deps, tenant, deps.clock()), opened);
  });
}

/** One statement where the tenant is there. */
async function tenantFor(deps: Deps, slug: string, make: boolean): Promise<Tenant> {
  const found = make && slug === 'default' ? await ensureDefaultTenant(deps) : await tenantBySlug(deps, slug);
  if (found) return found;
  if (make) await ensureDefaultTenant(deps);
  else if (slug === 'default' || !(await tenantBySlug(deps, 'default')))
    throw new CommandError('failed', 'Nothing has been set up in this database yet: start Signet once.');
  throw new CommandError('not_found', `There is no tenant ${slug}. "signet tenant list" shows those there are.`);
}

/** A database that a backup is restored into: made when it is not there, and left as it is. */
export async function withUnpreparedBackend<T>(
  terminal: Terminal,
  work: (opened: { config: Config; deps: PatientDeps }) => Promise<T>,
): Promise<T> {
  const config = settingsOf(terminal);
  const backend = await openBackend(config, { actor: 'operator', log: commandLog(), schema: 'restored' });
  try {
    return await work({ config, deps: { ...backend.deps, db: backend.patient } });
  } finally {
    await backend.close();
  }
}
