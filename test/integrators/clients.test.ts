// Clients for OAuth 2.0 and OpenID Connect without a framework of their own, with the programs of docs/your-library.md.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { claimsOf, codeFlow, getUserinfo } from '../support/flow.ts';
import { clientSecret, freeOrigin, openPage, type Page, secretOf } from './page.ts';
import { newPerson, passSignet, signInAt } from './person.ts';

const alice = { name: 'Alice Adams', email: 'alice@example.com' };

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
beforeEach(() => page.secretsCame());
afterAll(() => page?.close());

describe.each([
  ['arctic.js', 'arctic'],
  ['badgateway.js', '@badgateway/oauth2-client'],
])('%s', (name, library) => {
  type Program = {
    beginSignIn(): Promise<{ url: string; checks: object }> | { url: string; checks: object };
    endSignIn(url: string, checks: object): Promise<object>;
    userOf(tokens: object): Promise<object>;
    refresh(tokens: object): Promise<object>;
    endGrant(tokens: object): Promise<void>;
  };

  test('signs in, asks UserInfo, refreshes, and ends the grant', async () => {
    const origin = await freeOrigin();
    await page.register('my-app.yaml', origin);
    const program = await page.program<Program>(name, origin);
    const { url, checks } = await program.beginSignIn();
    const tokens = await program.endSignIn(await passSignet(newPerson(), url), checks);
    expect(await program.userOf(tokens)).toMatchObject(alice);
    const refreshed = await program.refresh(tokens);
    expect(page.secretsCame()).toEqual([await secretOf(library)]);
    expect(await program.userOf(refreshed)).toMatchObject(alice);
    await program.endGrant(refreshed);
    await expect(program.refresh(refreshed)).rejects.toThrow(/invalid_grant|refresh token/i);
  });

  test('takes no answer of another sign-in', async () => {
    const origin = await freeOrigin();
    await page.register('my-app.yaml', origin);
    const program = await page.program<Program>(name, origin);
    const [mine, other] = [await program.beginSignIn(), await program.beginSignIn()];
    const back = await passSignet(newPerson(), other.url);
    await expect((async () => program.endSignIn(back, mine.checks))()).rejects.toThrow(/not begun here|"state"/);
  });
});

test('fastify-oauth2.js signs in, refreshes and revokes', async () => {
  type Program = {
    app: {
      listen(at: { port: number; host: string }): Promise<string>;
      close(): Promise<void>;
    };
  };
  const origin = await freeOrigin();
  await page.register('my-app.yaml', origin);
  const { app } = await page.program<Program>('fastify-oauth2.js', origin);
  await app.listen({ port: Number(new URL(origin).port), host: 'localhost' });
  try {
    const person = newPerson();
    expect((await signInAt(person, origin)).body).toBe(JSON.stringify(alice));
    expect(page.secretsCame()).toEqual([await secretOf('@fastify/oauth2')]);
    const open = (path: string) => person.there.get(`${origin}${path}`);
    expect((await newPerson().there.get(`${origin}/`)).body, 'of nobody else').toBe('{}');
    expect((await open('/refresh')).body).toBe(JSON.stringify({ expires_in: 900 }));
    expect((await open('/sign-out')).body).toBe('The grant is ended.');
    // The application does not catch what the library throws.
    expect(await open('/refresh')).toMatchObject({ status: 500, body: expect.stringContaining('400 Bad Request') });
  } finally {
    await app.close();
  }
});

