// The rules of the house, read from the text of the source: who imports whom, and what may stand where.
import { posix } from 'node:path';

/** A file of `src`: its path from there, and what stands in it. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Which layers each may import; every layer with more than one file may import itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  main: ['cli'],
  cli: ['cli', 'server', 'config', 'deps', 'flows', 'domain'],
  testing: ['testing', 'server', 'config', 'flows', 'storage', 'embedded'],
  server: [
    'server',
    'app',
    'config',
    'deps',
    'metrics',
    'tracing',
    'flows',
    'storage',
    'crypto',
    'delivery',
    'embedded',
    'domain',
  ],
  app: ['http', 'deps', 'domain'],
  metrics: ['storage', 'crypto', 'domain'],
  tracing: ['domain'],
  http: ['http', 'flows', 'domain', 'deps'],
  flows: ['flows', 'storage', 'crypto', 'delivery', 'domain', 'deps'],
  storage: ['storage', 'domain'],
  crypto: ['crypto', 'domain'],
  delivery: ['delivery', 'domain'],
  embedded: ['embedded', 'domain'],
  domain: ['domain'],
  config: ['config', 'domain'],
  deps: ['flows', 'storage', 'crypto', 'delivery', 'domain'],
};

/** The files at the top, by the layer each makes. */
const top: Readonly<Record<string, string>> = {
  'main.ts': 'main',
  'testing.ts': 'testing',
  'testing-browser.ts': 'testing',
  'testing-clock.ts': 'testing',
  'testing-code-flow.ts': 'testing',
  'testing-database.ts': 'testing',
  'testing-http.ts': 'testing',
  'testing-known.ts': 'testing',
  'server.ts': 'server',
  'backend.ts': 'server',
  'store.ts': 'server',
  'restore-place.ts': 'server',
  'app.ts': 'app',
  'deps.ts': 'deps',
  'metrics.ts': 'metrics',
  'tracing.ts': 'tracing',
  'config.ts': 'config',
  'config-names.ts': 'config',
  'config-contradictions.ts': 'config',
  'config-values.ts': 'config',
  'config-docs.ts': 'config',
  'secret-key.ts': 'config',
  'start-problems.ts': 'config',
};

const entries = ['main', 'cli', 'server', 'testing'];

/** What may stand only in some layers: in the text without comments, or as the name of an imported package. */
const confined: readonly { rule: string; layers: readonly string[]; text?: RegExp; packages?: RegExp }[] = [
  {
    rule: 'SQL',
    layers: ['storage', 'embedded'],
    text: /\bSELECT\b[^;]*\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\s+\S+\s+SET\b|\bDELETE\s+FROM\b|\b(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|DATABASE)\b/,
    packages: /^(?:pg|kysely)(?:\/|$)/,
  },
  { rule: 'Fastify', layers: ['http', 'app', 'server'], packages: /^(?:fastify|@fastify\/.*)$/ },
  { rule: 'cryptography', layers: ['crypto'], packages: /^(?:jose|argon2|@node-rs\/argon2)(?:\/|$)/ },
  {
    rule: 'process.env',
    layers: ['main', 'cli'],
    text: /\bprocess\s*\.\s*env\b|\benv\b[^;]*\bfrom\s+'(?:node:)?process'/,
  },
  { rule: 'the clock', layers: entries, text: /\bDate\s*\.\s*now\b|\bnew\s+Date(?:\s*\(\s*\)|\s*[;,)])/ },
  { rule: 'randomness', layers: entries, text: /\bMath\s*\.\s*random\b/ },
];

const longest = 400;

/** Every breach, as `path: what is wrong`. */
export function breaches(files: readonly SourceFile[]): string[] {
  return [...files.flatMap(breachesIn), ...cycles(files)];
}

function breachesIn({ path, text }: SourceFile): string[] {
  const layer = layerOf(path);
  if (layer === undefined) return [`${path}: belongs to no layer`];
  const found: string[] = [];
  const code = withoutComments(text);
  const imports = importsOf(code);
  for (const { specifier, isType } of imports) {
    const target = targetOf(path, specifier);
    if (target === undefined) {
      if (layer === 'domain') found.push(`imports ${specifier}, and the domain imports nothing outside itself`);
      continue;
    }
    const to = layerOf(target);
    if (to === undefined || !allowed[layer]!.includes(to)) found.push(`imports ${target}`);
    // The type of what flows are given stands above them; its value would be a service locator.
    if (to === 'deps' && !isType) found.push('imports deps.ts for more than its types');
    if (layer === 'deps' && !isType) found.push(`imports ${target} for more than its types`);
  }
  for (const { rule, layers, text: forbidden, packages } of confined) {
    if (layers.includes(layer)) continue;
    const isThere = forbidden?.test(code) || imports.some(({ specifier }) => packages?.test(specifier));
    if (isThere) found.push(`has ${rule}, whose place is ${layers.join(', ')}`);
  }
  if (/\bexport\s+default\b|\bas\s+default\b/.test(code)) found.push('has a default export');
  if (path.split('/').some((part) => /^(?:utils?|helpers?|common)(?:\.|$)/.test(part)))
    found.push('has no name of its own');
  const lines = text.split('\n').length - 1;
  if (lines > longest) found.push(`has ${lines} lines, more than ${longest}`);
  return found.map((problem) => `${path}: ${problem}`);
}

function layerOf(path: string): string | undefined {
  const [folder = '', inside] = path.split('/');
  if (inside === undefined) return top[path];
  return Object.values(top).includes(folder) || !Object.hasOwn(allowed, folder) ? undefined : folder;
}

/** The path of an imported file, or undefined for a package. */
function targetOf(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
}

type Import = { readonly specifier: string; readonly isType: boolean };

function importsOf(code: string): Import[] {
  const statements = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\bfrom\s*)?['"]([^'"]+)['"]/gm;
  const expressions = /\bimport\s*\(\s*['"`]([^'"`]+)['"`]/g;
  return [
    ...[...code.matchAll(statements)].map((match) => ({ specifier: match[2]!, isType: match[1] !== undefined })),
    ...[...code.matchAll(expressions)].map((match) => ({ specifier: match[1]!, isType: false })),
  ];
}

// Good enough for our own source: no string of it holds the beginning of a block comment.
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}

/** The first cycle from each file that is on one. Types alone make none: they are gone when the code runs. */
function cycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(withoutComments(text))
        .filter(({ isType }) => !isType)
        .flatMap(({ specifier }) => targetOf(path, specifier) ?? []),
    ]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push(`${path}: is in a cycle, ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      return;
    }
    state.set(path, 'open');
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
