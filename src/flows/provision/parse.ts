// Reads a provisioning file, JSON or YAML: every mistake of shape and rules, and where each part stands in the text.
import { isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document, type YAMLError } from 'yaml';
import { type ProvisioningFile, type SoundPart, fileSchema } from './file-schema.ts';
import { type PositionOf, withPositions, ProvisioningError } from './problems.ts';
import { type Mistake, type Path, pathInWords } from '../../domain/mistake.ts';
import { ruleMistakes } from './rules.ts';
import { soundPart } from './sound-part.ts';
import { shapeMistakes } from '../../schemas/mistakes.ts';

/** A file of the right shape that obeys the rules. */
export type ParsedProvisioning = { readonly file: ProvisioningFile; readonly position: PositionOf };

/** A file as it was read: with mistakes, only its sound part is worth looking at further. */
export type ReadProvisioning = {
  readonly sound: SoundPart;
  readonly mistakes: readonly Mistake[];
  readonly position: PositionOf;
  /** undefined when there are mistakes. */
  readonly parsed: ParsedProvisioning | undefined;
};

/** `name` stands in the problems. @throws ProvisioningError with every mistake at once. */
export function parseProvisioning(text: string, name: string): ParsedProvisioning {
  const { mistakes, position, parsed } = readProvisioning(text, name);
  if (!parsed) throw new ProvisioningError(withPositions(mistakes, position));
  return parsed;
}

/** Without judging it. @throws ProvisioningError when it is empty, or neither JSON nor YAML. */
export function readProvisioning(text: string, name: string): ReadProvisioning {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const value = valueOf(document, at);
  if (value === undefined || value === null) {
    const names = Object.keys(fileSchema.properties).join(', ');
    throw new ProvisioningError([`${at(0)} the file is empty: it needs at least one of ${names}`]);
  }
  const position: PositionOf = (path, part) =>
    `${at(offsetOf(document, path, part))} ${pathInWords(path) ?? 'the file'}`;
  const shapes = shapeMistakes(fileSchema, value);
  const sound = soundPart(value, shapes);
  const mistakes = [...shapes, ...ruleMistakes(sound)];
  return {
    sound,
    mistakes,
    position,
    parsed: mistakes.length > 0 ? undefined : { file: value, position },
  };
}

function valueOf(document: Document, at: (offset: number) => string): unknown {
  const refuse = (errors: { where: number; what: string }[]) => {
    if (errors.length > 0)
      throw new ProvisioningError(errors.map(({ where, what }) => `${at(where)} the file is not valid YAML: ${what}`));
  };
  refuse(document.errors.map((error) => ({ where: error.pos[0], what: plain(error) })));
  const lost: { where: number; what: string }[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (!alias.resolve(document)) lost.push({ where: alias.range?.[0] ?? 0, what: starred });
    },
  });
  refuse(lost);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    refuse([{ where: 0, what: withoutQuote(error as Error) }]);
  }
  return undefined;
}

const starred = 'text that begins with * or & needs quotes';

const plainWords: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  ALIAS_PROPS: starred,
  BAD_ALIAS: starred,
  BAD_DQ_ESCAPE: 'a backslash inside double quotes needs another before it',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_SCALAR_START: 'text that begins with this sign needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'text with a colon and a space in it needs quotes',
  DUPLICATE_KEY: 'the same name stands twice',
  MULTIPLE_DOCS: 'it holds more than one document: keep one',
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  TAG_RESOLVE_FAILED: 'text that begins with ! needs quotes',
  UNEXPECTED_TOKEN: 'something here has no place: text with special signs needs quotes',
};

function plain(error: YAMLError): string {
  return plainWords[error.code] ?? withoutQuote(error);
}

/** What the YAML parser says is wrong, without the piece of the file that it quotes after a colon: it may be a password. */
function withoutQuote({ message }: Error): string {
  return message.split(': ', 1)[0]!;
}

/** Where a part begins; when it is not there itself, where the nearest around it does. */
function offsetOf(document: Document, path: Path, part?: 'name'): number {
  if (part === 'name') {
    const around: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pair = isMap(around) ? around.items.find(({ key }) => nameOf(key) === String(path.at(-1))) : undefined;
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function nameOf(key: unknown): string | undefined {
  return isScalar<string | number | boolean | null>(key) ? String(key.value) : undefined;
}
