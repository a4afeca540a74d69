// Applies what a provisioning file would say, given as an object: the same checks; each problem names its part.
import type { Deps } from '../../deps.ts';
import type { Applied } from './applied.ts';
import { applyProvisioning } from './apply.ts';
import { fileSchema, type ProvisioningFile } from './file-schema.ts';
import { pathInWords } from '../../domain/mistake.ts';
import { type PositionOf, withPositions, ProvisioningError } from './problems.ts';
import { ruleMistakes } from './rules.ts';
import { soundPart } from './sound-part.ts';
import { shapeMistakes } from '../../schemas/mistakes.ts';
import { storedMistakes } from './stored.ts';

const position: PositionOf = (path) => pathInWords(path) ?? 'the file';

/** @throws ProvisioningError with every mistake at once; nothing was applied then. */
export async function applyObject(deps: Deps, given: object): Promise<Applied> {
  // As in a file: what is undefined is not there, and an address is its text.
  const value: unknown = JSON.parse(JSON.stringify(given));
  const shapes = shapeMistakes(fileSchema, value);
  const sound = soundPart(value, shapes);
  const rules = [...shapes, ...ruleMistakes(sound)];
  const mistakes = rules.length > 0 ? [...rules, ...(await storedMistakes(deps, sound))] : [];
  if (mistakes.length > 0) throw new ProvisioningError(withPositions(mistakes, position));
  return applyProvisioning(deps, { file: value as ProvisioningFile, position });
}
