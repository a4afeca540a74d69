// Whether this process can issue tokens.
import type { Deps } from '../deps.ts';
import { canWrite } from '../storage/health.ts';
import { keyRing } from './keys/ring.ts';
import { clockTrouble } from './upkeep/clocks.ts';
import { tenantOfRequest } from './tenants/find.ts';

/** True when the database takes writes, its clock and this machine's agree, and the default tenant's keys can sign. */
export async function isReady(deps: Deps): Promise<boolean> {
  try {
    const tenant = await tenantOfRequest(deps, new URL(deps.publicUrl).host, undefined);
    const trouble = await clockTrouble(deps);
    if (trouble !== undefined) {
      deps.log.warn(`not ready. ${trouble}`);
      return false;
    }
    return tenant !== undefined && (await keyRing(deps, tenant)).signing.size > 0 && (await canWrite(deps.db));
  } catch (error) {
    deps.log.warn({ err: error }, 'not ready');
    return false;
  }
}
