// A completion script for each shell that has one.
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import type { Place } from './places.ts';
import { zshScript } from './zsh.ts';

const scripts: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The shells that have a script. */
export const shells = Object.keys(scripts);

/** The script for one of `shells`: it calls nothing of ours, and runs and expands no text out of `places`. */
export function scriptFor(shell: string, places: readonly Place[]): string {
  return scripts[shell]!(places);
}
