// The shape of a provisioning file: what is wrong with it, in plain words, and which parts are sound.
import Value from 'typebox/value';
import { nearest } from '../../domain/nearest.ts';
import { fileSchema, type ProvisioningFile, type SoundPart } from './file-schema.ts';
import { patternWords } from '../../schemas/parts.ts';
import type { Mistake, Path } from './problems.ts';

type SchemaError = {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Record<string, unknown>;
};

/** Every name that is not known, and everything that is missing or of the wrong kind. */
export function shapeMistakes(value: unknown): Mistake[] {
  const errors = Value.Errors(fileSchema, value) as SchemaError[];
  const choices = new Set(errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath));
  const seen = new Set<string>();
  return errors.flatMap((error) => {
    // "boolean" repeats what additionalProperties says; of a choice, "type" says what the others are.
    if (error.keyword === 'boolean' || (error.keyword === 'type' && choices.has(error.instancePath))) return [];
    const path = pathOf(error.instancePath);
    return mistakesOf(error, path, valueAt(value, path)).filter(({ path: where, problem }) => {
      const key = `${where.join('/')} ${problem}`;
      return !seen.has(key) && seen.add(key);
    });
  });
}

/** What of the file is not touched by `mistakes` of shape. */
export function soundPart(value: unknown, mistakes: readonly Mistake[]): SoundPart {
  const broken = new Set(mistakes.flatMap(({ path }) => [path[0], path.slice(0, 2).join('/')]));
  if (broken.has('')) return { tenant: null, settings: undefined, resources: [], clients: [], users: [] };
  const { tenant, settings, resources, clients, users } = value as ProvisioningFile;
  const list = mistakes.filter(({ path }) => path.length === 1).map(({ path }) => path[0]);
  const entries = <T>(name: string, all: readonly T[] = []) =>
    list.includes(name) ? [] : all.map((entry, i) => (broken.has(`${name}/${i}`) ? undefined : entry));
  return {
    tenant: broken.has('tenant') ? null : tenant,
    settings: broken.has('settings') ? undefined : settings,
    resources: entries('resources', resources),
    clients: entries('clients', clients),
    users: entries('users', users),
  };
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

function mistakesOf({ keyword, schemaPath, message, params }: SchemaError, path: Path, value: unknown): Mistake[] {
  switch (keyword) {
    case 'additionalProperties':
      return (params['additionalProperties'] as string[]).map((extra) => ({
        path: [...path, extra],
        at: 'name',
        problem: `is not known here${meant(extra, namesAt(schemaPath))}`,
      }));
    case 'required':
      return (params['requiredProperties'] as string[]).map((missing) => ({ path, problem: `needs ${missing}` }));
    case 'enum':
      return [{ path, problem: `must be one of ${(params['allowedValues'] as string[]).join(', ')}` }];
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

function isGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names that may stand where the schema has an object. */
function namesAt(schemaPath: string): string[] {
  const schema = valueAt(fileSchema, pathOf(schemaPath)) as { readonly properties: object };
  return Object.keys(schema.properties);
}

function meant(unknown: string, known: readonly string[]): string {
  if (unknown.length > 100) return '';
  const { name, distance } = nearest(unknown.toLowerCase(), known);
  // Of a short word, more than half must be right.
  return distance <= 2 && distance <= unknown.length / 2 ? `: did you mean ${name}?` : '';
}
