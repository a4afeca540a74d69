// The completion script for zsh.
import type { Offer, Place, Values } from './places.ts';
import { quoted, quotedWords, steps } from './posix.ts';

/** For a file `_signet` in `fpath`, or to be sourced after `compinit`. */
export function zshScript(places: readonly Place[]): string {
  return `#compdef signet
# zsh completion for signet

_signet() {
  local at='signet' opt='' word
  local -a offers shown options described
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n "$opt" ]]; then
      opt=''
      continue
    fi
    case "$at $word" in
${indented(steps(places))}
    esac
  done
  if [[ -z "$opt" && "\${words[CURRENT]}" == --*=* ]]; then
    opt="$at \${words[CURRENT]%%=*}"
    compset -P 1 '*='
  fi
  case "\${opt:-$at}" in
${indented(places.flatMap(branches))}
  esac
  if [[ -z "$opt" && ("\${words[CURRENT]}" == -* || \${#offers} -eq 0) ]]; then
    offers=("\${options[@]}") shown=("\${described[@]}")
  fi
  (( \${#offers} )) && compadd -l -d shown -- "\${offers[@]}"
}

if [[ "\${funcstack[1]}" == '_signet' ]]; then
  _signet "$@"
else
  compdef _signet signet
fi
`;
}

function branches({ path, commands, options, argument }: Place): string[] {
  const known = typeof argument === 'string' ? [] : argument.map((name) => ({ name, about: '' }));
  const long = options.map(({ long: name, about }) => ({ name, about }));
  const isFile = argument === 'file' ? ` [[ "\${words[CURRENT]}" == -* ]] || { _files; return; }` : '';
  return [
    `${quoted(path)}) ${arrays('offers', 'shown', [...commands, ...known])} ${arrays('options', 'described', long)};${isFile} ;;`,
    ...options.flatMap(({ long, value }) =>
      value === undefined || value === 'anything' ? [] : [`${quoted(`${path} ${long}`)}) ${given(value)} ;;`],
    ),
  ];
}

function given(value: Values): string {
  if (typeof value === 'string') return '_files; return';
  return arrays(
    'offers',
    'shown',
    value.map((name) => ({ name, about: '' })),
  );
}

/** What is inserted, and what is shown of it. */
function arrays(names: string, lines: string, offers: readonly Offer[]): string {
  const width = Math.max(0, ...offers.map(({ name }) => name.length));
  const shown = offers.map(({ name, about }) => (about === '' ? name : `${name.padEnd(width)}  -- ${about}`));
  return `${names}=(${quotedWords(offers.map(({ name }) => name))}) ${lines}=(${quotedWords(shown)})`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}`).join('\n');
}
