// Brings a tenant to what a provisioning file says: all of it in one transaction, or nothing. What is not in the file stays; a client that is, is replaced whole.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { longGrace, signingAlgsOf } from '../../domain/client.ts';
import { contextWithoutRequest, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Mistake, Path } from '../../domain/mistake.ts';
import { isSameResource, type Resource } from '../../domain/resource.ts';
import type { Tenant, TenantSettings } from '../../domain/tenant.ts';
import { tenantOf } from '../../schemas/tenant.ts';
import { recordChange } from '../../storage/changes.ts';
import { findClient } from '../../storage/clients.ts';
import { type Db, isUniqueViolation } from '../../storage/database.ts';
import { listResources } from '../../storage/resources.ts';
import { findTenantBySlug, lockTenant, setTenantPolicies } from '../../storage/tenants.ts';
import { someOwnerCanSignIn } from '../../storage/users.ts';
import { everyOrigin } from '../clients/current.ts';
import { saveClient } from '../clients/save.ts';
import { newId, record } from '../events.ts';
import { letFirstKeysSign, makeFirstKeys } from '../keys/provide.ts';
import { canRecover } from '../deliver/asked.ts';
import { saveResource } from '../resources/save.ts';
import type { SaveOutcome } from '../save-outcome.ts';
import { saveService } from '../service-accounts/save.ts';
import { createTenant, keysForNewTenant, newTenant } from '../tenants/create.ts';
import { type PreparedUser, prepareUser, saveUser } from '../users/save.ts';
import type { Applied, Thing } from './applied.ts';
import { administrativeDoubts, scopesKnown, spellingDoubts, unownedScopes } from './doubts.ts';
import type { ProvisioningFile } from './file-schema.ts';
import type { ParsedProvisioning } from './parse.ts';
import { type PositionOf, ProvisioningError, withPositions } from './problems.ts';
import { soundPart } from './sound-part.ts';
import { storedMistakes } from './stored.ts';

export type ApplyOptions = {
  /** Passwords that stay although the file has others are warned of: it takes as long as a sign-in of each. */
  readonly looksAtPasswords?: boolean;
};

