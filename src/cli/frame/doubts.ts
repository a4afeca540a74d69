// Warnings about what a command was given and has done, and that was probably meant otherwise.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { administrativeDoubts, spellingDoubts } from '../../flows/provision/doubts.ts';
import type { Output } from './output.ts';

export function warn(out: Output, doubts: readonly string[]): void {
  for (const doubt of doubts) out.note(`Warning: ${doubt}.`);
}

/** `adminRoles`: undefined where there can be none, and whoever names one means a role of applications. */
export async function roleDoubts(
  { db }: Deps,
  { tenant }: RequestContext,
  { roles, adminRoles }: { readonly roles: readonly string[]; readonly adminRoles?: readonly string[] },
): Promise<string[]> {
  const administrative =
    adminRoles?.length === 0 ? administrativeDoubts(tenant, roles, (meant) => `give --admin-role ${meant}`) : [];
  return [...administrative, ...(await spellingDoubts(db, tenant.id, roles))];
}
