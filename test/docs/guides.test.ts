// The guides for newcomers and for those who connect an application: followed from their first block to their last.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserTest } from '../support/browser.ts';
import { collectConsoleErrors } from '../support/console-errors.ts';
import { createAgent } from '../support/agent.ts';
import { authorizeInteractively, codeFlow } from '../support/flow.ts';
import { passTo } from '../support/sign-in-page.ts';
import { type Checkout, openCheckout } from './checkout.ts';
import { follow, followFences } from './follow.ts';
import { fencesOf } from './markdown.ts';
import { visit } from './person.ts';
import { read } from './project.ts';

describe('guides', { timeout: 120_000 }, () => {
  let checkout: Checkout;
  let home: string;
  beforeAll(async () => {
    checkout = await openCheckout();
    home = checkout.here('http://localhost:8080');
  });
  // Also those of a guide that failed: the next ones use the same ports.
  afterEach(() => checkout?.terminal.endPrograms());
  afterAll(() => checkout?.close());

  test('getting started leads to an application that greets whoever signed in, and then without a question', async () => {
    const { agent, acts } = await follow(checkout, 'docs/getting-started.md');
    expect(acts).toBeGreaterThan(2);
    const again = await visit(home, undefined, agent);
    expect([again.asked, again.page?.body]).toEqual([[], expect.stringContaining('Hello, Ada Lovelace!')]);
    const stranger = await visit(`${home}/callback?code=stolen&state=guessed`, undefined);
    expect([stranger.page?.status, stranger.page?.body]).toEqual([400, expect.stringContaining('That did not work')]);
  });

  test('the web application signs people in, out here and at Signet, and takes no answer that another browser asked for', async () => {
    const { agent, user } = await follow(checkout, 'docs/uses/web-app.md');
    const left = await agent.post(`${home}/sign-out`, {});
    expect(new URL(left.location!).pathname).toBe('/oauth/logout');
    // Back at the application, which sends the browser on to a password page: nobody is signed in any more.
    await expect(visit(left.location!, undefined, agent)).rejects.toThrow('asks for a password');
    const { page } = await visit(home, user, agent);
    expect(page?.body).toContain('Hello, Grace Hopper');
    const forged = await visit(`${home}/callback?code=stolen&state=guessed`, undefined);
    expect(forged.page?.status).toBe(400);
  });

  test.each([
    ['its session is in a cookie of this host alone, and ends within the hour', '3600', 'Hello, Grace Hopper'],
    ['a session that is over lets nobody in, though its cookie is sent', '0', ''],
  ])('the web application at an https address: %s', async (_what, lifetime, greeting) => {
    const secureHome = home.replace('http:', 'https:');
    const document = checkout.here(await read('docs/uses/web-app.md'));
    const [register, program] = ['# web-app.yaml\n', '// web-app.mjs\n'].map(
      (start) => fencesOf(document).find(({ text }) => text.startsWith(start))!.text,
    );
    // A client of its own: what a running server remembers of the other one may be as old as a second.
    const named = (text: string) => text.replaceAll(/\bweb-app\b/g, 'web-app-https').replaceAll(home, secureHome);
    await checkout.write('https.yaml', named(register!));
    expect(await checkout.terminal.type('npx signet apply https.yaml')).toContain('Applied');
    await checkout.write('https.mjs', named(program!).replace('lifetime = 3600', `lifetime = ${lifetime}`));
    const [, secret] = /client_secret: (\S+)/.exec(register!)!;
    const running = await checkout.terminal.start(`CLIENT_SECRET=${secret} node https.mjs`);
    await expect.poll(() => running.output() || running.hasEnded).toContain(`Open ${secureHome}`);

    const cookieOf = (answer: Response, name: string) =>
      answer.headers.getSetCookie().find((line) => line.startsWith(`__Host-${name}=`)) ?? '';
    const asBrowser = (cookie = '') => ({ redirect: 'manual' as const, headers: { cookie: cookie.split(';')[0]! } });
    const begun = await fetch(`${home}/sign-in`, asBrowser());
    const user = { username: 'grace', password: 'nanoseconds are this long' };
    const answer = await authorizeInteractively(createAgent(), { url: begun.headers.get('location')! }, user);
    const ended = await fetch(`${home}/callback?${answer.toString()}`, asBrowser(cookieOf(begun, 'visit')));
    const session = cookieOf(ended, 'session');
    expect(session.split('; ').slice(1).toSorted()).toEqual(
      ['HttpOnly', `Max-Age=${lifetime}`, 'Path=/', 'SameSite=Lax', 'Secure'].toSorted(),
    );
    const page = await fetch(home, asBrowser(session));
    expect(page.headers.get('location') ?? '').toBe(greeting ? '' : '/sign-in');
    expect((await page.text()).includes('Hello, Grace Hopper')).toBe(greeting !== '');
  });

  test('the native app signs people in through the browser, on whatever port is free', async () => {
    expect((await follow(checkout, 'docs/uses/native-app.md')).acts).toBe(3);
  });

  test('the API lets in who has the scope, and nobody with an ID token or a token for somebody else', async () => {
    const { user } = await follow(checkout, 'docs/uses/api.md');
    const client = { client_id: 'orders-desk', redirect_uris: [checkout.here('http://127.0.0.1:8080/callback')] };
    const signet = { issuer: checkout.base };
    const forIssuer = await codeFlow(signet, client, { user: user!, change: { scope: 'openid' } });
    const change = { scope: 'openid orders:read', resource: 'https://orders.example' };
    const forApi = await codeFlow(signet, client, { user: user!, change });
    const orders = async (port: number, token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(checkout.here(`http://localhost:${port}/orders`), { headers });
      return `${answer.status} ${answer.headers.get('www-authenticate') ?? ''}`;
    };
    const refused = (why: string) =>
      `401 Bearer realm="https://orders.example", error="invalid_token", error_description="${why}", resource_metadata="https://orders.example/.well-known/oauth-protected-resource"`;
    const byJose = '401 Bearer realm="https://orders.example", error="invalid_token"';
    for (const [what, token, why] of [
      ['an ID token', forApi.tokens.id_token, 'The access token is not valid here.'],
      ['a token for somebody else', forIssuer.tokens.access_token, 'The access token is for another audience.'],
      ['a token that nobody signed', unsigned, 'The access token is not valid here.'],
    ] as const) {
      expect(await orders(8090, token), what).toBe(refused(why));
      expect(await orders(4003, token), `${what}, with jose alone`).toBe(byJose);
    }
    for (const port of [8090, 4003]) expect(await orders(port, forApi.tokens.access_token)).toBe('200 ');
  });

  test('a gateway and two services take one token, a worker has its own, and the file that is shown is the one to copy', async () => {
    const document = 'docs/uses/microservices.md';
    const shown = fencesOf(await read(document)).find(({ language }) => language === 'yaml');
    expect(shown!.text).toBe(await read('examples/services/shop.yaml'));
    expect((await follow(checkout, document)).acts).toBe(18);
  });

  test('the machine gets a token for the API that its scopes belong to, by curl and by openid-client', async () => {
    expect((await follow(checkout, 'docs/uses/machine.md')).acts).toBe(5);
  });

  test('the first-party API signs people and programs in, refreshes and signs out', async () => {
    expect((await follow(checkout, 'docs/use-cases.md')).acts).toBe(18);
  });

  test('what operators type does what operating.md says', async () => {
    // With passwords of their own, so that nobody is signed in, whatever ran before.
    const users = [
      { username: 'ada', password: 'known to this test alone' },
      { username: 'root', password: 'known to this test as well', admin_roles: ['owner'] },
    ];
    await checkout.write('people.json', JSON.stringify({ users }));
    expect(await checkout.terminal.type('npx signet apply people.json')).toContain('Applied');
    await checkout.terminal.type('npx signet user reset-mfa root');
    await follow(checkout, 'docs/operating.md');
  });

  test.each(['examples/harbor/README.md', 'examples/ledger/README.md', 'examples/orchard/README.md'])(
    'an example starts by itself as %s says',
    async (document) => {
      expect((await follow(checkout, document)).acts).toBe(2);
    },
  );

  test('troubleshooting shows how the server answers', async () => {
    expect((await follow(checkout, 'docs/troubleshooting.md')).acts).toBe(1);
  });

  test.each([
    ['other words', 'sh', 'echo yes', 'no'],
    ['silence', 'sh', 'true', 'yes'],
    ['words that are not shown', 'sh', 'echo yes', undefined],
    ['half of it', 'sh', 'echo yes; echo no', 'yes'],
    ['another status', 'http', 'GET /ready HTTP/1.1\nHost: localhost:3000', 'HTTP/1.1 503 Service Unavailable'],
    ['another body', 'http', 'GET /ready HTTP/1.1\nHost: localhost:3000', 'HTTP/1.1 200 OK\n\n{"status":"away"}'],
    ['another header', 'http', 'GET /ready HTTP/1.1\nHost: localhost:3000', 'HTTP/1.1 200 OK\nX-Other: yes'],
    ['another page', 'text', 'http://localhost:3000/live', 'dead'],
    ['no such file', 'sh', 'cat not-there.yaml', 'yes'],
  ])('a document that shows %s is found out', async (_what, language, text, shown) => {
    const fence = (inLanguage: string, content: string) => ({
      language: inLanguage,
      text: content,
      notes: [],
      line: 1,
    });
    const answer = shown === undefined ? [] : [fence(language === 'http' ? 'http' : 'text', shown)];
    await expect(followFences(checkout, [fence(language, text), ...answer], 'planted')).rejects.toThrow('planted:1');
  });

  test('a guide that fails leaves no program on its port', async () => {
    const program = `node -e "require('http').createServer((_, r) => r.end('up')).listen(8080, 'localhost', () => console.log('up'))"`;
    const fences = (shown: string) =>
      [
        { language: 'sh', text: checkout.here(program), notes: ['keeps running'] },
        { language: 'text', text: 'up', notes: [] },
        { language: 'text', text: checkout.here('http://localhost:8080'), notes: [] },
        { language: 'text', text: shown, notes: [] },
      ].map((fence, index) => ({ ...fence, line: index + 1 }));
    await followFences(checkout, fences('up'), 'sound');
    await checkout.terminal.endPrograms();
    await expect(followFences(checkout, fences('down'), 'planted')).rejects.toThrow('planted:4');
    await expect(fetch(home)).rejects.toThrow('fetch failed');
  });

  browserTest('in a browser', (browser) => {
    test('the single-page app signs people in and out, under its own content security policy', async () => {
      const { user } = await follow(checkout, 'docs/uses/single-page-app.md');
      const context = await browser().newContext();
      const errors = collectConsoleErrors(context);
      const page = await context.newPage();
      await page.goto(home);
      await page.locator('#who:text-is("Nobody is signed in.")').waitFor();
      const [asked] = await Promise.all([
        page.waitForRequest((request) => new URL(request.url()).pathname === '/oauth/authorize'),
        page.click('#sign-in'),
      ]);
      expect(new URL(asked.url()).searchParams.get('nonce'), 'the nonce').toMatch(/^[\w-]{30,}$/);
      await page.waitForURL(`${checkout.base}/**`);
      await passTo(page, new RegExp(`^${home}/`), user!);
      await page.locator('#who:text-is("Hello, Mary Jackson")').waitFor();
      expect(new URL(page.url()).search).toBe('');
      await page.click('#sign-out');
      await page.waitForURL(`${home}/`);
      await page.locator('#who:text-is("Nobody is signed in.")').waitFor();
      expect(errors).toEqual([]);
      await context.close();
    });
  });
});

/** `alg: none`, for the right API, and with every scope. */
const unsigned = [
  { alg: 'none', typ: 'at+jwt' },
  { iss: 'http://localhost:3000', aud: 'https://orders.example', scope: 'orders:read', sub: 'x', client_id: 'x' },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('')
  .join('.');
