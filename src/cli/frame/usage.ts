// A wrong command line in words: what is wrong, and where the help is. With --json it is an error like every other.
import { type Command, type CommanderError, Help } from 'commander';
import { hintFor } from './hints.ts';
import { output } from './output.ts';
import { exitCodes, helpOf } from './run.ts';

/** True when results and errors are asked for as JSON; also before the command line is understood. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** Has everything that is wrong with the command line said here, of `signet` and all that is below it. */
export function sayWhatIsWrong(signet: Command, json: boolean): void {
  const nowhere = () => {};
  signet.configureOutput({ outputError: nowhere, ...(json && { writeErr: nowhere }) });
  // Options for all commands stand in every help; the version only in its own.
  signet.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions(command) {
      const all = Help.prototype.visibleGlobalOptions.call(this, command);
      return all.filter(({ long }) => long !== '--version');
    },
  });
  for (const command of below(signet)) command.copyInheritedSettings(signet);
  for (const command of [signet, ...below(signet)]) command.exitOverride((error) => end(command, error, json));
}

/** Every command and group below this one. */
function below(command: Command): Command[] {
  return command.commands.flatMap((one) => [one, ...below(one)]);
}

function end(command: Command, { code, exitCode, message }: CommanderError, json: boolean): never {
  if (exitCode === 0) process.exit(exitCodes.done);
  const out = output(json);
  // Without --json its help was shown.
  const isUnnamed = code === 'commander.help';
  if (json || !isUnnamed)
    out.failure('usage', [isUnnamed ? nameOne(command) : sentence(hintFor(command, message) ?? message)]);
  if (!json && !isUnnamed) out.note(helpOf(command));
  process.exit(exitCodes.usage);
}

function nameOne(command: Command): string {
  const names = command.createHelp().visibleCommands(command);
  const listed = names.flatMap((one) => (one.name() === 'help' ? [] : [one.name()]));
  return `Name a command of ${command.name()}: ${listed.join(', ')}.`;
}

/** As commander says it, in the form of the other errors. */
function sentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*\?)\)$/s, '. $1')
    .replaceAll(/'([^']*)'/g, '"$1"');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
}
