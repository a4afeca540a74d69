// Tells every process that a client changed.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import { everyOrigin } from './current.ts';

/** The others learn it when the transaction of `tx` is kept. */
export async function announceClient(tx: Db, { tenant, now }: RequestContext, id: string): Promise<void> {
  for (const entity of [id, everyOrigin]) await recordChange(tx, { kind: 'client', tenantId: tenant.id, entity }, now);
}

/** This process, after it is kept. */
export function dropClient(deps: Deps, { tenant }: RequestContext, id: string): void {
  for (const entity of [id, everyOrigin]) deps.memory.drop({ kind: 'client', tenantId: tenant.id, entity });
}
