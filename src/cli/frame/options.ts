// Options that many commands share.
import { Option } from 'commander';
import { isSlug } from '../../domain/tenant.ts';
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

/** `--limit` and `--after`: one page of a long list. `key` is what stands in its rows to go on behind. */
export function pageOptions(key: string): [Option, Option] {
  return [
    new Option('--limit <number>', 'how many at most').default(50).argParser(limit),
    new Option(`--after <${key}>`, `only those behind this one`),
  ];
}

export type PageOptions = { readonly limit: number; readonly after?: string };

const mostListed = 1000;

function limit(value: string): number {
  if (/^\d{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= mostListed) return Number(value);
  throw new InvalidArgumentError(`A whole number from 1 to ${mostListed}.`);
}

/** An option that may be given several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (may be given several times)`)
    .default([], 'none')
    .argParser((value: string, before: readonly string[]) => [...before, value]);
}
