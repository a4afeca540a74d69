// The completion script for fish.
import type { OfferedOption, Place, Values } from './places.ts';

/** One line for each offer. fish expands conditions and arguments at every TAB, so those are quoted twice. */
export function fishScript(places: readonly Place[]): string {
  const moves = places.flatMap(({ path, commands }) => commands.map(({ name }) => `${path} ${name}`));
  const taking = places.flatMap(({ path, options }) =>
    options.flatMap(({ long, short, value }) =>
      value === undefined ? [] : [long, ...(short === undefined ? [] : [short])].map((name) => `${path} ${name}`),
    ),
  );
  return `# fish completion for signet

function __signet_at
    set -l moves ${moves.map(quoted).join(' ')}
    set -l taking ${taking.map(quoted).join(' ')}
    set -l at signet
    set -l skipping no
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $skipping = yes
            set skipping no
        else if contains -- "$at $word" $moves
            set at "$at $word"
        else if contains -- "$at $word" $taking
            set skipping yes
        end
    end
    test "$at" = "$argv[1]"
end

complete -c signet -e
complete -c signet -f
${places.flatMap(lines).join('\n')}
`;
}

function lines({ path, commands, options, argument }: Place): string[] {
  const at = `complete -c signet -n ${quoted(`__signet_at ${quoted(path)}`)}`;
  return [
    ...commands.map(({ name, about }) => `${at} -a ${quoted(quoted(name))} -d ${quoted(about)}`),
    ...(argument === 'file' ? [`${at} -F`] : []),
    ...(typeof argument === 'string' || argument.length === 0 ? [] : [`${at} -a ${list(argument)}`]),
    ...options.map((option) => `${at} ${optionIn(option)}`),
  ];
}

function optionIn({ long, short, about, value }: OfferedOption): string {
  const names = `-l ${quoted(long.slice(2))}${short === undefined ? '' : ` -s ${quoted(short.slice(1))}`}`;
  return `${names}${value === undefined ? '' : given(value)} -d ${quoted(about)}`;
}

function given(value: Values): string {
  if (value === 'file') return ' -r -F';
  return value === 'anything' ? ' -x' : ` -x -a ${list(value)}`;
}

function list(words: readonly string[]): string {
  return quoted(words.map(quoted).join(' '));
}

/** One word that fish takes as it is. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
