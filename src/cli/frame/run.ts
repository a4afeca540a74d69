// One frame for every command: what it may use, how it ends, and how its failures read.
import type { Command } from 'commander';
import type { Environment } from '../../config/names.ts';
import { ConfigError } from '../../config/read.ts';
import { Refusal, Unavailable } from '../../domain/errors.ts';
import { pathInWords } from '../../domain/mistake.ts';
import { ProvisioningError } from '../../flows/provision/problems.ts';
import { output, type Output } from './output.ts';

/** How a command ended, for scripts; the names are those of errors in JSON. The same for all commands; documented in docs/command-line.md. */
export const exitCodes = {
  done: 0,
  /** It failed, or found something wrong; nothing was changed unless the message says so. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** What the command is about does not exist. */
  not_found: 3,
  /** What it would make exists already. */
  exists: 4,
} as const;

/** A failure with words for the person at the terminal: what happened, and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: keyof typeof exitCodes;
  readonly problems: readonly string[];

  constructor(exit: keyof typeof exitCodes, ...problems: readonly string[]) {
    super(problems.join('\n'));
    this.exit = exit;
    this.problems = problems;
  }
}

/** What every command is given: the environment it reads settings from, and where its results go. */
export type Terminal = { readonly env: Environment; readonly out: Output };

/**
 * A command whose action runs in the frame: `work` gets the terminal, then what commander gives (arguments, options).
 * Whatever it throws becomes words on standard error and an exit code; `failed` stands before them, when given.
 */
export function command(
  shape: Command,
  env: Environment,
  // Commander's own type for the arguments of an action; each command says what they are.
  // oxlint-disable-next-line typescript/no-explicit-any
  work: (terminal: Terminal, ...args: any[]) => Promise<void>,
  failed?: string,
): Command {
  return shape.action(async (...args: unknown[]) => {
    const called = args.at(-1) as Command;
    const { json = false } = called.optsWithGlobals<{ json?: boolean }>();
    const out = output(json);
    try {
      await work({ env, out }, ...args.slice(0, -1));
    } catch (error) {
      const { exit, problems } = meaningOf(error);
      out.failure(exit, problems, failed);
      if (exit === 'usage' && !json) out.note(helpOf(called));
      process.exitCode = exitCodes[exit];
    }
  });
}

/** What `work` does; a refusal of it says `hint` as well, which names another command. */
export async function withHint<T>(hint: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { exit, problems } = meaningOf(error);
    throw new CommandError(exit, ...problems.map((problem) => `${problem} ${hint}`));
  }
}

/** Where the help of a command is. */
export function helpOf(command: Command): string {
  const names = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return `See "${names.join(' ')} --help".`;
}

/** @throws CommandError usage instead, when what `making` was given on the command line breaks the rules. */
export async function asGiven<T>(making: Promise<T>): Promise<T> {
  try {
    return await making;
  } catch (error) {
    // A password never stands on the command line.
    const isOfInput = error instanceof Refusal && error.code === 'invalid_input' && !isAboutPassword(error);
    if (isOfInput) throw new CommandError('usage', ...problemsOf(error));
    throw error;
  }
}

function isAboutPassword({ mistakes }: Refusal): boolean {
  return mistakes.some(({ path }) => path[0] === 'password');
}

function problemsOf({ mistakes, message }: Refusal): string[] {
  const problems = mistakes.map(({ path, problem }) => `${pathInWords(path) ?? 'This'} ${problem}`);
  return problems.length > 0 ? problems.toSorted() : [message];
}

function meaningOf(error: unknown): { exit: keyof typeof exitCodes; problems: readonly string[] } {
  if (error instanceof CommandError) return error;
  if (error instanceof ConfigError || error instanceof ProvisioningError)
    return { exit: 'failed', problems: error.problems };
  if (error instanceof Refusal) {
    const exit = error.code === 'not_found' || error.code === 'exists' ? error.code : 'failed';
    return { exit, problems: problemsOf(error) };
  }
  if (error instanceof Unavailable) {
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return { exit: 'failed', problems: [`${error.message}${why}. "signet doctor" says more.`] };
  }
  return { exit: 'failed', problems: [error instanceof Error ? error.message : String(error)] };
}
