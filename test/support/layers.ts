// The rules of the house, read from the text of the source: which folder imports which, and what may stand where.
import { posix } from 'node:path';

/** A file of `src`: its path from there, and what stands in it. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Which folders each may import besides itself, from the outermost to the innermost. `app.ts` and `deps.ts` count as folders. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  cli: ['doctor', 'start', 'config', 'embedded', 'flows', 'schemas', 'domain', 'deps'],
  testing: ['start', 'config', 'flows', 'storage', 'embedded', 'domain'],
  doctor: ['start', 'config', 'embedded', 'flows', 'storage', 'delivery', 'crypto', 'domain', 'deps'],
  start: ['app', 'config', 'telemetry', 'embedded', 'flows', 'storage', 'crypto', 'delivery', 'domain', 'deps'],
  app: ['http', 'domain', 'deps'],
  http: ['flows', 'schemas', 'texts', 'domain', 'deps'],
  flows: ['schemas', 'storage', 'crypto', 'delivery', 'texts', 'verifier', 'domain', 'deps'],
  telemetry: ['storage', 'crypto', 'domain'],
  deps: ['storage', 'crypto', 'delivery', 'domain'],
  config: ['domain'],
  schemas: ['domain'],
  storage: ['domain'],
  crypto: ['domain'],
  delivery: ['crypto', 'domain'],
  embedded: ['domain'],
  verifier: [],
  texts: [],
  domain: [],
};

const outermost = ['cli', 'testing', 'start'];

/** What may stand only in some folders: in the text without comments, or as the name of an imported package. */
const confined: readonly { rule: string; folders: readonly string[]; text?: RegExp; packages?: RegExp }[] = [
  {
    rule: 'SQL',
    folders: ['storage', 'embedded', 'testing'],
    text: /\bSELECT\b[^;]*\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\s+\S+\s+SET\b|\bDELETE\s+FROM\b|\b(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|DATABASE)\b/,
    packages: /^(?:pg|kysely)(?:\/|$)/,
  },
  { rule: 'Fastify', folders: ['http', 'app', 'start'], packages: /^(?:fastify|@fastify\/.*)$/ },
  { rule: 'cryptography', folders: ['crypto', 'verifier'], packages: /^(?:jose|argon2|@node-rs\/argon2)(?:\/|$)/ },
  {
    rule: 'process.env',
    folders: ['cli'],
    text: /\bprocess\s*\.\s*env\b|\benv\b[^;]*\bfrom\s+'(?:node:)?process'/,
  },
  {
    rule: 'the clock',
    folders: [...outermost, 'verifier'],
    text: /\bDate\s*\.\s*now\b|\bnew\s+Date(?:\s*\(\s*\)|\s*[;,)])/,
  },
  { rule: 'randomness', folders: outermost, text: /\bMath\s*\.\s*random\b/ },
];

