// What shells offer at TAB, with a completion script of ours: bash, and zsh and fish where they are installed.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

type Shell = {
  readonly name: string;
  /** Runs with the script in `$SCRIPT`, the line as arguments; writes one offer per line, `FILES` for files. */
  readonly args: (words: readonly string[]) => readonly string[];
};

const bash = `
eval "$SCRIPT" && eval "$SCRIPT" || exit
compopt() { echo FILES; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_signet
for offer in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $offer"; done`;

// In the place of what only zsh's editor has: it leaves out what does not begin with the word.
const zsh = `
compdef() { }
compset() { words[CURRENT]="\${words[CURRENT]#*=}"; }
_files() { print FILES; }
compadd() { for offer in "\${@[5,-1]}"; do [[ "$offer" == "\${words[CURRENT]}"* ]] && print -r -- "$offer"; done; }
eval "$SCRIPT" && eval "$SCRIPT" || exit
words=("$@") CURRENT=$#
_signet; true`;

// The folder holds one file, which is named FILES.
const fish = `
set -l line $argv[1]
printf '%s' $SCRIPT | source; and printf '%s' $SCRIPT | source
complete -C $line | string split -f 1 \\t; true`;

const all: readonly Shell[] = [
  { name: 'bash', args: (words) => ['--norc', '-c', `set -u${bash}`, 'bash', ...words] },
  { name: 'zsh', args: (words) => ['-f', '-c', zsh, 'zsh', ...words] },
  { name: 'fish', args: (words) => ['--no-config', '-c', fish, words.join(' ')] },
];

/** Those that this machine has; bash always. */
export const installedShells = all.filter(({ name }) => name === 'bash' || spawnSync(name, ['--version']).status === 0);

/** What the shell offers for the last word of a line, sorted. */
export async function offersOf(
  shell: Shell,
  script: string,
  words: readonly string[],
  folder: string,
): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)(shell.name, shell.args(words), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, SCRIPT: script },
  });
  if (stderr !== '') throw new Error(`${shell.name}: ${stderr}`);
  return stdout.split('\n').filter(Boolean).toSorted();
}

/** What `signet` gets for each line that is typed into a bash at a terminal; `\t` in it is the key. */
export async function typedIntoBash(script: string, lines: readonly string[], folder: string): Promise<string[][]> {
  const running = promisify(execFile)('bash', ['--norc', '--noprofile', '-i'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, INPUTRC: '/dev/null', HISTFILE: '', SCRIPT: script },
  });
  const got = `signet() { printf '<%s>' "$@"; echo; }; eval "$SCRIPT"`;
  running.child.stdin!.end([got, ...lines, ''].join('\n'));
  const { stdout } = await running;
  return [...stdout.matchAll(/^<(.*)>$/gm)].map(([, words]) => words!.split('><'));
}
