// Brings a tenant to what a provisioning file says: all of it in one transaction, or nothing. What is not in the file stays; a client that is, is replaced whole.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { completeMetadata, isPublic } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Tenant, TenantSettings } from '../../domain/tenant.ts';
import { recordChange } from '../../storage/changes.ts';
import { lockClient, saveClient, setClientDisabled } from '../../storage/clients.ts';
import { type Db, isUniqueViolation } from '../../storage/database.ts';
import { listResources, saveResource } from '../../storage/resources.ts';
import { findTenantBySlug, lockTenant, setTenantPolicies } from '../../storage/tenants.ts';
import { someoneCanUseRole } from '../../storage/users.ts';
import { aboutSecret } from '../clients/authenticate.ts';
import { everyOrigin } from '../clients/current.ts';
import { newId, record } from '../events.ts';
import { adminRole } from '../../domain/role.ts';
import { createTenant, keysForNewTenant } from '../tenants/create.ts';
import { alreadyThere } from '../../domain/errors.ts';
import { type Applied, type Outcome, type Thing, thingInWords } from './applied.ts';
import type { ProvisioningFile } from './file-schema.ts';
import type { ClientEntry } from '../../schemas/client.ts';
import type { ParsedProvisioning } from './parse.ts';
import { type Mistake, withPositions, ProvisioningError } from './problems.ts';
import { metadataOf, scopeName, tenantOf } from './rules.ts';
import { soundPart } from './shape.ts';
import { hostChanged, issuerAtHost, secretMissing, storedMistakes } from './stored.ts';
import { applyUser, type PreparedUser, prepareUsers } from '../users/save.ts';

/**
 * Idempotent: a second time changes nothing. With `only create`, users, clients and resources that are there already are
 * refused instead of changed. @throws ProvisioningError, Refusal exists.
 */
export async function applyProvisioning(
  deps: Deps,
  { file, position }: ParsedProvisioning,
  mode: 'create or change' | 'only create' = 'create or change',
): Promise<Applied> {
  const now = deps.clock();
  const { slug, title, host } = tenantOf(file.tenant);
  const mistakes = await storedMistakes(deps, soundPart(file, []));
  if (mistakes.length > 0) throw new ProvisioningError(withPositions(mistakes, position));
  const existing = await findTenantBySlug(deps.db, slug);
  if (existing && host !== undefined && host !== existing.host)
    throw new ProvisioningError([`${position(['tenant', 'host'])} ${hostChanged}`]);
  const tenantId = existing?.id ?? newId(deps, now);
  // Hashes and keys take long: they are made before the transaction.
  const keys = existing ? [] : await keysForNewTenant(deps, tenantId);
  const users = await prepareUsers(deps, existing?.id, file.users ?? []);
  const done = { created: [] as Thing[], updated: [] as Thing[], unchanged: 0 };
  const outcome: Outcome = (thing, what) => {
    if (what !== 'created' && mode === 'only create') throw alreadyThere(thingInWords(thing));
    if (what === 'unchanged') done.unchanged += 1;
    else done[what].push(thing);
  };
  await deps.db
    .transaction(async (tx) => {
      Object.assign(done, { created: [], updated: [], unchanged: 0 });
      const tenant = existing ?? (await newTenant(deps, tx, tenantId, { slug, title, host }, keys, now));
      if (!existing) outcome({ type: 'tenant', name: slug }, 'created');
      const context: RequestContext = { tenant, now, requestId: undefined, ip: undefined, userAgent: undefined };
      await applyTenant(deps, tx, context, title, file.settings, existing ? outcome : () => {});
      // Under the tenant's lock, as whoever disables an administrator.
      const isAdministered = await someoneCanUseRole(tx, tenantId, adminRole);
      await applyResources(deps, tx, context, file, outcome);
      for (const [i, client] of (file.clients ?? []).entries())
        await applyClient(deps, tx, context, client, position(['clients', i]), outcome);
      const demoted: number[] = [];
      for (const [i, user] of users.entries())
        if (await applyUser(deps, tx, context, user, position(['users', i, 'email']), outcome)) demoted.push(i);
      if (isAdministered && !(await someoneCanUseRole(tx, tenantId, adminRole)))
        throw new ProvisioningError(withPositions(demoted.map(takesLastAdministrator), position));
    })
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new ProvisioningError([
        'somebody else took a name or an address of this file at this moment; apply it again',
      ]);
    });
  for (const kind of ['tenant', 'resource'] as const) deps.memory.drop({ kind, tenantId, entity: '' });
  const clients = (file.clients ?? []).map(({ client_id }) => client_id);
  for (const entity of [...clients, everyOrigin]) deps.memory.drop({ kind: 'client', tenantId, entity });
  return { tenant: slug, ...done, warnings: warningsFor(file, users) };
}

function takesLastAdministrator(user: number): Mistake {
  return {
    path: ['users', user],
    problem: `would leave nobody who can sign in and has the role ${adminRole}: leave that role and the user as they are, or give another user the role and a password`,
  };
}

