// Where a new password comes from: standard input, chance, or a person at the terminal. Never the command line, which others see.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import type { Deps } from '../../deps.ts';
import { chosenPasswordProblem } from '../../schemas/password.ts';
import { generatePassword } from '../../flows/users/passwords.ts';
import type { Person } from './confirm.ts';
import { CommandError } from './run.ts';

export type PasswordOptions = { readonly passwordStdin?: boolean; readonly generatePassword?: boolean };

/** `generated`: nobody knows it yet, so it must be shown. */
export type GivenPassword = { readonly password: string; readonly generated: boolean };

export function withPasswordOptions(shape: Command): Command {
  return shape
    .addOption(new Option('--password-stdin', 'read the password from standard input').conflicts('generatePassword'))
    .option('--generate-password', 'make a password and show it this once');
}

/**
 * How the command will get the password. @throws CommandError usage at once when there is none and nobody to ask; the source,
 * when what is given or typed cannot be used.
 */
export function passwordSource(
  { passwordStdin = false, generatePassword: generate = false }: PasswordOptions,
  person: Person = { input: process.stdin, output: process.stderr },
): (deps: Deps) => Promise<GivenPassword> {
  if (generate) return async (deps) => ({ password: generatePassword(deps), generated: true });
  if (passwordStdin) return async () => ({ password: await firstLine(person.input), generated: false });
  if (person.input.isTTY !== true)
    throw new CommandError(
      'usage',
      'No terminal to ask for a password on: add --password-stdin to send one, or --generate-password.',
    );
  return async () => ({ password: await typedTwice(person), generated: false });
}

/** What is shown of a password: only what nobody knows yet. */
export function shownPassword({ password, generated }: GivenPassword): { password?: string } {
  return generated ? { password } : {};
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  const given = (await text(input)).replace(/\r?\n$/, '');
  if (given === '') throw new CommandError('failed', 'There is no password on standard input.');
  if (/[\r\n]/.test(given))
    throw new CommandError('failed', 'Standard input has more than one line: send the password alone.');
  return given;
}

/** Gives up after three mismatches. */
const mostAttempts = 3;

/**
 * Two lines that are not shown while they are typed, and asked for again when they are not the same good password.
 * @throws CommandError when they never are; also at Ctrl-C.
 */
async function typedTwice({ input, output }: Person): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Before anything is asked, so that not even the quickest hands see what they type.
  using keyboard = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const lines = keyboard[Symbol.asyncIterator]();
  const ask = async (question: string) => {
    output.write(question);
    const { done, value } = await lines.next();
    output.write('\n');
    if (done) throw new CommandError('failed', 'Nothing was changed.');
    return value;
  };
  for (let attempt = 1; ; attempt += 1) {
    const password = await ask('New password: ');
    const weakness = chosenPasswordProblem(password, []);
    const problem =
      weakness !== undefined
        ? `The password ${weakness}.`
        : (await ask('Repeat the password: ')) === password
          ? undefined
          : 'The two are not the same.';
    if (problem === undefined) return password;
    if (attempt === mostAttempts) throw new CommandError('failed', `${problem} Nothing was changed.`);
    output.write(`${problem} Try again.\n`);
  }
}
