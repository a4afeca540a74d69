// What the scripts for bash and zsh have in common: quoting, and how the words before the cursor lead to a place.
import type { OfferedOption, Place } from './places.ts';

/** One word that the shell takes as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Words of an array, as they are. */
export function quotedWords(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** Branches of a `case` on `$at $word`: commands move `at`, options with a value make `opt` their name. */
export function steps(places: readonly Place[]): string[] {
  return places.flatMap(({ path, commands, options }) => [
    ...commands.map(({ name }) => `${quoted(`${path} ${name}`)}) at=${quoted(`${path} ${name}`)} ;;`),
    ...options.flatMap((option) =>
      option.value === undefined ? [] : [`${patterns(path, option)}) opt=${quoted(`${path} ${option.long}`)} ;;`],
    ),
  ]);
}

function patterns(path: string, { long, short }: OfferedOption): string {
  return [long, ...(short === undefined ? [] : [short])].map((name) => quoted(`${path} ${name}`)).join('|');
}
