// As much of Helm's templates as our chart uses: text, values, if, range, define, and a few functions. What it does not know is an error.
import { stringify } from 'yaml';

type Value = unknown;
type Scope = { readonly dot: Value; readonly root: Value; readonly variables: Readonly<Record<string, Value>> };
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: string }
  | { readonly kind: 'if'; readonly branches: { readonly condition: string | undefined; readonly body: Node[] }[] }
  | { readonly kind: 'range'; readonly names: string[]; readonly over: string; readonly body: Node[] };

export type Templates = {
  /** The file of this name, rendered. @throws Error with what `required` asks for. */
  render(name: string, values: Value): string;
};

/** Reads all files of a chart's templates, so that each may include what any of them defines. */
export function parseTemplates(files: Readonly<Record<string, string>>): Templates {
  const defined = new Map<string, Node[]>();
  const parsed = new Map(Object.entries(files).map(([name, text]) => [name, parse(tokens(text), defined)]));
  return { render: (name, values) => print(parsed.get(name)!, { dot: values, root: values, variables: {} }, defined) };
}

type Token = { readonly kind: 'text' | 'action'; readonly text: string };

function tokens(source: string): Token[] {
  const parts = source.split(/(\{\{-?\s*(?:\/\*[^]*?\*\/|[^]*?)\s*-?\}\})/);
  return parts.map((part, index): Token => {
    if (index % 2 === 1) return { kind: 'action', text: part.replace(/^\{\{-?\s*|\s*-?\}\}$/g, '') };
    let text = part;
    if (parts[index - 1]?.endsWith('-}}')) text = text.trimStart();
    if (parts[index + 1]?.startsWith('{{-')) text = text.trimEnd();
    return { kind: 'text', text };
  });
}

/** Takes tokens from the front until the `else` or `end` that closes the block, which stays in front. */
function parse(rest: Token[], defined: Map<string, Node[]>): Node[] {
  const nodes: Node[] = [];
  for (let token = rest[0]; token !== undefined; token = rest[0]) {
    if (token.kind === 'action' && /^(?:else|end)\b/.test(token.text)) return nodes;
    rest.shift();
    if (token.kind === 'text') {
      nodes.push({ kind: 'text', text: token.text });
      continue;
    }
    const [, keyword, argument = ''] = /^(if|range|define|with|block|template)\b\s*([^]*)$/.exec(token.text) ?? [];
    if (keyword === undefined) {
      if (!token.text.startsWith('/*')) nodes.push({ kind: 'print', pipeline: token.text });
    } else if (keyword === 'if') nodes.push(parseIf(argument, rest, defined));
    else if (keyword === 'define') {
      defined.set(JSON.parse(argument) as string, parse(rest, defined));
      expectEnd(rest);
    } else if (keyword === 'range') {
      const [, names, over = argument] = /^((?:\$\w+)(?:\s*,\s*\$\w+)?)\s*:=\s*([^]+)$/.exec(argument) ?? [];
      nodes.push({ kind: 'range', names: names?.split(/\s*,\s*/) ?? [], over, body: parse(rest, defined) });
      expectEnd(rest);
    } else throw new Error(`templates may not use ${keyword} here`);
  }
  return nodes;
}

function parseIf(condition: string, rest: Token[], defined: Map<string, Node[]>): Node {
  const branches: { condition: string | undefined; body: Node[] }[] = [{ condition, body: parse(rest, defined) }];
  for (let next = rest.shift(); next?.text !== 'end'; next = rest.shift()) {
    const [, other] = /^else(?:\s+if\s+([^]+))?$/.exec(next?.text ?? '') ?? [];
    if (next === undefined) throw new Error(`if ${condition} has no end`);
    branches.push({ condition: other, body: parse(rest, defined) });
  }
  return { kind: 'if', branches };
}

function expectEnd(rest: Token[]): void {
  if (rest.shift()?.text !== 'end') throw new Error('a block has no end');
}