/** Modules that connect (the driver of PostgreSQL is confined above), and their names that connect to nothing. */
const connecting = /^(?:node:)?(?:https?2?|net|tls|dgram|dns)(?:\/promises)?$|^(?:undici|nodemailer|axios|ws)(?:\/|$)/;
const harmless: readonly string[] = ['isIP', 'BlockList', 'createSecureContext', 'createServer', 'STATUS_CODES'];
/** What connects without any import. */
const connectingText =
  /(?<![.\w])(?:globalThis\s*\.\s*)?fetch\s*\(|\bnew\s+(?:WebSocket|EventSource)\b|\bgetBuiltinModule\b/;

/** The files that connect to something, each with what to. All other HTTP goes through the fetcher. */
const outgoing: Readonly<Record<string, string>> = {
  'delivery/fetcher.ts': 'what is public, or stands in OUTBOUND_ALLOW',
  'delivery/mail.ts': 'the mail server of SMTP_URL',
  'doctor/outside.ts': 'PUBLIC_URL, as somebody from outside would: it may well be private',
  'embedded/private-socket.ts': 'the embedded PostgreSQL, by its unix socket',
  'http/pages/views/try-out.ts': 'the origin of the page, in a browser',
  'testing/http.ts': 'the Signet inside of a test',
  'verifier/issuer-documents.ts': 'the issuer whose tokens an API takes',
};

const longest = 400;
/** Generated, and read by nobody from top to bottom. */
const generated = 'storage/schema.ts';

/** Every breach, as `path: what is wrong`. */
export function breaches(files: readonly SourceFile[]): string[] {
  const sources = files.map(({ path, text }) => ({ path, text, imports: importsOf(withoutComments(text)) }));
  const running = sources.map(({ path, imports }) => [
    path,
    targets(
      path,
      imports.filter(({ isType }) => !isType),
    ),
  ]);
  return [
    ...sources.flatMap(breachesIn),
    ...circles(new Map(running as [string, string[]][])),
    ...circles(folderGraph(sources))
      .filter((circle) => circle.split(' -> ').some((room) => !room.endsWith('.ts')))
      .map((circle) => circle.replace(': is in a cycle', ': is in a cycle of folders')),
  ];
}

type Source = SourceFile & { readonly imports: readonly Import[] };

function breachesIn({ path, text, imports }: Source): string[] {
  const folder = topOf(path);
  if (!Object.hasOwn(allowed, folder)) return [`${path}: is in no room of the house`];
  const found: string[] = [];
  const code = withoutComments(text);
  for (const { specifier, isType } of imports) {
    if (!specifier.startsWith('.')) {
      if (folder === 'domain') found.push(`imports ${specifier}, and the domain imports nothing outside itself`);
      continue;
    }
    const target = posix.join(posix.dirname(path), specifier);
    const to = topOf(target);
    if (to !== folder && !allowed[folder]!.includes(to)) found.push(`imports ${target}`);
    // The type of what flows are given stands above them; its value would be a service locator.
    if (to === 'deps' && !isType) found.push('imports deps.ts for more than its types');
    if (folder === 'deps' && !isType) found.push(`imports ${target} for more than its types`);
  }
  for (const { rule, folders, text: forbidden, packages } of confined) {
    if (folders.includes(folder)) continue;
    const isThere = forbidden?.test(code) || imports.some(({ specifier }) => packages?.test(specifier));
    if (isThere) found.push(`has ${rule}, whose room is ${folders.join(', ')}`);
  }
  const isConnecting = imports.some(
    ({ specifier, isType, names }) =>
      !isType && connecting.test(specifier) && (names?.some((name) => !harmless.includes(name)) ?? true),
  );
  if ((isConnecting || connectingText.test(code)) && !Object.hasOwn(outgoing, path))
    found.push('connects to something, which all but a few files do through delivery/fetcher.ts');
  if (/\bexport\s+default\b|\bas\s+default\b/.test(code)) found.push('has a default export');
  if (path.split('/').some((part) => /^(?:utils?|helpers?|common)(?:\.|$)/.test(part)))
    found.push('has no name of its own');
  const lines = text.split('\n').length - 1;
  if (lines > longest && path !== generated) found.push(`has ${lines} lines, more than ${longest}`);
  return found.map((problem) => `${path}: ${problem}`);
}

/** The outermost folder of a file, or the name of a file that stands in none. */
function topOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}

function targets(path: string, imports: readonly Import[]): string[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => posix.join(posix.dirname(path), specifier));
}

/** Which folder imports which, types counted. The files of `flows/` and of `http/` that stand in no folder are their own. */
function folderGraph(sources: readonly Source[]): Map<string, string[]> {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    const from = roomOf(path);
    const to = graph.get(from) ?? new Set<string>();
    for (const target of targets(path, imports)) if (roomOf(target) !== from) to.add(roomOf(target));
    graph.set(from, to);
  }
  return new Map([...graph].map(([room, to]) => [room, [...to]]));
}

/** The innermost folder; a file beside folders (`flows/events.ts`) is a room of one. */
export function roomOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' || folder === 'flows' || folder === 'http' ? path : folder;
}

/** `names`: the values of it, as they are called there; undefined where all of it is imported. */
type Import = { readonly specifier: string; readonly isType: boolean; readonly names: readonly string[] | undefined };

function importsOf(code: string): Import[] {
  const statements = /^[ \t]*(?:import|export)\s+(type\s+)?(?:([^'"`;]*?)\bfrom\s*)?['"]([^'"]+)['"]/gm;
  const expressions = /\bimport\s*\(\s*['"`]([^'"`]+)['"`]/g;
  return [
    ...[...code.matchAll(statements)].map(([, type, what = '', specifier]) => ({
      specifier: specifier!,
      isType: type !== undefined,
      names: valuesIn(what),
    })),
    ...[...code.matchAll(expressions)].map((match) => ({ specifier: match[1]!, isType: false, names: undefined })),
  ];
}

function valuesIn(what: string): string[] | undefined {
  const [, inside] = /^\s*\{([^}]*)\}\s*$/.exec(what) ?? [];
  return inside
    ?.split(',')
    .map((name) => name.trim().replace(/\s+as\s.*/s, ''))
    .filter((name) => name !== '' && !name.startsWith('type '));
}

// Good enough for our own source: no string of it holds the beginning of a block comment.
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}

/** The first cycle from each node that is on one. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (node: string, trail: readonly string[]) => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      found.push(`${node}: is in a cycle, ${[...trail.slice(trail.indexOf(node)), node].join(' -> ')}`);
      return;
    }
    state.set(node, 'open');
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    state.set(node, 'done');
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