async function newTenant(
  deps: Deps,
  tx: Db,
  id: string,
  { slug, title, host }: ReturnType<typeof tenantOf>,
  keys: Parameters<typeof createTenant>[4],
  now: number,
): Promise<Tenant> {
  const byPath = slug === 'default' ? deps.publicUrl : `${deps.publicUrl}/t/${slug}`;
  const issuer = host === undefined ? byPath : issuerAtHost(deps.publicUrl, host);
  const made = await createTenant(deps, tx, id, { slug, issuer, host, name: title ?? slug, settings: {} }, keys, now);
  if (!made)
    throw new ProvisioningError([`tenant ${slug} was made at this moment by somebody else, or its host is taken`]);
  return made;
}

async function applyTenant(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  title: string | undefined,
  settings: Partial<TenantSettings> | undefined,
  outcome: Outcome,
) {
  const stored = await lockTenant(tx, context.tenant.id);
  const wanted = { name: title ?? stored.name, settings: { ...stored.settings, ...settings } };
  if (isDeepStrictEqual(stored, wanted)) return;
  await setTenantPolicies(tx, context.tenant.id, wanted, context.now);
  await record(deps, tx, context, { type: 'tenant.updated', data: { settings: Object.keys(settings ?? {}) } });
  await recordChange(tx, { kind: 'tenant', tenantId: context.tenant.id, entity: context.tenant.id }, context.now);
  outcome({ type: 'tenant', name: context.tenant.slug }, 'updated');
}

async function applyResources(deps: Deps, tx: Db, context: RequestContext, file: ProvisioningFile, outcome: Outcome) {
  const stored = await listResources(tx, context.tenant.id);
  for (const entry of file.resources ?? []) {
    const known = stored.find(({ identifier }) => identifier === entry.identifier);
    const scopes = (entry.scopes ?? known?.scopes ?? []).map((scope) =>
      typeof scope === 'string' ? { name: scopeName(scope) } : scope,
    );
    const wanted = { identifier: entry.identifier, name: entry.name ?? known?.name, scopes };
    const thing = { type: 'resource', name: entry.identifier } as const;
    if (known && isDeepStrictEqual(known, wanted)) {
      outcome(thing, 'unchanged');
      continue;
    }
    await saveResource(tx, context.tenant.id, wanted, context.now);
    await record(deps, tx, context, {
      type: known ? 'resource.updated' : 'resource.created',
      data: { identifier: entry.identifier },
    });
    await recordChange(tx, { kind: 'resource', tenantId: context.tenant.id, entity: '' }, context.now);
    outcome(thing, known ? 'updated' : 'created');
  }
}

async function applyClient(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: ClientEntry,
  position: string,
  outcome: Outcome,
) {
  const { tenant, now } = context;
  const id = entry.client_id;
  const known = await lockClient(tx, tenant.id, id);
  const metadata = metadataOf(entry);
  const needsSecret = !isPublic(completeMetadata(metadata));
  if (needsSecret && entry.client_secret === undefined && known?.secretMac === undefined) {
    throw new ProvisioningError([`${position} ${secretMissing}`]);
  }
  const secretMac = needsSecret ? secretMacOf(deps, tenant.id, entry, known?.secretMac) : undefined;
  const disabled = entry.disabled ?? known?.disabled ?? false;
  const thing = { type: 'client', name: id } as const;
  if (
    known &&
    secretMac === known.secretMac &&
    disabled === known.disabled &&
    isDeepStrictEqual(known.metadata, metadata)
  ) {
    outcome(thing, 'unchanged');
    return;
  }
  await saveClient(tx, tenant.id, { id, metadata, secretMac }, now);
  if (disabled !== (known?.disabled ?? false)) await setClientDisabled(tx, tenant.id, id, disabled, now);
  await record(deps, tx, context, {
    type: known ? 'client.updated' : 'client.created',
    clientId: id,
    data: { disabled, secret_changed: secretMac !== known?.secretMac },
  });
  for (const entity of [id, everyOrigin]) await recordChange(tx, { kind: 'client', tenantId: tenant.id, entity }, now);
  outcome(thing, known ? 'updated' : 'created');
}

function secretMacOf(
  deps: Deps,
  tenantId: string,
  { client_id, client_secret }: ClientEntry,
  known: string | undefined,
): string | undefined {
  if (client_secret === undefined) return known;
  const about = aboutSecret(tenantId, client_id, client_secret);
  return known !== undefined && deps.box.isCurrent(known) && deps.box.matches('client secret', about, known)
    ? known
    : deps.box.mac('client secret', about);
}

function warningsFor(file: ProvisioningFile, users: readonly PreparedUser[]): string[] {
  const secrets = (file.clients ?? []).flatMap(({ client_id, client_secret }) =>
    client_secret !== undefined && client_secret.length < 32
      ? [
          `client ${client_id}: its secret has fewer than 32 characters and may be guessed; "openssl rand -base64 32" makes a good one`,
        ]
      : [],
  );
  const passwords = users.flatMap(({ entry, hasPassword }) =>
    hasPassword || entry.disabled
      ? []
      : [`user ${entry.username} has no password and cannot sign in; give password or password_hash`],
  );
  return [...secrets, ...passwords];
}
