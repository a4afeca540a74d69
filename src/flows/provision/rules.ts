// The rules that a provisioning file must obey beyond its shape.
import { isResourceIdentifier } from '../../domain/authorization-request.ts';
import { completeMetadata, isPublic, metadataProblems, type RegisteredMetadata } from '../../domain/client.ts';
import { webUriProblem } from '../../domain/redirect-uri.ts';
import { parseScope } from '../../domain/scope.ts';
import { isSlug } from '../../domain/tenant.ts';
import { identifierKey, identifierProblem, passwordProblem } from '../../domain/user.ts';
import { parsePhc } from '../../crypto/passwords.ts';
import type { ProvisioningFile, SoundPart } from './file-schema.ts';
import type { UserEntry } from '../../schemas/user.ts';
import type { ResourceEntry } from '../../schemas/resource.ts';
import type { ClientEntry } from '../../schemas/client.ts';
import type { Mistake, Path } from './problems.ts';

/** Every rule that the sound part of a file breaks. */
export function ruleMistakes({ tenant, settings, resources, clients, users }: SoundPart): Mistake[] {
  const email = (user: UserEntry | undefined) => (user?.email === undefined ? undefined : identifierKey(user.email));
  return [
    ...tenantMistakes(tenant ?? undefined, settings),
    ...resources.flatMap((resource, i) => (resource ? resourceMistakes(resource, ['resources', i]) : [])),
    ...clients.flatMap((client, i) => (client ? clientMistakes(client, ['clients', i]) : [])),
    ...users.flatMap((user, i) => (user ? userMistakes(user, ['users', i]) : [])),
    ...repeated(
      'resources',
      resources.map((resource) => resource?.identifier),
      'identifier',
    ),
    ...repeated(
      'clients',
      clients.map((client) => client?.client_id),
      'client_id',
    ),
    ...repeated(
      'users',
      users.map((user) => user && identifierKey(user.username)),
      'username',
    ),
    ...repeated('users', users.map(email), 'email'),
  ];
}

/** The tenant that a file is for. */
export function tenantOf(tenant: ProvisioningFile['tenant']): {
  slug: string;
  title: string | undefined;
  host: string | undefined;
} {
  if (tenant === undefined || typeof tenant === 'string')
    return { slug: tenant ?? 'default', title: undefined, host: undefined };
  return { slug: tenant.slug, title: tenant.name, host: tenant.host };
}

/** What of an entry is client metadata. */
export function metadataOf(entry: ClientEntry): RegisteredMetadata {
  const { client_id: _id, client_secret: _secret, disabled: _disabled, ...metadata } = entry;
  return metadata;
}

function tenantMistakes(tenant: ProvisioningFile['tenant'], settings: ProvisioningFile['settings']): Mistake[] {
  const mistakes: Mistake[] = [];
  const { slug, host } = tenantOf(tenant);
  if (!isSlug(slug))
    mistakes.push({ path: ['tenant'], problem: 'must have a slug of lower-case letters, digits and hyphens' });
  if (host !== undefined && (!/^[a-z0-9.-]+(?::\d{1,5})?$/.test(host) || slug === 'default')) {
    mistakes.push({
      path: ['tenant', 'host'],
      problem:
        slug === 'default'
          ? 'of the default tenant is PUBLIC_URL'
          : 'must be a host name in lower case, with a port if it needs one',
    });
  }
  const logo = settings?.logo_uri === undefined ? undefined : webUriProblem(settings.logo_uri);
  if (logo !== undefined) mistakes.push({ path: ['settings', 'logo_uri'], problem: logo });
  if (settings?.default_resource !== undefined && !isResourceIdentifier(settings.default_resource)) {
    mistakes.push({ path: ['settings', 'default_resource'], problem: 'must be an absolute URI without fragment' });
  }
  return mistakes;
}

function resourceMistakes(resource: ResourceEntry, path: Path): Mistake[] {
  const mistakes: Mistake[] = [];
  if (!isResourceIdentifier(resource.identifier))
    mistakes.push({ path: [...path, 'identifier'], problem: 'must be an absolute URI without fragment' });
  (resource.scopes ?? []).forEach((scope, i) => {
    if (parseScope(scopeName(scope))?.length !== 1)
      mistakes.push({ path: [...path, 'scopes', i], problem: 'must be one scope name without spaces' });
  });
  return mistakes;
}

/** A scope is given by its name alone, or with a description. */
export function scopeName(scope: string | { name: string }): string {
  return typeof scope === 'string' ? scope : scope.name;
}

function clientMistakes(entry: ClientEntry, path: Path): Mistake[] {
  const metadata = metadataOf(entry);
  const mistakes: Mistake[] = metadataProblems(metadata).map(({ path: inside, problem }) => ({
    path: [...path, ...inside],
    problem,
  }));
  if (isPublic(completeMetadata(metadata)) && entry.client_secret !== undefined) {
    mistakes.push({ path: [...path, 'client_secret'], problem: 'has no use with token_endpoint_auth_method none' });
  }
  return mistakes;
}

function userMistakes(user: UserEntry, path: Path): Mistake[] {
  const mistakes: Mistake[] = [];
  const problem = identifierProblem(user.username, user.email);
  if (problem) mistakes.push({ path: [...path, problem.field], problem: problem.problem });
  const weakness = user.password === undefined ? undefined : passwordProblem(user.password);
  if (weakness !== undefined) mistakes.push({ path: [...path, 'password'], problem: weakness });
  if (user.password !== undefined && user.password_hash !== undefined)
    mistakes.push({ path: [...path, 'password_hash'], problem: 'stands beside password: give one of them' });
  if (user.password_hash !== undefined && !parsePhc(user.password_hash)) {
    mistakes.push({
      path: [...path, 'password_hash'],
      problem: 'must be an argon2id PHC string ($argon2id$v=19$m=...,t=...,p=...$salt$hash)',
    });
  }
  return mistakes;
}

function repeated(list: string, values: readonly (string | undefined)[], field: string): Mistake[] {
  const first = new Map<string, number>();
  return values.flatMap((value, i) => {
    if (value === undefined) return [];
    const before = first.get(value);
    if (before === undefined) first.set(value, i);
    return before === undefined ? [] : [{ path: [list, i, field], problem: `is the same as in ${list}[${before}]` }];
  });
}
