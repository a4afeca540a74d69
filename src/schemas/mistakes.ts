// What is wrong with a value by its schema, in plain words.
import Type, { type Static, type TObject, type TSchema } from 'typebox';
import Value from 'typebox/value';
import type { Mistake, Path } from '../domain/mistake.ts';
import { mergePatch } from '../domain/merge-patch.ts';
import { nearest } from '../domain/nearest.ts';
import { patternWords } from './parts.ts';
import { invalidInput } from '../domain/errors.ts';

/** What is asked of a value beyond its shape. Members that are missing, or were mistaken already, are not there. */
export type Rules<T extends TSchema> = (value: Partial<Static<T>>, path: Path) => readonly Mistake[];

type SchemaError = {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Record<string, unknown>;
};

/**
 * The value, when it fits the schema and obeys `rules`, which are asked of what does fit.
 * @throws Refusal invalid_input with every mistake.
 */
export function checked<T extends TObject>(schema: T, rules: Rules<T>, value: unknown): Static<T> {
  if (!isGroup(value)) throw invalidInput([{ path: [], problem: 'must be a JSON object' }]);
  const shapes = shapeMistakes(schema, value);
  const mistakes = [...shapes, ...brokenRules(schema, rules, withoutMistaken(value, shapes))];
  if (mistakes.length > 0) throw invalidInput(mistakes);
  return value as Static<T>;
}

/**
 * RFC 7396: `current` with what `patch` says, when that fits the schema and obeys `rules`.
 * @throws Refusal invalid_input with every mistake.
 */
export function checkedPatch<T extends TObject>(
  schema: T,
  rules: Rules<T>,
  current: Static<T>,
  patch: unknown,
): Static<T> {
  if (!isGroup(patch)) throw invalidInput([{ path: [], problem: 'must be a JSON object' }]);
  const removed = Object.keys(patch).filter((name) => patch[name] === null);
  const shapes = [
    ...shapeMistakes(Type.Partial(schema), withoutNulls(patch)),
    ...removed
      .filter((name) => !Object.hasOwn(schema.properties, name))
      .map((name) => ({ path: [name], at: 'name' as const, problem: 'is not known here' })),
  ];
  const merged = mergePatch(current, withoutMistaken(patch, shapes));
  const whole = shapeMistakes(schema, merged);
  const mistakes = [...shapes, ...whole, ...brokenRules(schema, rules, merged)];
  if (mistakes.length > 0) throw invalidInput(mistakes);
  return merged as Static<T>;
}

/** The rules that what there is of `value` breaks, where that has the right shape. */
function brokenRules<T extends TObject>(schema: T, rules: Rules<T>, value: object): readonly Mistake[] {
  return Value.Check(Type.Partial(schema), value) ? rules(value, []) : [];
}

/** What is left of it to look at. */
function withoutMistaken(value: Group, mistakes: readonly Mistake[]): Group {
  const wrong = new Set(mistakes.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(value).filter(([name]) => !wrong.has(name)));
}

/** In a patch null removes, whatever stands there. */
function withoutNulls(value: Group): Group {
  const left = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(left.map(([name, member]) => [name, isGroup(member) ? withoutNulls(member) : member]));
}

type Group = Readonly<Record<string, unknown>>;

/** Every name that is not known, and everything that is missing or of the wrong kind. */
export function shapeMistakes(schema: TSchema, value: unknown): Mistake[] {
  const errors = Value.Errors(schema, value) as SchemaError[];
  const choices = new Set(errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath));
  const seen = new Set<string>();
  return errors.flatMap((error) => {
    // "boolean" repeats what additionalProperties says; `type` errors inside a failed `anyOf` are skipped.
    if (error.keyword === 'boolean' || (error.keyword === 'type' && choices.has(error.instancePath))) return [];
    const path = pathOf(error.instancePath);
    return mistakesOf(schema, error, path, valueAt(value, path)).filter(({ path: where, problem }) => {
      const key = `${where.join('/')} ${problem}`;
      return !seen.has(key) && seen.add(key);
    });
  });
}

function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined)?.[part], value);
}

function mistakesOf(
  schema: TSchema,
  { keyword, schemaPath, message, params }: SchemaError,
  path: Path,
  value: unknown,
): Mistake[] {
  switch (keyword) {
    case 'additionalProperties':
      return (params['additionalProperties'] as string[]).map((extra) => ({
        path: [...path, extra],
        at: 'name',
        problem: `is not known here${meant(extra, namesAt(schema, schemaPath))}`,
      }));
    case 'required':
      return (params['requiredProperties'] as string[]).map((missing) => ({ path, problem: `needs ${missing}` }));
    case 'enum':
      return [{ path, problem: `must be one of ${(params['allowedValues'] as string[]).join(', ')}` }];
    case 'format':
      return [{ path, problem: formatWords[String(params['format'])] ?? message }];
    case 'pattern':
      return [{ path, problem: patternWords[String(params['pattern'])] ?? 'has a form that is not allowed here' }];
    case 'anyOf':
      // Of text and of groups, the branch says what is wrong.
      if (typeof value === 'string' || isGroup(value)) return [];
      return [{ path, problem: Array.isArray(value) ? 'must be text, or a group of names and values' : asText(value) }];
    case 'type':
      return [{ path, problem: typeWords(String(params['type']), value) ?? message }];
    case 'minLength':
      return [{ path, problem: value === '' ? 'is empty: give it a value, or remove it' : message }];
    case 'minimum':
      return [{ path, problem: `must be at least ${String(params['limit'])}` }];
    case 'maximum':
      return [{ path, problem: `must be at most ${String(params['limit'])}` }];
    default:
      return [{ path, problem: message }];
  }
}

const formatWords: Readonly<Record<string, string>> = {
  'date-time': 'must be a time such as 2026-11-30T15:00:00Z (in an address, + is written %2B)',
  uuid: 'must be an id: 36 digits of 0-9 and a-f, and hyphens',
};

function typeWords(type: string, value: unknown): string | undefined {
  if (value === null) return asText(value);
  const quoted = ': write it without quotes';
  switch (type) {
    case 'string':
      return asText(value);
    case 'array':
      return 'must be a list';
    case 'integer':
      return `must be a whole number${typeof value === 'string' && /^\d+$/.test(value) ? quoted : ''}`;
    case 'boolean':
      return `must be true or false${value === 'true' || value === 'false' ? quoted : ''}`;
    case 'object':
      return 'must be a group of names and values';
    default:
      return undefined;
  }
}

function asText(value: unknown): string {
  if (value === null) return 'is empty: give it a value, or remove it';
  return `must be text${typeof value === 'object' ? '' : ': put it in quotes'}`;
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names that may stand where the schema has an object. */
function namesAt(whole: TSchema, schemaPath: string): string[] {
  const schema = valueAt(whole, pathOf(schemaPath)) as { readonly properties: object };
  return Object.keys(schema.properties);
}

function meant(unknown: string, known: readonly string[]): string {
  if (unknown.length > 100) return '';
  const { name, distance } = nearest(unknown.toLowerCase(), known);
  // Suggests only if at most half the letters differ.
  return distance <= 2 && distance <= unknown.length / 2 ? `: did you mean ${name}?` : '';
}
