// A service account and its keys as commands show them.
import type { User } from '../../domain/user.ts';
import type { ServiceKey } from '../../domain/service-key.ts';
import { defaultKeyLifetime, isKeyAlive } from '../../domain/service-key.ts';
import type { ListedService } from '../../flows/service-accounts/find.ts';
import { expiryForScripts } from '../frame/expiry.ts';
import { type Column, roughly, shownTime } from '../frame/output.ts';

/** For scripts: the names of provisioning files. */
export function serviceForScripts({ id, username, claims, roles, groups, disabled }: User) {
  const name = claims['name'];
  return { id, username, name: typeof name === 'string' ? name : undefined, roles, groups, disabled };
}

export function listedForScripts({ user, keys, lastUsedAt }: ListedService) {
  return { ...serviceForScripts(user), keys, last_used_at: lastUsedAt === undefined ? null : shownTime(lastUsedAt) };
}

export const serviceColumns: readonly Column<ReturnType<typeof listedForScripts>>[] = [
  { head: 'Username', of: (service) => service.username },
  { head: 'Name', of: (service) => service.name },
  { head: 'Roles', of: (service) => service.roles.join(', ') || undefined },
  { head: 'Keys', of: (service) => service.keys },
  { head: 'Last used', of: ({ last_used_at: at }) => (at === null ? 'never' : roughly(at)) },
  { head: 'State', of: (service) => (service.disabled ? 'disabled' : 'enabled') },
];

/** Never the key, of which only a hash is stored. */
export function keyForScripts({ name, createdAt, lastUsedAt, expiresAt }: ServiceKey, now: number) {
  return {
    name,
    created_at: shownTime(createdAt),
    last_used_at: lastUsedAt === undefined ? null : shownTime(lastUsedAt),
    expires_at: expiryForScripts(expiresAt),
    expired: !isKeyAlive({ expiresAt }, now),
  };
}

export const keyColumns: readonly Column<ReturnType<typeof keyForScripts>>[] = [
  { head: 'Name', of: (key) => key.name },
  { head: 'Created', of: (key) => roughly(key.created_at) },
  { head: 'Last used', of: ({ last_used_at: at }) => (at === null ? 'never' : roughly(at)) },
  { head: 'Expires', of: ({ expires_at: at }) => (at === null ? 'never' : roughly(at)) },
  { head: 'State', of: (key) => (key.expired ? 'expired' : 'good') },
];

/** How long a key lives unless somebody says otherwise. */
export const yearOfKey = [defaultKeyLifetime, '365d'] as const;

/** How commands explain the argument that names a service account. */
export const serviceArgument = 'its username';
