// The bit that a token of this server names.
import { bitIn, parseListName } from '../../domain/status-list.ts';
import { endpoints } from '../../domain/endpoints.ts';
import type { Tenant } from '../../domain/tenant.ts';

/**
 * Token Status List 6.2: of the claims of an access token of the tenant; undefined where none is named, as by an older process.
 * Null for a list of before a restore, and for what is no list of the tenant: such a token does not stand.
 */
export function statusBitOf(
  { issuer, statusGeneration }: Tenant,
  { status }: Readonly<Record<string, unknown>>,
): number | undefined | null {
  if (status === undefined) return undefined;
  const { idx, uri } = ((status as Record<string, unknown> | null)?.['status_list'] ?? {}) as Record<string, unknown>;
  const address = `${issuer}${endpoints.status}/`;
  if (typeof uri !== 'string' || !uri.startsWith(address)) return null;
  const list = parseListName(uri.slice(address.length));
  return list?.generation === statusGeneration ? (bitIn(list, idx) ?? null) : null;
}