test('oidc-client-ts.js signs in, asks UserInfo, refreshes and signs out', async () => {
  type Answer = {
    profile: object;
    access_token: string;
    refresh_token: string;
    id_token: string;
    scope: string;
    session_state: string | null;
  };
  type Client = {
    createSigninRequest(asked: object): Promise<{ url: string }>;
    processSigninResponse(url: string): Promise<Answer>;
    useRefreshToken(held: { state: object }): Promise<Answer>;
    createSignoutRequest(asked: object): Promise<{ url: string }>;
  };
  // Its types are those of browsers, which would then hold for every file here.
  const published: string = 'oidc-client-ts';
  const { OidcClient } = (await import(published)) as { OidcClient: new (settings: object) => Client };
  const origin = await freeOrigin();
  await page.register('my-spa.yaml', origin);
  const { users } = await page.program<{ users: { settings: object } }>('oidc-client-ts.js', origin);
  // What a UserManager does beside sending a browser away, which there is none of here.
  const client = new OidcClient(users.settings);
  const person = newPerson();
  const { url } = await client.createSigninRequest({});
  expect(new URL(url).searchParams.get('code_challenge_method')).toBe('S256');
  const signedIn = await client.processSigninResponse(await passSignet(person, url));
  expect(signedIn.profile).toMatchObject(alice);

  const refreshed = await client.useRefreshToken({ state: signedIn });
  expect(await getUserinfo(page.signet, refreshed.access_token)).toMatchObject({ status: 200, body: alice });
  expect(refreshed.refresh_token).not.toBe(signedIn.refresh_token);

  const signOut = await client.createSignoutRequest({ id_token_hint: signedIn.id_token });
  const { atSignet } = person;
  const { location } = await atSignet.follow(await atSignet.get(signOut.url), page.signet.issuer);
  expect(location).toBe(`${origin}/`);
  expect(await getUserinfo(page.signet, refreshed.access_token)).toMatchObject({ status: 401 });
});

describe('auth-js.js', () => {
  // Its types bring those of browsers, which would then hold for every file here.
  const published: string = '@auth/core';

  /** Signs in; who the session says it is. */
  async function whoSignedIn(change: Readonly<Record<string, string>>, registered: object): Promise<unknown> {
    const { Auth } = (await import(published)) as { Auth: (request: Request, config: object) => Promise<Response> };
    const origin = await freeOrigin();
    await page.register('my-app.yaml', origin, registered);
    const { config } = await page.program<{ config: object }>('auth-js.js', origin, change);
    const cookies = new Map<string, string>();
    const open = async (url: string, body?: Record<string, string>): Promise<Response> => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const sent = { headers: { cookie }, ...(body && { method: 'POST', body: new URLSearchParams(body) }) };
      const response = await Auth(new Request(new URL(url, origin), sent), config);
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
        cookies.set(name!, value!);
      }
      return response;
    };
    const { csrfToken } = (await (await open('/auth/csrf')).json()) as { csrfToken: string };
    const begun = await open('/auth/signin/signet', { csrfToken, callbackUrl: `${origin}/` });
    const ended = await open(await passSignet(newPerson(), begun.headers.get('location')!));
    expect(ended.headers.get('location')).toBe(`${origin}/`);
    return ((await (await open('/auth/session')).json()) as { user: unknown }).user;
  }

  test('has name and e-mail from UserInfo', async () => {
    expect(await whoSignedIn({}, {})).toMatchObject(alice);
    expect(page.secretsCame()).toEqual([await secretOf(published)]);
  });

  test('with its default has them with id_token_claims, and nothing without', async () => {
    const byDefault = { '      idToken: false,\n': '' };
    expect(await whoSignedIn(byDefault, { id_token_claims: true })).toMatchObject(alice);
    expect(await whoSignedIn(byDefault, {})).not.toHaveProperty('email', alice.email);
  });
});

test('the registration of Grafana has roles and groups in ID tokens, empty ones too', async () => {
  await page.register('grafana.yaml', '');
  const grafana = {
    client_id: 'grafana',
    client_secret: clientSecret,
    redirect_uris: ['https://grafana.example.com/login/generic_oauth'],
  };
  const { tokens } = await codeFlow(page.signet, grafana, { change: { scope: 'openid profile email roles groups' } });
  expect(claimsOf(tokens.id_token)).toMatchObject({ ...alice, preferred_username: 'alice', roles: [], groups: [] });
  const signOut = new URL(/signout_redirect_url = (.*)/.exec(page.block('grafana.ini', ''))![1]!);
  const asked = await fetch(`${page.signet.issuer}${signOut.pathname}${signOut.search}`, { redirect: 'manual' });
  expect(asked.headers.get('location') ?? (await asked.text())).toContain('https://grafana.example.com/login');
});
