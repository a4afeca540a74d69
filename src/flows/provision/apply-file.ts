// Applies a provisioning file from the disk.
import { readFile } from 'node:fs/promises';
import type { Deps } from '../../deps.ts';
import type { Applied } from './applied.ts';
import { type ApplyOptions, applyProvisioning } from './apply.ts';
import { readProvisioning } from './parse.ts';
import { withPositions, ProvisioningError } from './problems.ts';
import { storedMistakes } from './stored.ts';

/** @throws ProvisioningError when the file cannot be read or has mistakes; nothing was applied then. */
export async function applyFile(deps: Deps, path: string): Promise<Applied> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ProvisioningError([`${path} cannot be read: ${(error as Error).message}`]);
  });
  return applyText(deps, text, path);
}

/** The same for a file that was read already: `text`, from `path`. */
export async function applyText(deps: Deps, text: string, path: string, options: ApplyOptions = {}): Promise<Applied> {
  const { sound, mistakes, position, parsed } = readProvisioning(text, path);
  if (parsed) return applyProvisioning(deps, parsed, options);
  throw new ProvisioningError(withPositions([...mistakes, ...(await storedMistakes(deps, sound))], position));
}
