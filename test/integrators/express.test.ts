// Libraries for Express, with the programs of docs/your-library.md: name and e-mail, and signed out everywhere.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { freeOrigin, openPage, type Page, secretOf, serveAt } from './page.ts';
import { newPerson, signInAt, signOutAt } from './person.ts';

type Program = { readonly app: RequestListener };

const alice = { name: 'Alice Adams', email: 'alice@example.com' };

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => page?.close());

describe.each([
  ['express-openid-connect.js', 'express-openid-connect', 'my-app.yaml'],
  ['passport.js', 'passport-openidconnect', 'passport.yaml'],
  ['grant.js', 'grant', 'my-app.yaml'],
])('%s', (name, library, registration) => {
  test('signs in, knows the person, signs out at Signet', async () => {
    const origin = await freeOrigin();
    await page.register(registration, origin);
    const { app } = await page.program<Program>(name, origin);
    await using _ = await serveAt(origin, app);
    const person = newPerson();
    expect((await person.there.get(`${origin}/`)).status).toBe(401);
    // Somebody who has planted the cookies of a session in this browser holds them as well.
    const planted = createAgent();
    await planted.get(`${origin}/sign-in`);
    for (const [cookie, value] of planted.cookies) person.there.cookies.set(cookie, value);
    const home = await signInAt(person, origin);
    expect([home.status, home.body]).toEqual([200, JSON.stringify(alice)]);
    expect(page.secretsCame()).toEqual([await secretOf(library)]);
    expect((await planted.get(`${origin}/`)).status, 'a session from before').toBe(401);
    expect((await person.atSignet.get(`${page.signet.issuer}/account`)).status).toBe(200);

    expect(await signOutAt(person, origin)).toEqual({ location: `${origin}/`, isEnded: true });
    expect((await person.there.get(`${origin}/`)).status).toBe(401);
  });
});

test('run.js starts such a program, as docs/your-library.md says', async () => {
  const origin = await freeOrigin();
  await page.register('my-app.yaml', origin);
  await page.file('express-openid-connect.js', origin);
  const { port } = new URL(origin);
  const path = await page.file('run.js', origin, { 'listen(8080,': `listen(${port},` });
  const child = spawn(process.execPath, [path], { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(said).toBe(`Open ${origin}/sign-in\n`);
    expect((await signInAt(newPerson(), origin)).body).toBe(JSON.stringify(alice));
  } finally {
    child.kill();
  }
});

test('express-openid-connect.js refreshes, and has the claims of the ID token with id_token_claims', async () => {
  const origin = await freeOrigin();
  await page.register('my-app.yaml', origin, { id_token_claims: true });
  const fromIdToken = { 'await request.oidc.fetchUserInfo()': 'request.oidc.user' };
  const { app } = await page.program<Program>('express-openid-connect.js', origin, fromIdToken);
  await using _ = await serveAt(origin, app);
  const person = newPerson();
  expect((await signInAt(person, origin)).body).toBe(JSON.stringify(alice));
  expect((await person.there.get(`${origin}/refresh`)).body).toBe(JSON.stringify({ expires_in: 900 }));
});

test('passport.js without UserInfo has a name with id_token_claims only', async () => {
  const origin = await freeOrigin();
  const without = { 'skipUserProfile: false': 'skipUserProfile: true' };
  const { app } = await page.program<Program>('passport.js', origin, without);
  await using _ = await serveAt(origin, app);
  const bodies: string[] = [];
  for (const id_token_claims of [false, true]) {
    await page.register('passport.yaml', origin, { id_token_claims });
    bodies.push((await signInAt(newPerson(), origin)).body);
  }
  expect(bodies).toEqual(['{}', JSON.stringify(alice)]);
});

test('passport.js is refused unless its registration lets it come without PKCE', async () => {
  const origin = await freeOrigin();
  await page.register('passport.yaml', origin, { require_pkce: true });
  const { app } = await page.program<Program>('passport.js', origin);
  await using _ = await serveAt(origin, app);
  const { status, body } = await signInAt(newPerson(), origin);
  expect([status, body]).toEqual([500, expect.stringContaining('code_challenge is missing')]);
});
