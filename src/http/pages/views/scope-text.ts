// What a scope allows, said to the person who is asked for it.
import type { MessageKey, Translate } from '../../../texts/messages.ts';

const described: Record<string, MessageKey> = {
  openid: 'scope.openid',
  profile: 'scope.profile',
  email: 'scope.email',
  address: 'scope.address',
  phone: 'scope.phone',
  roles: 'scope.roles',
  groups: 'scope.groups',
  offline_access: 'scope.offline_access',
};

/** OpenID Connect's scopes in the language of the page, others as their resource describes them, else by name. */
export function scopeText(name: string, description: string | undefined, t: Translate): string {
  const key = Object.hasOwn(described, name) ? described[name] : undefined;
  return key === undefined ? description || name : t(key);
}
