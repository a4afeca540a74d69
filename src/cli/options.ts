// Options that many commands share.
import { Option } from 'commander';
import { isSlug } from '../domain/tenant.ts';
import { InvalidArgumentError } from 'commander';

/** `--tenant`, the `default` one unless it is given. */
export function tenantOption(): Option {
  return new Option('-t, --tenant <slug>', 'the tenant it is about').default('default').argParser(slug);
}

export type TenantOption = { readonly tenant: string };

/** @throws what commander reports as wrong usage. */
export function slug(value: string): string {
  if (isSlug(value)) return value;
  throw new InvalidArgumentError('A slug has 1 to 63 of a-z, 0-9 and "-", and neither begins nor ends with "-".');
}
