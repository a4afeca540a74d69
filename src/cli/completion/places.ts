// What can be typed where, read from commander's own tree of commands, options and arguments.
import type { Argument, Command, Option } from 'commander';

/** What an option or an argument takes: one of these, a file, or something that nobody knows before. */
export type Values = readonly string[] | 'file' | 'anything';

export type Offer = { readonly name: string; readonly about: string };

export type OfferedOption = {
  /** With its dashes. */
  readonly long: string;
  readonly short?: string;
  readonly about: string;
  /** Undefined when nothing follows it. */
  readonly value: Values | undefined;
};

/** Where the words before the cursor have led: to `signet` itself, to a group, or to a command. */
export type Place = {
  /** The words of it with a space between them, as in `signet user create`. */
  readonly path: string;
  readonly commands: readonly Offer[];
  /** Its own, and those of everything above it. */
  readonly options: readonly OfferedOption[];
  readonly argument: Values;
};

/** Every place there is, `signet` itself first. */
export function placesOf(signet: Command): readonly Place[] {
  return placesBelow(signet, '', []);
}

function placesBelow(command: Command, above: string, inherited: readonly OfferedOption[]): Place[] {
  const path = `${above}${command.name()}`;
  const help = command.createHelp();
  const own = help.visibleOptions(command).flatMap(offered);
  const taken = new Set(own.map(({ long }) => long));
  const options = [...own, ...inherited.filter(({ long }) => !taken.has(long))];
  const commands = help.visibleCommands(command).filter((one) => command.commands.includes(one));
  const place: Place = {
    path,
    commands: commands.map((one) => ({ name: one.name(), about: line(one.description()) })),
    options,
    argument: command.registeredArguments[0] === undefined ? [] : valuesOfArgument(command.registeredArguments[0]),
  };
  return [place, ...commands.flatMap((one) => placesBelow(one, `${path} `, options))];
}

function offered(option: Option): OfferedOption[] {
  const { long, short, required, description, flags, argChoices } = option;
  if (long === undefined || long === null) return [];
  const value = argChoices ?? (flags.includes('<file>') ? 'file' : 'anything');
  return [{ long, ...(short && { short }), about: line(description), value: required ? value : undefined }];
}

function valuesOfArgument(argument: Argument): Values {
  return argument.argChoices ?? (argument.name() === 'file' ? 'file' : 'anything');
}

/** On one line, without anything that could steer a terminal. */
function line(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
