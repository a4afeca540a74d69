// Whether this process can issue tokens, and why not.
import type { Deps } from '../deps.ts';
import { Unavailable } from '../domain/errors.ts';
import { canWrite } from '../storage/health.ts';
import { keyRing } from './keys/ring.ts';
import { clockTrouble } from './upkeep/clocks.ts';
import { tenantOfRequest } from './tenants/find.ts';

/** What stands in the way; `kind` is the same for as long as the same does. */
type Trouble = { readonly kind: string; readonly text: string; readonly facts?: object };

/** What each process has said last; nothing while it is ready. */
const said = new WeakMap<Deps, string>();

/** True when the database takes writes, its clock and this machine's agree, and the default tenant's keys can sign. */
export async function isReady(deps: Deps): Promise<boolean> {
  const trouble = await troubleOf(deps).catch(failureOf);
  sayChange(deps, trouble);
  return trouble === undefined;
}

async function troubleOf(deps: Deps): Promise<Trouble | undefined> {
  const tenant = await tenantOfRequest(deps, new URL(deps.publicUrl).host, undefined);
  const clocks = await clockTrouble(deps);
  if (clocks !== undefined) return { kind: 'clocks', text: `not ready. ${clocks}` };
  if (!tenant || (await keyRing(deps, tenant)).signing.size === 0)
    return { kind: 'keys', text: 'not ready: there is no key to sign with' };
  if (!(await canWrite(deps.db))) return { kind: 'read-only', text: 'not ready: the database takes no writes' };
  return undefined;
}

/** Without a stack where the database is away: it would say nothing more. */
function failureOf(error: unknown): Trouble {
  if (!(error instanceof Unavailable))
    return { kind: `failure: ${String(error)}`, text: 'not ready', facts: { err: error } };
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return { kind: 'database', text: 'not ready', facts: { reason: error.message, cause: message ?? code } };
}

/** Probes come every few seconds: only what is new is said. */
function sayChange(deps: Deps, trouble: Trouble | undefined): void {
  const before = said.get(deps);
  if (trouble?.kind === before) return;
  if (!trouble) {
    said.delete(deps);
    deps.log.warn('ready again');
    return;
  }
  said.set(deps, trouble.kind);
  deps.log.warn(trouble.facts ?? {}, trouble.text);
}
