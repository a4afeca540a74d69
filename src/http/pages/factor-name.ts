// The name that somebody gives a factor, as a form sends it.
import type { Params } from '../../domain/params.ts';
import { shortened } from '../../domain/text.ts';

/** Characters. */
const longestName = 60;

/** Shortened; undefined when there is none. */
export function factorNameIn(params: Params): string | undefined {
  const name = shortened(params.get('name')?.trim() ?? '', longestName);
  return name === '' ? undefined : name;
}
