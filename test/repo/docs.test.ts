// The documents tell the truth: what they name is there, and what they tell people to type does what they show.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../src/config.ts';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';
import { createAgent, field } from '../support/agent.ts';
import { authorizeInteractively, claimsOf, submitPassword } from '../support/flow.ts';
import { freePort } from '../support/signet.ts';
import { root, type SignetProcess, startProcess } from '../support/signet-process.ts';

type Fence = { readonly language: string; readonly text: string };

/** The fenced blocks of a Markdown text, in their order. */
function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

async function read(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

async function documents(): Promise<string[]> {
  const top = (await readdir(root)).filter((name) => name.endsWith('.md'));
  const below = (await readdir(join(root, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md'));
  expect(top.length + below.length).toBeGreaterThan(20);
  return [...top, ...below.map((name) => join('docs', name))];
}

/** What GitHub makes of a heading for links to it. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Code spans outside of fenced blocks. */
function spansOf(markdown: string): string[] {
  return [...markdown.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

describe('names', () => {
  test('every relative link leads to a file, and to a heading where it names one', async () => {
    const broken: string[] = [];
    for (const document of await documents()) {
      for (const [, link] of (await read(document)).matchAll(/\]\(([^)\s]+)\)/g)) {
        const [target = '', anchor] = link!.split('#');
        if (/^[a-z]+:/.test(target)) continue;
        const path = target === '' ? document : normalize(join(dirname(document), target));
        const isThere = existsSync(join(root, path));
        if (!isThere || (anchor !== undefined && !anchorsOf(await read(path)).includes(anchor)))
          broken.push(`${document}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('every file that is mentioned exists', async () => {
    const missing: string[] = [];
    for (const document of await documents()) {
      const mentioned = [
        ...(await read(document)).matchAll(/(?<![\w./])(?:src|test|docs|migrations|bin)\/[\w./-]*\w/g),
      ];
      for (const [path] of mentioned) if (!existsSync(join(root, path))) missing.push(`${document}: ${path}`);
    }
    expect(missing).toEqual([]);
  });

  test('every setting that is mentioned exists', async () => {
    const known = new Set<string>([
      ...Object.keys(settings),
      'UV_THREADPOOL_SIZE',
      'TEST_DATABASE_URL',
      'CHROMIUM_PATH',
    ]);
    // These explain a prefix, a suffix, or a name that is wrong.
    const explained = new Set([
      'SIGNET_',
      'NAME_FILE',
      'DATABSE_URL',
      'SECRET_KEY_FILE',
      'SIGNET_PORT',
      'SIGNET_SECRET_KEY_FILE',
    ]);
    const unknown: string[] = [];
    for (const document of await documents()) {
      for (const span of spansOf(await read(document))) {
        const name = /^([A-Z]+_[A-Z_]*)(?:=.*)?$/.exec(span)?.[1];
        if (name !== undefined && !known.has(name) && !explained.has(name)) unknown.push(`${document}: ${name}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  test('every npm script that is mentioned exists', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    const unknown: string[] = [];
    for (const document of await documents()) {
      for (const [, name] of (await read(document)).matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g))
        if (!Object.hasOwn(scripts, name!)) unknown.push(`${document}: ${name}`);
    }
    expect(unknown).toEqual([]);
  });

  test('every name that a provisioning file may hold is described', async () => {
    const described = new Set(spansOf(await read('docs/provisioning.md')));
    const source = await read('src/flows/provision/file-schema.ts');
    const names = [...source.matchAll(/\b([a-z][a-z_]+): (?:Type|text|texts|seconds)\b/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !described.has(name))).toEqual([]);
  });

  test('every package is described', async () => {
    const described = new Set(spansOf(await read('docs/dependencies.md')));
    const manifest = JSON.parse(await read('package.json')) as Record<string, Record<string, string>>;
    const packages = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind]!),
    );
    expect(packages.filter((name) => !described.has(name))).toEqual([]);
  });
});

/** A shell in which people type: what they set in one block is there in the next. */
type Terminal = { type(commands: string): Promise<string>; close(): void };

function openTerminal(directory: string, env: Record<string, string>): Terminal {
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const shell = spawn('bash', ['--noprofile', '--norc'], {
    cwd: directory,
    env: { PATH: path, HOME: process.env['HOME'] ?? directory, npm_config_loglevel: 'error', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let look = () => {};
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    look();
  });
  shell.stdin.write('exec 2>&1\n');
  let typed = 0;
  return {
    type(commands) {
      typed += 1;
      const mark = `--- block ${typed} is done ---`;
      const begun = output.length;
      return new Promise((resolve) => {
        look = () => {
          const end = output.indexOf(mark, begun);
          if (end >= 0) resolve(output.slice(begun, end));
        };
        shell.stdin.write(`${commands}\necho '${mark}'\n`);
      });
    },
    close: () => shell.stdin.end(),
  };
}

// What npm and Node say of themselves before the command begins.
const prelude = /^(?:\s*\n|> .*\n|\.env not found\. .*\n)*/;

/** Compares what came with what is shown, where a … stands for anything. JSON may be broken into lines differently. */
function expectShown(came: string, shown: Fence): void {
  const isJson = shown.language === 'json';
  const actual = isJson ? compact(came) : came.replace(prelude, '').trimEnd();
  const expected = isJson ? compact(shown.text) : shown.text.replace(prelude, '').trimEnd();
  const pattern = expected
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll(anyNumber, '\\d+')
    .replaceAll('…', isJson ? '[^"]*' : '\\S*');
  expect(actual).toMatch(new RegExp(`^${pattern}$`));
}

// A … without quotes stands for a number; this is how it gets through JSON.parse.
const anyNumber = '"a number"';

function compact(json: string): string {
  return JSON.stringify(JSON.parse(json.replaceAll(': …', `: ${anyNumber}`)));
}

/** What the programs of docs/clients.md export. */
type Tokens = { access_token: string; id_token: string; claims(): { sub: string } };
type WebApp = {
  beginSignIn: (more?: Record<string, string>) => Promise<{ url: URL; checks: unknown }>;
  endSignIn: (url: URL, checks: unknown) => Promise<Tokens>;
  userOf: (tokens: Tokens) => Promise<Record<string, unknown>>;
};
type Api = { checkToken: (token: string) => Promise<Record<string, unknown>> };

describe('commands', () => {
  let directory: string;
  let signet: SignetProcess;
  let terminal: Terminal;
  let base: string;
  const here = (text: string) =>
    text
      .replaceAll('http://localhost:3000', base)
      .replaceAll('localhost%3A3000', encodeURIComponent(new URL(base).host));

  beforeAll(async () => {
    // A folder that looks like a fresh checkout. PostgreSQL must be able to pass through it, also when this is root.
    directory = await mkdtemp(join(tmpdir(), 'signet-docs-'));
    await chmod(directory, 0o755);
    for (const name of ['package.json', 'src', 'migrations', 'node_modules'])
      await symlink(join(root, name), join(directory, name));
    const port = await freePort();
    base = `http://localhost:${port}`;
    const env = { PORT: String(port), DATA_DIR: join(directory, '.data') };
    signet = await startProcess(env);
    terminal = openTerminal(directory, env);
  });
  afterAll(async () => {
    terminal?.close();
    signet?.kill('SIGINT');
    await signet?.ended;
    await rm(directory, { recursive: true, force: true });
  });

  /** Types every `sh` block; the `text` or `json` block right behind one is what it must show. */
  async function follow(fences: readonly Fence[], before: (fence: Fence) => Promise<string> | string): Promise<void> {
    for (const [index, fence] of fences.entries()) {
      const commands = await before(fence);
      if (fence.language !== 'sh') continue;
      const came = await terminal.type(here(commands));
      const next = fences[index + 1];
      if (next?.language === 'text' || next?.language === 'json') expectShown(came, { ...next, text: here(next.text) });
      else expect(came).toBe('');
    }
  }

  /** Writes down every block whose first line is a comment with a file name, before it goes on. */
  async function writeDown({ text }: Fence): Promise<string> {
    const [, name] = /^(?:#|\/\/) (\S+\.(?:yaml|js))\n/.exec(text) ?? [];
    if (name !== undefined) await writeFile(join(directory, name), here(text));
    return text;
  }

  function program<T>(name: string): Promise<T> {
    return import(pathToFileURL(join(directory, name)).href) as Promise<T>;
  }

  /** Follows the setup link, then signs in with what was chosen there. */
  async function administer(link: string): Promise<void> {
    const agent = createAgent();
    const admin = { username: 'root', password: 'fifteen letters' };
    const form = await agent.get(link);
    const token = field(form, 'token');
    const made = await agent.post(`${base}/setup`, { ...admin, token, email: 'root@example.com' });
    const account = await agent.follow(await submitPassword(agent, await agent.follow(made, base), admin), base);
    expect([account.status, new URL(account.url).pathname]).toEqual([200, '/account']);
  }

  test('the tour of the README works as it is typed, and shows what it says', async () => {
    const tour = /^## A tour[^]*?(?=^## )/m.exec(await read('README.md'))![0];
    const fences = fencesOf(tour);
    const [welcome, ...rest] = fences;
    await signet.says(/setup\?token=\S+\n/);
    expectShown(signet.output(), { ...welcome!, text: here(welcome!.text) });

    await administer(/\S+setup\?token=\S+/.exec(signet.output())![0]);
    const request = rest.find(({ text }) => text.includes('/oauth/authorize?'))!.text.trim();
    const callback = rest.find(({ text }) => text.includes('?code='))!;
    const [, password] = /password: (.*)/.exec(tour)!;
    await follow(rest, async ({ text }) => {
      if (!text.includes('paste-the-code-here')) return text;
      const answer = await authorizeInteractively(
        createAgent(),
        { url: here(request) },
        { username: 'ada', password: password! },
      );
      expectShown(`${callback.text.split('?')[0]}?${answer.toString()}`, { ...callback, text: here(callback.text) });
      return text.replace('paste-the-code-here', answer.get('code')!);
    });
    expect(rest.filter(({ language }) => language === 'sh').length).toBeGreaterThan(6);
  });

  test('the provisioning examples give what is shown, mistakes too', async () => {
    const fences = fencesOf(await read('docs/provisioning.md'));
    const example = fences.find(({ text }) => text.startsWith('# provision.yaml'))!;
    expect(parseProvisioning(example.text, 'provision.yaml').file.clients).toHaveLength(2);
    await follow(fences, writeDown);
  });

  test('the programs for clients and APIs sign people in and check tokens', async () => {
    const text = await read('docs/clients.md');
    await follow(fencesOf(text), writeDown);
    const user = { username: 'tim', password: 'a web of many documents' };
    await writeFile(join(directory, 'tim.json'), JSON.stringify({ users: [{ ...user, email: 'tim@example.com' }] }));
    expect(await terminal.type('npm run --silent signet apply tim.json')).toContain('created    user tim');
    vi.stubEnv('CLIENT_SECRET', /client_secret: (\S+)/.exec(text)![1]);
    const { beginSignIn, endSignIn, userOf } = await program<WebApp>('sign-in.js');
    const { checkToken } = await program<Api>('check-token.js');
    const signIn = async (more?: Record<string, string>) => {
      const { url, checks } = await beginSignIn(more);
      const answer = await authorizeInteractively(createAgent(), { url: url.href }, user);
      return endSignIn(new URL(`${url.searchParams.get('redirect_uri')}?${answer.toString()}`), checks);
    };

    const forUserInfo = await signIn();
    expect(await userOf(forUserInfo)).toMatchObject({ sub: forUserInfo.claims().sub, email: 'tim@example.com' });
    await expect(checkToken(forUserInfo.access_token)).rejects.toThrow('"aud"');
    const [, more] = /beginSignIn\((\{[^}]*\})\)`/.exec(text)!;
    const forApi = await signIn(parse(more!) as Record<string, string>);
    expect(await checkToken(forApi.access_token)).toMatchObject({
      sub: forUserInfo.claims().sub,
      scope: 'orders:read',
    });
    await expect(checkToken(forApi.id_token)).rejects.toThrow('"typ"');

    // The table of claims: what has a "–" in a token's column is not in that token, the rest is.
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].filter(
      ([row]) => !row.includes('absent'),
    );
    for (const [column, token] of [forApi.access_token, forApi.id_token].entries()) {
      const described = rows.filter((row) => row[column + 2] !== '–').map(([, claim]) => claim);
      expect(new Set(described)).toEqual(new Set(Object.keys(claimsOf(token))));
    }
  });
});
