// Reads a provisioning file, JSON or YAML, and finds every mistake with its line and column.
import Value from 'typebox/value';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { fileSchema, type ProvisioningFile } from './file-schema.ts';
import { type Mistake, type Path, ProvisioningError } from './problems.ts';
import { ruleMistakes } from './rules.ts';

/** A file of the right shape, and the way from a part of it to its place in the text (`name:line:column` and its name). */
export type ParsedProvisioning = { readonly file: ProvisioningFile; readonly place: (path: Path) => string };

/** `name` stands in the problems. @throws ProvisioningError with every mistake at once. */
export function parseProvisioning(text: string, name: string): ParsedProvisioning {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  if (document.errors.length > 0)
    throw new ProvisioningError(document.errors.map((error) => `${at(error.pos[0])} ${withoutQuote(error)}`));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    throw new ProvisioningError([`${name}:1:1 ${withoutQuote(error as Error)}`]);
  }
  const place = (path: Path): string => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return `${at(node.range[0])} ${words(path)}`;
    }
    return `${name}:1:1 ${words(path)}`;
  };
  const shapes = shapeMistakes(value);
  const mistakes = shapes.length > 0 ? shapes : ruleMistakes(value as ProvisioningFile);
  if (mistakes.length > 0)
    throw new ProvisioningError(mistakes.map(({ path, problem }) => `${place(path)} ${problem}`));
  return { file: value as ProvisioningFile, place };
}

/** What the YAML parser says is wrong, without the piece of the file that it quotes after a colon: it may be a password. */
function withoutQuote({ message }: Error): string {
  return message.split(': ', 1)[0]!;
}

function words(path: Path): string {
  return path.length === 0
    ? 'the file'
    : path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

type SchemaError = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Record<string, unknown>;
};

function shapeMistakes(value: unknown): Mistake[] {
  const seen = new Set<string>();
  return (Value.Errors(fileSchema, value) as SchemaError[]).flatMap((error) => {
    // "boolean" repeats what additionalProperties says; branches of a union repeat what anyOf says.
    if (error.keyword === 'boolean' || error.keyword === 'const') return [];
    const path = error.instancePath
      .split('/')
      .slice(1)
      .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
    const found = mistakesOf(error, path).filter(
      ({ path: where, problem }) => !seen.has(`${where.join('/')} ${problem}`),
    );
    for (const { path: where, problem } of found) seen.add(`${where.join('/')} ${problem}`);
    return found;
  });
}

function mistakesOf({ keyword, message, params }: SchemaError, path: Path): Mistake[] {
  switch (keyword) {
    case 'additionalProperties':
      return (params['additionalProperties'] as string[]).map((extra) => ({
        path: [...path, extra],
        problem: 'is not known here',
      }));
    case 'required':
      return (params['requiredProperties'] as string[]).map((missing) => ({ path, problem: `needs ${missing}` }));
    case 'enum':
      return [{ path, problem: `must be one of ${(params['allowedValues'] as string[]).join(', ')}` }];
    case 'pattern':
      return [{ path, problem: `has characters or a form that is not allowed here (${String(params['pattern'])})` }];
    case 'anyOf':
      return [{ path, problem: 'has the wrong type' }];
    default:
      return [{ path, problem: message }];
  }
}