function print(nodes: readonly Node[], scope: Scope, defined: Map<string, Node[]>): string {
  const evaluate = (pipeline: string) => evaluatePipeline(pipeline, scope, defined);
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
          return node.text;
        case 'print':
          return textOf(evaluate(node.pipeline));
        case 'if': {
          const taken = node.branches.find(({ condition }) => condition === undefined || isTrue(evaluate(condition)));
          return taken ? print(taken.body, scope, defined) : '';
        }
        case 'range': {
          const over = evaluate(node.over);
          const entries = Array.isArray(over) ? [...over.entries()] : sorted((over ?? {}) as Record<string, Value>);
          return entries
            .map(([key, value]) => {
              const bound = node.names.length === 2 ? [key, value] : [value];
              const variables = Object.fromEntries(node.names.map((name, index) => [name, bound[index]]));
              return print(
                node.body,
                { ...scope, dot: value, variables: { ...scope.variables, ...variables } },
                defined,
              );
            })
            .join('');
        }
      }
    })
    .join('');
}

function evaluatePipeline(pipeline: string, scope: Scope, defined: Map<string, Node[]>): Value {
  let piped: Value[] = [];
  for (const command of split(pipeline, '|')) {
    const [head = '', ...rest] = split(command, ' ');
    const argument = (text: string): Value =>
      text.startsWith('(') ? evaluatePipeline(text.slice(1, -1), scope, defined) : operand(text, scope);
    const args = [...rest.map(argument), ...piped];
    if (/^[a-z]\w*$/i.test(head) && head !== 'true' && head !== 'false') {
      if (head === 'include') {
        const body = defined.get(args[0] as string);
        if (!body) throw new Error(`nothing is defined as ${String(args[0])}`);
        piped = [print(body, { dot: args[1], root: args[1], variables: {} }, defined)];
        continue;
      }
      const call = functions[head];
      if (!call) throw new Error(`the function ${head} is not known here`);
      piped = [call(...(args as never[]))];
    } else if (args.length > 0) throw new Error(`${head} is no function: ${pipeline}`);
    else piped = [argument(head)];
  }
  return piped[0];
}

function operand(text: string, { dot, root, variables }: Scope): Value {
  if (text.startsWith('"')) return JSON.parse(text);
  if (/^-?\d+$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  const [, start = '', path = ''] = /^(\$\w*|)((?:\.\w+)+|\.)?$/.exec(text) ?? [];
  if (start === '' && path === '') throw new Error(`not understood: ${text}`);
  let value = start === '' ? dot : start === '$' ? root : variables[start];
  for (const name of path.split('.').filter((part) => part !== ''))
    value = (value as Record<string, Value> | undefined)?.[name];
  return value;
}

const functions: Readonly<Record<string, (...args: never[]) => Value>> = {
  quote: (value: Value) => JSON.stringify(textOf(value)),
  default: (fallback: Value, value: Value) => (isTrue(value) ? value : fallback),
  or: (...values: Value[]) => values.find(isTrue) ?? values.at(-1),
  required: (message: string, value: Value) => {
    if (value === undefined || value === '') throw new Error(message);
    return value;
  },
  indent: (width: number, text: string) => text.replaceAll(/^/gm, ' '.repeat(width)),
  nindent: (width: number, text: string) => `\n${text.replaceAll(/^/gm, ' '.repeat(width))}`,
  toYaml: (value: Value) => stringify(value).trimEnd(),
  join: (separator: string, list: Value[]) => list.map(textOf).join(separator),
  contains: (part: string, text: string) => text.includes(part),
  printf: (format: string, ...args: Value[]) => format.replaceAll('%s', () => textOf(args.shift())),
  trunc: (length: number, text: string) => text.slice(0, length),
  trimSuffix: (suffix: string, text: string) => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text),
  add: (...numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0),
};

/** At separators outside of quotes and parentheses. */
function split(text: string, separator: '|' | ' '): string[] {
  const parts = [''];
  let depth = 0;
  for (const [piece] of text.trim().matchAll(/"(?:[^"\\]|\\.)*"|[()]|\s+|[^\s"()|]+|\|/g)) {
    if (piece === '(') depth += 1;
    if (piece === ')') depth -= 1;
    if (depth === 0 && piece.trim() === separator.trim()) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function textOf(value: Value): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Go's idea of empty. */
function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function sorted(map: Record<string, Value>): [string, Value][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
