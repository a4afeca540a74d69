// Options that npm took for its own: `npm run signet restore FILE --keep-issued` hands on the file alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import type { Environment } from '../../config/names.ts';

/**
 * How to write a command line of which npm kept options to itself; undefined when it kept none of ours. npm hands its options
 * on in the environment, those of its files as well: what stands in a file was not typed here.
 */
export function takenByNpm(signet: Command, args: readonly string[], env: Environment): string | undefined {
  if (env['npm_lifecycle_event'] !== 'signet') return undefined;
  const called = calledBy(signet, args);
  const known = [...called.options, ...(called === signet ? [] : signet.options)];
  const files = npmFiles(env);
  const taken = known.flatMap((option) => {
    const isGiven = args.some((arg) => arg === option.short || arg.split('=')[0] === option.long);
    const typed = isGiven ? undefined : typedTo(option, env, files);
    return typed === undefined ? [] : [typed];
  });
  if (taken.length === 0) return undefined;
  const names = taken.map(([name]) => name).join(', ');
  const line = ['signet', ...args.map(quoted), ...taken.flat()].join(' ');
  const isShort = taken.some(([, value]) => value === valueLost);
  return `npm took ${names} for itself. Write ${isShort ? 'it with its values' : 'it so'}: npx ${line}`;
}

const valueLost = '...';

/** The option as it was typed, and its value; npm calls an option true whose value it took for an argument. */
function typedTo(option: Option, env: Environment, files: readonly string[]): [string, ...string[]] | undefined {
  for (const [name, written] of [
    [option.attributeName(), option.long],
    [option.short?.slice(1), option.short],
  ]) {
    if (name === undefined || written === null || written === undefined) continue;
    const key = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const value = env[`npm_config_${key}`];
    // What npm hands on of its own accord, it hands on empty or under names that we do not have.
    if (value === undefined || value === '' || standsIn(files, key)) continue;
    if (option.isBoolean()) return [written];
    return [written, value.split('\n')[0] === 'true' ? valueLost : quoted(value)];
  }
  return undefined;
}

function calledBy(signet: Command, args: readonly string[]): Command {
  let called = signet;
  for (const arg of args.filter((one) => !one.startsWith('-'))) {
    const below = called.commands.find((one) => one.name() === arg);
    if (!below) break;
    called = below;
  }
  return called;
}

/** The files from which npm reads its options. */
function npmFiles(env: Environment): string[] {
  const project = env['npm_config_local_prefix'];
  // What came in the environment, npm leaves there as it was.
  const named = (name: string) => env[`npm_config_${name}`] ?? env[`NPM_CONFIG_${name.toUpperCase()}`];
  const paths = [named('userconfig'), named('globalconfig'), project && join(project, '.npmrc')];
  return paths.flatMap((path) => {
    try {
      return path ? [readFileSync(path, 'utf8')] : [];
    } catch {
      // Most of them are not there.
      return [];
    }
  });
}

function standsIn(files: readonly string[], key: string): boolean {
  const line = new RegExp(`^\\s*${key.replaceAll('_', '[-_]')}\\s*(?:\\[\\])?\\s*(?:=|$)`, 'm');
  return files.some((text) => line.test(text));
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}
