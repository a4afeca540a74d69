// Where a page of a list ended, as callers hand it back: opaque to them, and checked like everything that comes from outside.
import { invalidInput } from '../domain/errors.ts';

/** A page, and where the next one begins; undefined on the last one. */
export type Paged<T> = { readonly items: readonly T[]; readonly cursor: string | undefined };

/** `place`: the texts that say where. */
export function cursorOf(place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The texts of {@link cursorOf}; undefined where no cursor came. @throws Refusal invalid_input for one that is none. */
export function placeIn(cursor: string | undefined, parts: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const place = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
    if (Array.isArray(place) && place.length === parts && place.every(isStorable)) return place;
  } catch {
    // What is no JSON is no cursor either.
  }
  throw noCursor();
}

export function noCursor() {
  return invalidInput([{ path: ['cursor'], problem: 'is not one that an answer gave' }]);
}

function isStorable(part: unknown): part is string {
  return typeof part === 'string' && !part.includes('\u0000') && part.isWellFormed();
}