/** Idempotent: a second time changes nothing. @throws ProvisioningError; nothing was applied then. */
export async function applyProvisioning(
  deps: Deps,
  { file, position }: ParsedProvisioning,
  { looksAtPasswords: looks = false }: ApplyOptions = {},
): Promise<Applied> {
  const now = deps.clock();
  const { slug, title: name, host } = tenantOf(file.tenant);
  const mistakes = await storedMistakes(deps, soundPart(file, []));
  if (mistakes.length > 0) throw new ProvisioningError(withPositions(mistakes, position));
  const existing = await findTenantBySlug(deps.db, slug);
  const tenantId = existing?.id ?? newId(deps, now);
  // Hashes and keys take long: they are made before the transaction.
  const algs = [
    ...(file.clients ?? []).flatMap(signingAlgsOf),
    ...(file.resources ?? []).flatMap(({ access_token_signed_response_alg: alg }) => alg ?? []),
  ];
  const keys = existing
    ? await makeFirstKeys(deps, contextWithoutRequest(deps, existing, now), algs)
    : await keysForNewTenant(deps, tenantId, algs);
  const clientNames = (file.clients ?? []).flatMap(({ client_id, client_name }) =>
    [client_id, client_name ?? []].flat(),
  );
  const users: PreparedUser[] = [];
  for (const [i, entry] of (file.users ?? []).entries()) {
    const preparing = prepareUser(deps, existing ?? { slug, name: name ?? slug }, entry, {
      clientNames,
      looks,
    });
    users.push(await preparing.catch(refusedAt(['users', i], position)));
  }
  let known: ReadonlySet<string> = new Set();
  let doubts: readonly string[] = [];
  let registered: readonly Resource[] = [];
  let strangers: readonly string[] = [];
  const done = { created: [] as Thing[], updated: [] as Thing[], unchanged: 0 };
  const tell = (thing: Thing, outcome: SaveOutcome) => {
    if (outcome === 'unchanged') done.unchanged += 1;
    else done[outcome].push(thing);
  };
  await deps.db
    .transaction(async (tx) => {
      Object.assign(done, { created: [], updated: [], unchanged: 0 });
      const tenant =
        existing ?? (await createTenant(deps, tx, tenantId, newTenant(deps, { slug, name, host }), keys, now));
      if (!tenant)
        throw new ProvisioningError([`tenant ${slug} was made at this moment by somebody else, or its host is taken`]);
      const isChanged = await applyTenant(deps, tx, contextWithoutRequest(deps, tenant, now), name, file.settings);
      // What follows may name roles that the file itself defines.
      const settings = { ...tenant.settings, ...file.settings };
      const context = contextWithoutRequest(deps, { ...tenant, settings }, now);
      if (!existing || isChanged) tell({ type: 'tenant', name: slug }, existing ? 'updated' : 'created');
      if (existing) await letFirstKeysSign(deps, tx, context, keys);
      // Under the tenant's lock, as whoever disables an owner.
      const byMail = canRecover(deps);
      const isOwned = await someOwnerCanSignIn(tx, tenantId, { byMail });
      let resources = await listResources(tx, tenantId);
      for (const [i, entry] of (file.resources ?? []).entries()) {
        const saving = saveResource(deps, tx, context, entry, resources);
        const outcome = await saving.catch(refusedAt(['resources', i], position));
        if (outcome !== 'unchanged') resources = await listResources(tx, tenantId);
        tell({ type: 'resource', name: entry.identifier }, outcome);
      }
      for (const [i, entry] of (file.clients ?? []).entries()) {
        const saving = saveClient(deps, tx, context, entry);
        tell({ type: 'client', name: entry.client_id }, await saving.catch(refusedAt(['clients', i], position)));
      }
      const demoted: number[] = [];
      for (const [i, user] of users.entries()) {
        const saving = saveUser(deps, tx, context, user);
        const { outcome, isOwnerLost } = await saving.catch(refusedAt(['users', i], position));
        tell({ type: 'user', name: user.entry.username }, outcome);
        if (isOwnerLost) demoted.push(i);
      }
      for (const [i, entry] of (file.service_accounts ?? []).entries()) {
        const saving = saveService(deps, tx, context, entry).catch(refusedAt(['service_accounts', i], position));
        tell({ type: 'service_account', name: entry.username }, await saving);
      }
      known = scopesKnown(context.tenant, resources);
      doubts = await roleDoubts(tx, context.tenant, file);
      registered = resources;
      strangers = await unknownActors(tx, tenantId, file);
      if (isOwned && !(await someOwnerCanSignIn(tx, tenantId, { byMail })))
        throw new ProvisioningError(withPositions(demoted.map(takesLastOwner), position));
    })
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new ProvisioningError([
        'somebody else took a name or an address of this file at this moment; apply it again',
      ]);
    });
  for (const kind of ['tenant', 'resource', 'keys'] as const) deps.memory.drop({ kind, tenantId, entity: '' });
  const clients = (file.clients ?? []).map(({ client_id }) => client_id);
  for (const entity of [...clients, everyOrigin]) deps.memory.drop({ kind: 'client', tenantId, entity });
  return {
    tenant: slug,
    ...done,
    warnings: [...warningsFor(deps, file, users, known), ...doubts, ...unknownNames(file, registered, strangers)],
  };
}

/** What is refused of an entry, as mistakes of the file. */
function refusedAt(entry: Path, position: PositionOf): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Refusal)) throw error;
    const mistakes = error.mistakes.map(({ path, problem }) => ({ path: [...entry, ...path], problem }));
    const problems = withPositions(mistakes, position);
    throw new ProvisioningError(problems.length > 0 ? problems : [`${position(entry)}: ${error.message}`]);
  };
}

function takesLastOwner(user: number): Mistake {
  return {
    path: ['users', user],
    problem: `would leave no owner who can sign in: leave admin_roles and the user as they are, or make another user with a password an owner`,
  };
}

/** @returns true when something changed. */
async function applyTenant(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  title: string | undefined,
  settings: Partial<TenantSettings> | undefined,
): Promise<boolean> {
  const stored = await lockTenant(tx, context.tenant.id);
  const wanted = { name: title ?? stored.name, settings: { ...stored.settings, ...settings } };
  if (isDeepStrictEqual(stored, wanted)) return false;
  await setTenantPolicies(tx, context.tenant.id, wanted, context.now);
  await record(deps, tx, context, { type: 'tenant.updated', data: { settings: Object.keys(settings ?? {}) } });
  await recordChange(tx, { kind: 'tenant', tenantId: context.tenant.id, entity: context.tenant.id }, context.now);
  return true;
}

