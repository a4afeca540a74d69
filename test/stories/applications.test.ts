// The example applications are as careful as they say, and run by themselves as their READMEs tell.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { html } from '../../examples/web/page.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { type Agent, createAgent } from '../support/agent.ts';
import { type Application, startApplication } from '../support/applications.ts';
import { alice, authorizeInteractively, bob, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { freePort } from '../../src/testing/start.ts';
import { root, runSignet } from '../support/signet-process.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

describe('Harbor and Ledger', () => {
  const applications: Record<'harbor' | 'ledger', Application | undefined> = { harbor: undefined, ledger: undefined };
  beforeAll(async () => {
    applications.harbor = await startApplication(signet.issuer, 'harbor', '127.0.0.1');
    applications.ledger = await startApplication(signet.issuer, 'ledger', '127.0.0.1');
    await signet.provision({ clients: [applications.harbor.registration, applications.ledger.registration] });
  });
  afterAll(() => Promise.all([applications.harbor?.stop(), applications.ledger?.stop()]));

  /** From "Sign in" to the address that Signet sends the browser back to. */
  async function visitSignet(agent: Agent, origin: string, user = alice): Promise<URL> {
    const { location } = await agent.get(`${origin}/sign-in`);
    const answer = await authorizeInteractively(agent, { url: location! }, user);
    return new URL(`${origin}/callback?${answer.toString()}`);
  }

  async function signIn(agent: Agent, origin: string, user = alice): Promise<void> {
    const { status, location } = await agent.get((await visitSignet(agent, origin, user)).href);
    expect([status, location]).toEqual([303, `${origin}/`]);
  }

  describe.each(['harbor', 'ledger'] as const)('%s', (name) => {
    const origin = () => applications[name]!.origin;
    const home = async (agent: Agent) => (await agent.get(`${origin()}/`)).body;

    test('an answer in a browser that began no sign-in signs nobody in', async () => {
      const answer = await visitSignet(createAgent(), origin());
      const stranger = createAgent();
      const { status, body } = await stranger.get(answer.href);
      expect(status).toBe(400);
      expect(body).toContain('No sign-in was begun in this browser');
      expect(await home(stranger)).toContain('Welcome to');
    });

    test.each([
      ['state', 0],
      ['nonce', 1],
      ['code verifier', 2],
    ])('an answer to the sign-in of another browser is refused by its %s', async (_what, index) => {
      const victim = createAgent();
      const answer = await visitSignet(victim, origin());
      const other = createAgent();
      await other.get(`${origin()}/sign-in`);
      const cookie = `${name}-sign-in`;
      const parts = victim.cookies.get(cookie)!.split('.');
      parts[index] = other.cookies.get(cookie)!.split('.')[index]!;
      victim.cookies.set(cookie, parts.join('.'));
      const { status, body } = await victim.get(answer.href);
      expect(status).toBe(400);
      expect(body).toContain('You are not signed in');
      expect(await home(victim)).toContain('Welcome to');
    });

    test('an answer works once: who opens its address again is told', async () => {
      const agent = createAgent();
      const answer = await visitSignet(agent, origin());
      const checks = agent.cookies.get(`${name}-sign-in`)!;
      expect((await agent.get(answer.href)).status).toBe(303);
      agent.cookies.set(`${name}-sign-in`, checks);
      const again = await agent.get(answer.href);
      expect(again.status).toBe(400);
      expect(again.body).toContain('was used already or took too long');
    });

    test('cookies are kept from scripts and from other sites', async () => {
      const agent = createAgent();
      const begun = await agent.get(`${origin()}/sign-in`);
      const ended = await agent.get((await visitSignet(agent, origin())).href);
      const set = [begun, ended].flatMap(({ headers }) => headers.getSetCookie());
      expect(set.map((line) => line.split('=')[0])).toEqual([`${name}-sign-in`, `${name}-sign-in`, name]);
      for (const line of set) expect(line).toMatch(/; Path=\/;.*HttpOnly; SameSite=Lax/);
    });

    test('a sign-in begins a new session: an id that was planted or used before opens nothing', async () => {
      const agent = createAgent();
      agent.cookies.set(name, 'planted');
      await signIn(agent, origin());
      const first = agent.cookies.get(name)!;
      expect(first).not.toBe('planted');
      await signIn(agent, origin());
      expect(agent.cookies.get(name)).not.toBe(first);
      const thief = createAgent();
      for (const id of ['planted', first]) {
        thief.cookies.set(name, id);
        expect(await home(thief)).toContain('Welcome to');
      }
    });

    test('signing out takes a form: a link that somebody planted does nothing, and the old session id opens nothing afterwards', async () => {
      const agent = createAgent();
      await signIn(agent, origin());
      const id = agent.cookies.get(name)!;
      expect((await agent.get(`${origin()}/sign-out`)).status).toBe(404);
      expect(await home(agent)).toContain('Alice Adams');
      const { location } = await agent.post(`${origin()}/sign-out`, {});
      expect(location).toContain(`${signet.issuer}/oauth/logout?`);
      agent.cookies.set(name, id);
      expect(await home(agent)).toContain('Welcome to');
      const signedOut = await agent.get(location!);
      expect(signedOut.location).toBe(`${origin()}/signed-out`);
    });

    test('whatever Host a request names, Signet is told to send people back to the address that is registered', async () => {
      const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
      const answer = await rawRequest(origin(), { path: '/sign-in', headers });
      const request = new URL(answer.headers['location'] as string);
      expect(request.searchParams.get('redirect_uri')).toBe(`${origin()}/callback`);
    });

    test('what cannot be done is said on a page, without a word about why', async () => {
      const lost = await createAgent().get(`${origin()}/nowhere`);
      expect([lost.status, lost.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      const wrong = await fetch(`${origin()}/sign-out`, {
        method: 'POST',
        body: '{',
        headers: { 'content-type': 'application/json' },
      });
      expect(wrong.status).toBe(400);
      const body = await wrong.text();
      expect(body).toContain('could not finish this');
      expect(body).not.toMatch(/JSON|at \w+ \(/);
    });
  });

  test('two people at one application see each their own name', async () => {
    const { origin } = applications.ledger!;
    const [one, two] = [createAgent(), createAgent()];
    await signIn(one, origin);
    await signIn(two, origin, bob);
    expect((await one.get(`${origin}/`)).body).toContain('Alice Adams');
    const body = (await two.get(`${origin}/`)).body;
    expect(body).toContain('bob@example.com');
    expect(body).not.toContain('Alice');
  });

  test('an access token that has ended is refreshed by the next visit, without the browser noticing', async () => {
    const { origin, registration } = applications.ledger!;
    await signet.provision({ clients: [{ ...registration, access_token_lifetime: 1 }] });
    const agent = createAgent();
    await signIn(agent, origin);
    const refreshes = async () => Number(/Refreshes so far: (\d+)/.exec((await agent.get(`${origin}/`)).body)?.[1]);
    await expect.poll(refreshes).toBeGreaterThan(1);
  });
});

test('markup in what Signet tells about a person is shown, not obeyed', () => {
  const name = `<img src=x onerror="alert('1')">&`;
  expect(html`<p title="${name}">${[html`<b>${name}</b>`]}</p>`.markup).toBe(
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;"><b>&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</b></p>',
  );
});

test('every link in the READMEs of the examples leads to a file', async () => {
  const folder = join(root, 'examples');
  const broken: string[] = [];
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.md'));
  expect(names).toHaveLength(6);
  for (const name of names) {
    for (const [, link] of (await readFile(join(folder, name), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g))
      if (!existsSync(join(folder, dirname(name), link!))) broken.push(`${name}: ${link}`);
  }
  expect(broken).toEqual([]);
});

describe('by itself', () => {
  test.each(['harbor', 'ledger', 'orchard'])('%s starts as its README says, and Signet knows it', async (name) => {
    const text = await readFile(join(root, 'examples', name, 'README.md'), 'utf8');
    const fence = (language: string, having = '') =>
      [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))]
        .map(([, content]) => content!)
        .find((content) => content.includes(having))!;
    const port = await freePort();
    const here = (block: string) => block.replaceAll(/localhost:400\d/g, `localhost:${port}`);
    await signet.provision(parse(here(fence('yaml'))) as ProvisioningFile);

    const command = fence('sh', 'npx node').replaceAll(/\\\n/g, ' ').replaceAll('http://localhost:3000', signet.issuer);
    const env = Object.fromEntries([...command.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key!, value!]));
    const [, file] = /npx node (\S+)/.exec(command)!;
    const process = runSignet([file!], { ...env, PORT: String(port) });
    await process.says(`is ready at http://localhost:${port}`);
    const home = await createAgent().get(`http://localhost:${port}/`);
    expect(home.status).toBe(200);
    expect(home.body).toContain('Sign in');
    if (name === 'orchard') {
      const config = await fetch(`http://localhost:${port}/config.json`);
      expect(await config.json()).toEqual({ issuer: signet.issuer, clientId: 'orchard' });
    } else {
      const agent = createAgent();
      const { location } = await agent.get(`http://localhost:${port}/sign-in`);
      const answer = await authorizeInteractively(agent, { url: location! });
      const back = await agent.get(`http://localhost:${port}/callback?${answer.toString()}`);
      expect((await agent.get(back.location!)).body).toContain('Alice Adams');
    }
    process.kill('SIGINT');
    await process.ended;
  });

  test.each([
    ['a setting is missing', { CLIENT_ID: 'harbor' }, 'Harbor cannot start: ISSUER is not set.'],
    ['PORT is no port', { PORT: '70000' }, 'Harbor cannot start: PORT must be a number from 1 to 65535.'],
    [
      'Signet is not there',
      { ISSUER: 'http://localhost:9' },
      'Harbor cannot start: Signet was not found at http://localhost:9. Is it running',
    ],
  ])('says what is wrong, and ends, when %s', async (_what, change, said) => {
    const complete = { ISSUER: signet.issuer, CLIENT_ID: 'harbor', CLIENT_SECRET: 'x'.repeat(32) };
    const env = 'CLIENT_ID' in change ? change : { ...complete, ...change };
    const { code, output } = await runSignet(['examples/harbor/main.ts'], env).ended;
    expect(output).toContain(said);
    expect(output).not.toContain('    at ');
    expect(code).toBe(1);
  });
});
