// The documents tell the truth: what they name is there, and what they tell people to type does what they show.
import { fileSchema } from '../../src/flows/provision/file-schema.ts';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../src/config/settings.ts';
import { keySetMaxAge } from '../../src/domain/key-life.ts';
import { parseProvisioning } from '../../src/flows/provision/parse.ts';
import { type Checkout, openCheckout } from '../docs/checkout.ts';
import { followed, notYet } from '../docs/documents.ts';
import { follow } from '../docs/follow.ts';
import { anchorsOf, fencesOf, spansOf } from '../docs/markdown.ts';
import { documents, read } from '../docs/project.ts';
import { problemsOf } from '../docs/rule.ts';
import { createAgent } from '../support/agent.ts';
import { authorizeInteractively, claimsOf } from '../support/flow.ts';
import { root } from '../support/signet-process.ts';

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

  test('no block swallows what follows it: each ends with three backticks, and none holds a heading of the page or a picture', async () => {
    const problems: string[] = [];
    for (const document of await documents()) {
      const text = await read(document);
      if (/^ *`{4,}/m.test(text)) problems.push(`${document}: more than three backticks`);
      if ((text.match(/^ *```/gm) ?? []).length % 2 !== 0) problems.push(`${document}: a block that does not end`);
      for (const { language, text: block, line } of fencesOf(text))
        if (language === 'text' && /^(?:## |!\[)/m.test(block)) problems.push(`${document}:${line}`);
    }
    expect(problems).toEqual([]);
  });

  test('every file that is mentioned exists', async () => {
    const missing: string[] = [];
    for (const document of await documents()) {
      const mentioned = [
        ...(await read(document)).matchAll(/(?<![\w./])(?:src|test|docs|examples|migrations|bin)\/[\w./-]*\w/g),
      ];
      for (const [path] of mentioned) if (!existsSync(join(root, path))) missing.push(`${document}: ${path}`);
    }
    expect(missing).toEqual([]);
  });

  test('every setting that is mentioned exists', async () => {
    const known = new Set<string>([
      ...Object.keys(settings),
      'UV_THREADPOOL_SIZE',
      'MALLOC_ARENA_MAX',
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
    const names = namesIn(fileSchema);
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

describe('promises', () => {
  test('every command and every program in every document is run, or marked with what keeps it from being run', async () => {
    const problems: string[] = [];
    for (const document of await documents())
      if (!notYet.includes(document)) problems.push(...(await problemsOf(document, await read(document))));
    expect((await documents()).length).toBeGreaterThan(30);
    expect(problems).toEqual([]);
  });

  test.each([
    ['docs/concepts.md', '```sh\nls\n```\n', 'neither run nor marked'],
    ['docs/concepts.md', '```http\nGET / HTTP/1.1\n```\n', 'neither run nor marked'],
    ['docs/concepts.md', '<!-- not run: docker -->\n\n```sh\nls\n```\n', 'does not use'],
    ['docs/concepts.md', '<!-- not run: no time -->\n\n```sh\nno time\n```\n', 'nothing is known of'],
    ['docs/concepts.md', '<!-- run by: test/none.test.ts -->\n\n```sh\nls\n```\n', 'is not there'],
    ['docs/concepts.md', '<!-- run by: test/domain/uuid.test.ts -->\n\n```sh\nls\n```\n', 'never names'],
    ['docs/clients.md', '```js\nlet a;\n```\n', 'does not name its file'],
    ['docs/clients.md', '```js\n// a.mjs\nlet a;\n```\n', 'never used'],
    ['docs/clients.md', '- a list\n\n  ```js\n  // a.mjs\n  ```\n', 'never used'],
  ])('%s with %j would be found', async (document, markdown, problem) => {
    expect(await problemsOf(document, markdown)).toEqual([expect.stringContaining(problem)]);
  });

  test('every API that a document shows forgets a revoked key as soon as the key set says, not when jose would', async () => {
    const calls: string[] = [];
    for (const document of await documents())
      for (const { text, line } of fencesOf(await read(document)))
        for (const [, options] of text.matchAll(/createRemoteJWKSet\(new URL\(.*?\)(?:, (.*))?\);/g))
          calls.push(`${document}:${line} ${options ?? 'jose keeps it for 10 minutes'}`);
    expect(calls.length).toBeGreaterThan(2);
    const told = new RegExp(
      ` \\{ cacheMaxAge: ${(keySetMaxAge * 1000).toLocaleString('en').replaceAll(',', '_')} \\}$`,
    );
    expect(calls.filter((call) => !told.test(call))).toEqual([]);
  });

  test('every document that counts as followed is followed by a test', async () => {
    const followers = (await read('test/repo/docs.test.ts')) + (await read('test/docs/guides.test.ts'));
    expect(followed.filter((document) => !followers.includes(`'${document}'`))).toEqual([]);
  });

  test('every document is reached from the index', async () => {
    const index = await read('docs/README.md');
    const files = (await documents()).filter((path) => path.startsWith('docs/') && !path.startsWith('docs/adr/'));
    const missing = files.filter(
      (path) => path !== 'docs/README.md' && !index.includes(`](${path.slice('docs/'.length)})`),
    );
    expect(missing.filter((path) => !notYet.includes(path))).toEqual([]);
  });
});

/** What the programs of docs/clients.md export. */
type Tokens = { access_token: string; id_token: string; claims(): { sub: string } };
type WebApp = {
  beginSignIn: (more?: Record<string, string>) => Promise<{ url: URL; checks: unknown }>;
  endSignIn: (url: URL, checks: unknown) => Promise<Tokens>;
  userOf: (tokens: Tokens) => Promise<Record<string, unknown>>;
};
type Api = { checkToken: (token: string) => Promise<Record<string, unknown>> };

describe('commands', { timeout: 120_000 }, () => {
  let checkout: Checkout;
  beforeAll(async () => {
    checkout = await openCheckout();
  });
  afterAll(() => checkout?.close());

  test('the README and the tour work as they are typed, and show what they say', async () => {
    await follow(checkout, 'README.md');
    const { acts } = await follow(checkout, 'docs/tour.md');
    expect(acts).toBeGreaterThan(8);
  });

  test('the provisioning examples give what is shown, mistakes too', async () => {
    const fences = fencesOf(await read('docs/provisioning.md'));
    const example = fences.find(({ text }) => text.startsWith('# provision.yaml'))!;
    expect(parseProvisioning(example.text, 'provision.yaml').file.clients).toHaveLength(2);
    await follow(checkout, 'docs/provisioning.md');
  });

  test('the programs for clients and APIs sign people in and check tokens', async () => {
    await follow(checkout, 'docs/clients.md');
    const text = await read('docs/clients.md');
    const user = { username: 'tim', password: 'a web of many documents' };
    await checkout.write('tim.json', JSON.stringify({ users: [{ ...user, email: 'tim@example.com' }] }));
    expect(await checkout.terminal.type('npm run --silent signet apply tim.json')).toContain('created    user tim');
    vi.stubEnv('CLIENT_SECRET', /client_secret: (\S+)/.exec(text)![1]);
    const { beginSignIn, endSignIn, userOf } = await checkout.program<WebApp>('sign-in.js');
    const { checkToken } = await checkout.program<Api>('check-token.js');
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

/** The names of all properties of a JSON Schema, at any depth. */
function namesIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(namesIn);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {} } = schema as { properties?: object };
  return [...Object.keys(properties), ...Object.values({ ...schema, ...properties }).flatMap(namesIn)];
}
