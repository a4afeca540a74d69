// Makes one new thing by the rules of provisioning files, and never changes one that is there.
import type { Deps } from '../../deps.ts';
import { tenantBySlug } from '../tenants/find.ts';
import { alreadyThere } from '../../domain/errors.ts';
import type { Applied } from './applied.ts';
import { applyProvisioning } from './apply.ts';
import type { ProvisioningFile } from './file-schema.ts';
import { readProvisioning, words } from './parse.ts';
import { type PositionOf, withPositions, ProvisioningError } from './problems.ts';

/** What is wrong is named inside its one entry, `redirect_uris[1]`: there is no file to point into. */
const byField: PositionOf = (path) =>
  typeof path[1] === 'number' ? words(path.length > 2 ? path.slice(2) : [path[0]!]) : String(path.at(-1) ?? 'This');

/**
 * Makes what `file` describes, in a tenant that exists, or a tenant that does not.
 * @throws Refusal exists when it is there already; ProvisioningError with every mistake. Nothing was made then.
 */
export async function createByProvisioning(deps: Deps, file: ProvisioningFile): Promise<Applied> {
  const { mistakes, parsed } = readProvisioning(JSON.stringify(file), 'input');
  if (!parsed) throw new ProvisioningError(withPositions(mistakes, byField), { isOfInput: true });
  if (typeof file.tenant === 'object' && (await tenantBySlug(deps, file.tenant.slug)))
    throw alreadyThere(`tenant ${file.tenant.slug}`);
  return applyProvisioning(deps, { file: parsed.file, position: byField }, 'only create');
}
