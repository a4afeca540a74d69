// Finds settings in an environment: the SIGNET_ prefix, the _FILE suffix, and names that are nearly right.
import { readFileSync } from 'node:fs';
import { codeOf } from './kinds.ts';
import { nearest } from '../domain/nearest.ts';

/** An environment as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'SIGNET_';
const SUFFIX = '_FILE';

/** What an environment gives for one setting: `source` names the variable for messages; absent when nothing is given. */
export interface Given {
  readonly source: string;
  /** Absent when it is given in a way that cannot be used, which `problems` then explains. */
  readonly text?: string;
  /** Whether the text is a file's content, which may be more than was meant to be a value. */
  readonly fromFile?: true;
}

/** Looks a setting up under all its names, and reads the file when one is named. Paths of secrets are not repeated. */
export function findGiven(env: Environment, name: string, secret: boolean): { given?: Given; problems: string[] } {
  const problems: string[] = [];
  const direct = findEither(env, name, problems);
  const file = findEither(env, name + SUFFIX, problems);
  if (direct !== undefined && file !== undefined) {
    problems.push(`${direct.source} and ${file.source} are both set. Keep one of them.`);
    return { given: { source: direct.source }, problems };
  }
  if (file === undefined) return direct === undefined ? { problems } : { given: direct, problems };

  try {
    const text = readFileSync(file.text, 'utf8').trim();
    if (text !== '') return { given: { source: `${name} (from ${file.source})`, text, fromFile: true }, problems };
    problems.push(`${file.source} names an empty file. Write the value into it, or remove the setting.`);
  } catch (error) {
    // Whoever writes a secret where its path belongs must not find it in the log.
    const path = secret ? 'a file' : `"${file.text}", a file`;
    problems.push(
      `${file.source} names ${path} that cannot be read (${codeOf(error)}). Correct the path or its permissions.`,
    );
  }
  return { given: { source: file.source }, problems };
}

/** The path that `NAME_FILE` gives for a setting, whatever lies there. */
export function findFile(env: Environment, name: string): { source: string; path: string } | undefined {
  const file = findEither(env, name + SUFFIX, []);
  return file && { source: file.source, path: file.text };
}

function findEither(env: Environment, bare: string, problems: string[]): { source: string; text: string } | undefined {
  const prefixed = PREFIX + bare;
  const bareText = trimmed(env[bare]);
  const prefixedText = isServiceLink(prefixed, env[prefixed]) ? undefined : trimmed(env[prefixed]);
  if (bareText !== undefined && prefixedText !== undefined && bareText !== prefixedText) {
    problems.push(`${bare} and ${prefixed} have different values. Keep one of them.`);
  }
  if (prefixedText !== undefined) return { source: prefixed, text: prefixedText };
  return bareText === undefined ? undefined : { source: bare, text: bareText };
}

function trimmed(text: string | undefined): string | undefined {
  const rest = text?.trim();
  return rest === '' ? undefined : rest;
}

/** Problems: `SIGNET_` names that are no setting. */
export function unknownNames(env: Environment, names: readonly string[]): string[] {
  const known = new Set(names.flatMap((name) => [name, name + SUFFIX]));
  return Object.entries(env)
    .filter(([name, text]) => name.startsWith(PREFIX) && text !== undefined && !isServiceLink(name, text))
    .map(([name]) => name.slice(PREFIX.length))
    .filter((bare) => !known.has(bare))
    .map((bare) => {
      const meant = PREFIX + nearest(bare.toUpperCase(), [...known]).name;
      return `${PREFIX}${bare} is not a setting. The nearest is ${meant}: correct the name, or remove it.`;
    });
}

// Kubernetes tells every pod about a service called "signet", or "signet-" and more, in variables of these names.
const SERVICE_LINK = /^SIGNET_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

function isServiceLink(name: string, text: string | undefined): boolean {
  return SERVICE_LINK.test(name) || (/^SIGNET_(\w+_)?PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(text ?? ''));
}

/** Warnings: settings that are given, but empty. */
export function emptyNames(env: Environment, names: readonly string[]): string[] {
  return names
    .flatMap((name) => [name, name + SUFFIX])
    .flatMap((name) => [name, PREFIX + name])
    .filter((name) => env[name]?.trim() === '')
    .map((name) => `${name} is empty, which counts as not set. Give it a value, or remove it.`);
}

// Short names have too many neighbours by chance: PGHOST, EXPORT.
const SHORTEST_MISSPELT = 6;

// Names that other programs use and that happen to be two letters away from a setting.
const NOT_MISSPELT = new Set(['AWS_KEY', 'DNS_KEY', 'TLS_CA']);

/** Warnings: names without prefix that are one or two letters away from a setting. */
export function misspeltNames(env: Environment, names: readonly string[]): string[] {
  const known = names.filter((name) => name.length >= SHORTEST_MISSPELT).flatMap((name) => [name, name + SUFFIX]);
  const exempt = new Set([...NOT_MISSPELT, ...names.flatMap((name) => [name, name + SUFFIX])]);
  return Object.entries(env)
    .filter(([name, text]) => text !== undefined && name.length >= SHORTEST_MISSPELT && !name.startsWith(PREFIX))
    .filter(([name]) => !exempt.has(name))
    .flatMap(([name]) => {
      const { name: meant, distance } = nearest(name.toUpperCase(), known);
      return distance <= 2 ? [`${name} is not a setting and has no effect. Did you mean ${meant}?`] : [];
    });
}
