// The completion script for bash.
import type { Place, Values } from './places.ts';
import { quoted, quotedWords, steps } from './posix.ts';

/**
 * Needs no other package. It compares words itself, because `compgen -W` expands what it is given; what it offers it
 * quotes, and files are left to readline. bash before 4 has no `compopt`: there files are offered wherever nothing is
 * known.
 */
export function bashScript(places: readonly Place[]): string {
  return `# bash completion for signet

_signet() {
  local at='signet' opt='' cur="\${COMP_WORDS[COMP_CWORD]}" word i
  local -a offers=() options=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n "$opt" ]]; then
      # bash makes a word of its own of the = in --option=value.
      [[ "$word" == '=' ]] || opt=''
      continue
    fi
    case "$at $word" in
${indented(steps(places))}
    esac
  done
  [[ "$cur" == '=' ]] && cur=''
  case "\${opt:-$at}" in
${indented(places.flatMap(branches))}
  esac
  [[ -z "$opt" && ("$cur" == -* || \${#offers[@]} -eq 0) ]] && offers=("\${options[@]}")
  for word in "\${offers[@]}"; do
    if [[ "$word" == "$cur"* ]]; then
      printf -v word '%q' "$word"
      COMPREPLY+=("$word")
    fi
  done
  return 0
}

if type compopt >/dev/null 2>&1; then
  complete -F _signet signet
else
  complete -o default -F _signet signet
fi
`;
}

const files = 'compopt -o default 2>/dev/null';

function branches({ path, commands, options, argument }: Place): string[] {
  const names = [...commands.map(({ name }) => name), ...(typeof argument === 'string' ? [] : argument)];
  const long = quotedWords(options.map(({ long }) => long));
  const isFile = argument === 'file' ? ` [[ "$cur" == -* ]] || { ${files}; return 0; }` : '';
  return [
    `${quoted(path)}) offers=(${quotedWords(names)}) options=(${long});${isFile} ;;`,
    ...options.flatMap(({ long, value }) =>
      value === undefined || value === 'anything' ? [] : [`${quoted(`${path} ${long}`)}) ${given(value)} ;;`],
    ),
  ];
}

function given(value: Values): string {
  return typeof value === 'string' ? files : `offers=(${quotedWords(value)})`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}`).join('\n');
}