function warningsFor(
  deps: Pick<Deps, 'channels'>,
  file: ProvisioningFile,
  users: readonly PreparedUser[],
  known: ReadonlySet<string>,
): string[] {
  const secrets = (file.clients ?? []).flatMap(({ client_id, client_secret }) =>
    client_secret !== undefined && client_secret.length < 32
      ? [
          `client ${client_id}: its secret has fewer than 32 characters and may be guessed; "openssl rand -hex 32" makes a good one`,
        ]
      : [],
  );
  const passwords = users.flatMap(({ entry, hasPassword, email }) =>
    hasPassword || entry.disabled || (email !== undefined && canRecover(deps))
      ? []
      : [`user ${entry.username} has no password and cannot sign in; give password or password_hash`],
  );
  const kept = users.flatMap(({ entry, isKept }) =>
    isKept
      ? [
          `user ${entry.username} has another password by now, and keeps it; "password_reset: true" sets that of the file`,
        ]
      : [],
  );
  const graces = (file.clients ?? []).flatMap(({ client_id, refresh_token_grace: grace = 0 }) =>
    grace > longGrace
      ? [
          `client ${client_id}: its refresh_token_grace is ${grace} seconds, in which a thief of a refresh token is not detected; ${longGrace} or less is safer`,
        ]
      : [],
  );
  return [...secrets, ...passwords, ...kept, ...graces, ...unknownScopes(file, known)];
}

/** Those that `may_act` names and that are no clients. */
async function unknownActors(tx: Db, tenantId: string, { clients = [] }: ProvisioningFile): Promise<readonly string[]> {
  const named = [...new Set(clients.flatMap(({ may_act: actor }) => actor ?? []))];
  const found = await Promise.all(named.map(async (id) => (await findClient(tx, tenantId, id)) ?? id));
  return found.filter((one): one is string => typeof one === 'string');
}

/** A name that is misspelt exchanges nothing, and only its services hear of it. */
function unknownNames(
  { clients = [] }: ProvisioningFile,
  registered: readonly Resource[],
  strangers: readonly string[],
): string[] {
  const resourceNamed = (name: string) => registered.find(({ identifier }) => isSameResource(identifier, name));
  return clients.flatMap(({ client_id: id, serves = [], exchange = [], may_act: actor }) => [
    ...serves
      .filter((one) => !resourceNamed(one))
      .map((one) => `client ${id}: it serves ${one}, which is no resource that is registered`),
    ...exchange.flatMap(({ to, scopes }) => {
      const resource = resourceNamed(to);
      if (!resource) return [`client ${id}: its exchange names ${to}, which is no resource that is registered`];
      return scopes
        .filter((scope) => !resource.scopes.some(({ name }) => name === scope))
        .map((scope) => `client ${id}: its exchange names the scope ${scope}, which ${to} does not have`);
    }),
    ...(actor !== undefined && strangers.includes(actor)
      ? [`client ${id}: its may_act names ${actor}, which is no client`]
      : []),
  ]);
}

/** Whose scope is misspelt gets tokens that open nothing, and nobody tells it. */
function unknownScopes({ clients = [] }: ProvisioningFile, known: ReadonlySet<string>): string[] {
  return clients.flatMap(({ client_id: id, scope = '' }) =>
    unownedScopes(scope, known).map(
      (one) => `client ${id}: no resource has its scope ${one}, so that a token with it opens nothing`,
    ),
  );
}

/** Roles that were probably meant to be others. */
async function roleDoubts(
  tx: Db,
  tenant: Tenant,
  { users = [], service_accounts: services = [] }: ProvisioningFile,
): Promise<string[]> {
  const administrative = users.flatMap(({ username, roles = [], admin_roles: given }) =>
    given === undefined
      ? administrativeDoubts(tenant, roles, (meant) => `give admin_roles: [${meant}]`).map(
          (doubt) => `user ${username}: ${doubt}`,
        )
      : [],
  );
  const roles = [...users, ...services].flatMap((entry) => entry.roles ?? []);
  return [...administrative, ...(await spellingDoubts(tx, tenant.id, roles))];
}
