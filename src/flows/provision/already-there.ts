// The refusal of a thing that exists.
import { Refusal } from '../../domain/errors.ts';

export function alreadyThere(thing: string): Refusal {
  return new Refusal('exists', 409, `There is a ${thing} already; nothing was changed.`);
}
