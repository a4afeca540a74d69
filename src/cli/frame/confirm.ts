// Asks the person at the terminal before something that cannot be undone.
import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { CommandError } from './run.ts';

/** `--yes`, for scripts. */
export function yesOption(): Option {
  return new Option('-y, --yes', 'do it without asking');
}

export type YesOption = { readonly yes?: boolean };

/** Where the person sits; the process's own terminal unless said otherwise. */
export type Person = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
};

/**
 * Goes on when the person says yes, or did so with `--yes`.
 * @throws CommandError when they do not, or when nobody is there to be asked.
 */
export async function confirm(
  question: string,
  { yes = false }: YesOption,
  { input, output }: Person = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes) return;
  if (input.isTTY !== true)
    throw new CommandError('usage', 'No terminal to ask on, so nothing was changed: add --yes.');
  using terminal = createInterface({ input, output });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CommandError('failed', 'Nothing was changed.');
}
