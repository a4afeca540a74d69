// Which parts of a provisioning file have the right shape, so that their other mistakes can be told as well.
import type { ProvisioningFile, SoundPart } from './file-schema.ts';
import type { Mistake } from '../../domain/mistake.ts';

/** What of the file is not touched by `mistakes` of shape. */
export function soundPart(value: unknown, mistakes: readonly Mistake[]): SoundPart {
  const broken = new Set(mistakes.flatMap(({ path }) => [path[0], path.slice(0, 2).join('/')]));
  if (broken.has(''))
    return { tenant: null, settings: undefined, resources: [], clients: [], users: [], serviceAccounts: [] };
  const { tenant, settings, resources, clients, users, service_accounts: serviceAccounts } = value as ProvisioningFile;
  const list = mistakes.filter(({ path }) => path.length === 1).map(({ path }) => path[0]);
  const entries = <T>(name: string, all: readonly T[] = []) =>
    list.includes(name) ? [] : all.map((entry, i) => (broken.has(`${name}/${i}`) ? undefined : entry));
  return {
    tenant: broken.has('tenant') ? null : tenant,
    settings: broken.has('settings') ? undefined : settings,
    resources: entries('resources', resources),
    clients: entries('clients', clients),
    users: entries('users', users),
    serviceAccounts: entries('service_accounts', serviceAccounts),
  };
}
