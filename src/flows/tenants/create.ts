// Making a tenant, with its keys; the default one on the first start.
import type { Deps } from '../../deps.ts';
import type { Actor } from '../../domain/audit.ts';
import type { SigningAlg } from '../../domain/client.ts';
import { contextWithoutRequest } from '../../domain/context.ts';
import { algsOf } from '../../domain/key-life.ts';
import { generationBytes } from '../../domain/status-list.ts';
import { completeSettings, type Tenant, type TenantSettings } from '../../domain/tenant.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import { findTenantBySlug, insertTenant } from '../../storage/tenants.ts';
import { alreadyThere, invalidInput, Refusal } from '../../domain/errors.ts';
import { tenantMistakes } from '../../schemas/tenant.ts';
import { createBuiltInClient } from '../clients/built-in.ts';
import { newId, record } from '../events.ts';
import { hostProblem, issuerAtHost } from './host.ts';
import { insertMadeKey, makeSealedKey, type SealedKey } from '../keys/ring.ts';

export type NewTenant = {
  readonly slug: string;
  readonly issuer: string;
  readonly host: string | undefined;
  readonly name: string;
  readonly settings: Partial<TenantSettings>;
};

/**
 * One signing key for each algorithm that every tenant has, and for each of `algs`, which its first clients ask for: made
 * before the transaction, because it takes long.
 */
export async function keysForNewTenant(
  deps: Deps,
  tenantId: string,
  algs: readonly SigningAlg[] = [],
): Promise<SealedKey[]> {
  const needed = new Set([...algsOf([]), ...algs]);
  return Promise.all([...needed].map((alg) => makeSealedKey(deps, tenantId, alg)));
}

/** Makes the tenant with its keys. `actor`: who asked for it, if not the process itself. @returns undefined when its slug, issuer or host is taken. */
export async function createTenant(
  deps: Deps,
  tx: Db,
  id: string,
  tenant: NewTenant,
  keys: readonly SealedKey[],
  now: number,
  actor?: Actor,
): Promise<Tenant | undefined> {
  const statusGeneration = deps.random(generationBytes).toString('hex');
  if (!(await insertTenant(tx, { id, ...tenant, statusGeneration }, now))) return undefined;
  const made: Tenant = { id, ...tenant, settings: completeSettings(tenant.settings), statusGeneration };
  const context = { ...contextWithoutRequest(deps, made, now), ...(actor && { actor }) };
  await record(deps, tx, context, { type: 'tenant.created', data: { slug: tenant.slug, issuer: tenant.issuer } });
  for (const key of keys) await insertMadeKey(deps, tx, context, key, 'active');
  await createBuiltInClient(deps, tx, context);
  await recordChange(tx, { kind: 'tenant', tenantId: id, entity: id }, now);
  return made;
}

export type TenantAsked = {
  readonly slug: string;
  readonly name?: string | undefined;
  /** In lower case, with a port if it needs one. */
  readonly host?: string | undefined;
};

/** Where a tenant is: at a host of its own, or below PUBLIC_URL; called as asked, or like its slug. */
export function newTenant(deps: Deps, { slug, name, host }: TenantAsked): NewTenant {
  const byPath = slug === 'default' ? deps.publicUrl : `${deps.publicUrl}/t/${slug}`;
  const issuer = host === undefined ? byPath : issuerAtHost(deps.publicUrl, host);
  return { slug, issuer, host, name: name ?? slug, settings: {} };
}

/** Makes a tenant that is not there yet. @throws Refusal exists; invalid_input for the slug or the host; conflict for a host that does not fit this server. */
export async function makeTenant(deps: Deps, asked: TenantAsked, actor?: Actor): Promise<Tenant> {
  const { slug, host } = asked;
  const mistakes = tenantMistakes({ slug, ...(host !== undefined && { host }) });
  if (mistakes.length > 0)
    throw invalidInput(mistakes.map(({ path, problem }) => ({ path: [path[1] ?? 'slug'], problem })));
  if (await findTenantBySlug(deps.db, slug)) throw alreadyThere(`tenant ${slug}`);
  const problem = host === undefined ? undefined : await hostProblem(deps.db, deps.publicUrl, undefined, host);
  if (problem !== undefined)
    throw new Refusal('conflict', `The host ${problem}.`, { mistakes: [{ path: ['host'], problem }] });
  const now = deps.clock();
  const id = newId(deps, now);
  const keys = await keysForNewTenant(deps, id);
  const made = await deps.db.transaction((tx) => createTenant(deps, tx, id, newTenant(deps, asked), keys, now, actor));
  if (!made) throw alreadyThere(`tenant ${slug}`);
  deps.memory.drop({ kind: 'tenant', tenantId: id, entity: id });
  return made;
}

/** The `default` tenant at PUBLIC_URL, made on the first start. @throws Error when the database belongs to another issuer. */
export async function ensureDefaultTenant(deps: Deps): Promise<Tenant> {
  const found = await findTenantBySlug(deps.db, 'default');
  if (found) return sameIssuer(found, deps.publicUrl);
  const now = deps.clock();
  const id = newId(deps, now);
  const keys = await keysForNewTenant(deps, id);
  const tenant = { slug: 'default', issuer: deps.publicUrl, host: undefined, name: 'Signet', settings: {} };
  const made = await deps.db.transaction((tx) => createTenant(deps, tx, id, tenant, keys, now));
  deps.memory.drop({ kind: 'tenant', tenantId: id, entity: id });
  return made ?? sameIssuer((await findTenantBySlug(deps.db, 'default'))!, deps.publicUrl);
}

function sameIssuer(tenant: Tenant, publicUrl: string): Tenant {
  if (tenant.issuer === publicUrl) return tenant;
  throw new Error(
    `PUBLIC_URL is ${publicUrl}, but this database belongs to the issuer ${tenant.issuer}, which stands in every token it issued and cannot change. ` +
      `Set PUBLIC_URL (or PORT) back, or use another DATA_DIR or DATABASE_URL.`,
  );
}
