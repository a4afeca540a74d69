// Applies a provisioning file from the disk.
import { readFile } from 'node:fs/promises';
import type { Deps } from '../../deps.ts';
import { applyProvisioning, type Applied } from './apply.ts';
import { parseProvisioning } from './parse.ts';
import { ProvisioningError } from './problems.ts';

/** @throws ProvisioningError when the file cannot be read or has mistakes; nothing was applied then. */
export async function applyFile(deps: Deps, path: string): Promise<Applied> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ProvisioningError([`${path} cannot be read: ${(error as Error).message}`]);
  });
  return applyProvisioning(deps, parseProvisioning(text, path));
}
