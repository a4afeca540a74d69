// Claims that applications and APIs need: roles, groups and a tenant's own, by scope, by registration and by name (the claims parameter).
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { postJson } from '../support/first-party.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

const api = 'https://api.example';
const everything = 'openid profile email roles groups employee api:read offline_access';
const plain = { ...webClient, client_id: 'plain', scope: everything };
const told = { ...plain, client_id: 'told', id_token_claims: true };
const always = { ...plain, client_id: 'always', access_token_claims: ['roles', 'department', 'email'] };
const narrow = { ...plain, client_id: 'narrow', scope: 'openid profile' };
const own = { ...plain, client_id: 'own', first_party: true };
const person = {
  ...alice,
  name: 'Alice Liddell',
  email: 'alice@example.org',
  email_verified: true,
  roles: ['editor'],
  admin_roles: ['owner'],
  groups: ['staff', 'night shift'],
  custom_claims: { department: 'books', cost_center: { number: 7, open: true }, unlisted: 'kept' },
};
const settings = {
  claim_scopes: { employee: { description: 'See where you work', claims: ['department', 'cost_center'] } },
  administrator_mfa: 'as_everybody' as const,
};

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      settings,
      users: [person, ...world.users.filter(({ username }) => username !== alice.username)],
      clients: [plain, told, always, narrow, own],
      resources: [{ identifier: api, scopes: ['api:read'] }],
    },
  });
});
afterAll(() => signet.stop());

const flow = (client: TestClient, scope: string, change: Record<string, string> = {}) =>
  codeFlow(signet, client, { change: { scope, ...change } });
const aboutAlice = async (token: string) => (await getUserinfo(signet, token)).body;

describe('roles and groups', () => {
  test('by their scopes: in access tokens and UserInfo, and never those at the admin API', async () => {
    const { tokens } = await flow(plain, 'openid roles groups');
    const expected = { roles: ['editor'], groups: ['staff', 'night shift'] };
    expect(claimsOf(tokens.access_token)).toMatchObject(expected);
    expect(await aboutAlice(tokens.access_token)).toMatchObject(expected);
    expect(claimsOf(tokens.id_token)).not.toHaveProperty('roles');
  });

  test('without the scope nothing tells them', async () => {
    const { tokens } = await flow(plain, 'openid profile');
    for (const told of [
      claimsOf(tokens.access_token),
      claimsOf(tokens.id_token),
      await aboutAlice(tokens.access_token),
    ])
      for (const name of ['roles', 'groups', 'department']) expect(told).not.toHaveProperty(name);
  });

  test('for an API alone as well: its token carries what was granted', async () => {
    const { tokens } = await flow(plain, 'openid roles api:read', { resource: api });
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: api, scope: 'api:read', roles: ['editor'] });
  });

  test('as they are now: a role that was taken away is not in the next token', async () => {
    const { tokens } = await flow(plain, 'openid roles');
    await signet.provision({ users: [{ username: alice.username, roles: ['reader'] }] });
    const next = await refresh(signet, plain, tokens.refresh_token);
    expect(claimsOf(next.body.access_token)['roles']).toEqual(['reader']);
    expect(await aboutAlice(tokens.access_token)).toMatchObject({ roles: ['reader'] });
    await signet.provision({ users: [{ username: alice.username, roles: person.roles }] });
  });

  test('who has none is told so', async () => {
    const { tokens } = await codeFlow(signet, plain, {
      user: { username: 'bob', password: 'a rather long pass phrase' },
      change: { scope: 'openid roles groups' },
    });
    expect(claimsOf(tokens.access_token)).toMatchObject({ roles: [], groups: [] });
  });

  test('at the first-party API too', async () => {
    const asked = { ...alice, scope: 'openid roles' };
    const before = await postJson(`${signet.issuer}/auth/login`, asked);
    expect(claimsOf(before.body['access_token'])).not.toHaveProperty('roles');
    await signet.provision({ clients: [{ client_id: 'first-party', scope: 'openid profile email roles' }] });
    const { body } = await postJson(`${signet.issuer}/auth/login`, asked);
    expect(claimsOf(body['access_token'])).toMatchObject({ roles: ['editor'] });
  });
});

describe("a tenant's own claims", () => {
  test('by the scope that the tenant defined; the person reads its description when asked', async () => {
    const agent = await signIn(signet);
    const { body } = await ask(signet, agent, plain, { scope: 'openid employee', prompt: 'consent' });
    expect(body).toContain('See where you work');
    const { tokens } = await flow(plain, 'openid employee');
    const expected = { department: 'books', cost_center: { number: 7, open: true } };
    expect(claimsOf(tokens.access_token)).toMatchObject(expected);
    expect(await aboutAlice(tokens.access_token)).toMatchObject(expected);
    // What no scope names is told to nobody.
    expect(await aboutAlice(tokens.access_token)).not.toHaveProperty('unlisted');
  });

  test('discovery names the scope and its claims', async () => {
    const metadata = (await (await fetch(`${signet.issuer}/.well-known/openid-configuration`)).json()) as {
      scopes_supported: string[];
      claims_supported: string[];
    };
    expect(metadata.scopes_supported).toEqual(expect.arrayContaining(['roles', 'groups', 'employee']));
    expect(metadata.claims_supported).toEqual(expect.arrayContaining(['roles', 'groups', 'department']));
    expect(metadata).toMatchObject({ claims_parameter_supported: true });
  });

  test('an entry that names any names all; one that names none changes none', async () => {
    await signet.provision({ users: [{ username: 'bob', custom_claims: { department: 'hats', extra: 1 } }] });
    await signet.provision({ users: [{ username: 'bob', name: 'Bob' }] });
    await signet.provision({ users: [{ username: 'bob', custom_claims: { department: 'caps' } }] });
    const [row] = await query<{ claims: unknown }>(
      signet.database.url,
      `SELECT claims FROM users WHERE username = 'bob'`,
    );
    expect(row!.claims).toEqual({ department: 'caps', name: 'Bob' });
  });

  test.each([
    'sub',
    'iss',
    'aud',
    'exp',
    'scope',
    'client_id',
    'email',
    'roles',
    'acr',
    'name',
    'admin_roles',
    '__proto__',
    'constructor',
    'a b',
    '',
  ])('no claim is called "%s"', async (name) => {
    const users = [JSON.parse(`{"username": "bob", "custom_claims": {"${name}": 1}}`) as never];
    await expect(signet.provision({ users })).rejects.toThrow(/custom_claims/);
    await expect(signet.provision({ settings: { claim_scopes: { extra: { claims: [name] } } } })).rejects.toThrow();
  });

  test('no scope of its own has the name of one that every tenant knows', async () => {
    await expect(signet.provision({ settings: { claim_scopes: { email: { claims: [] } } } })).rejects.toThrow(
      /every tenant knows/,
    );
  });
});

describe('by the registration of a client', () => {
  test('id_token_claims: the ID token tells what UserInfo does', async () => {
    const { tokens } = await flow(told, 'openid profile email roles employee');
    const { sub: _sub, ...rest } = await aboutAlice(tokens.access_token);
    expect(rest).toMatchObject({ name: 'Alice Liddell', email: person.email, roles: ['editor'], department: 'books' });
    expect(claimsOf(tokens.id_token)).toMatchObject(rest);
    // The access token is for APIs: who somebody is stays out of it.
    for (const name of ['name', 'email']) expect(claimsOf(tokens.access_token)).not.toHaveProperty(name);
    const next = await refresh(signet, told, tokens.refresh_token);
    expect(claimsOf(next.body.id_token)).toMatchObject(rest);
  });

  test('nothing that was not granted', async () => {
    const { tokens } = await flow(told, 'openid profile');
    expect(claimsOf(tokens.id_token)).toHaveProperty('name');
    for (const name of ['email', 'roles', 'department']) expect(claimsOf(tokens.id_token)).not.toHaveProperty(name);
  });

  test('access_token_claims: whichever scopes were granted, in access tokens alone', async () => {
    const { tokens } = await flow(always, 'openid');
    expect(claimsOf(tokens.access_token)).toMatchObject({
      roles: ['editor'],
      department: 'books',
      email: person.email,
      iss: signet.issuer,
    });
    expect(await aboutAlice(tokens.access_token)).toEqual({ sub: claimsOf(tokens.access_token)['sub'] });
  });

  test.each(['sub', 'aud', 'exp', 'unheard of'])('access_token_claims cannot be %s', async (name) => {
    await expect(signet.provision({ clients: [{ ...always, access_token_claims: [name] }] })).rejects.toThrow(
      /access_token_claims/,
    );
  });

  test('a token that would be too long to be checked or revoked is not made, and the client is told', async () => {
    const groups = Array.from({ length: 100 }, (_, nth) => `${nth} ${'g'.repeat(200)}`);
    const user = { username: 'joiner', password: 'a member of everything there is' };
    await signet.provision({ users: [{ ...user, groups }] });
    const asked = authorizationRequest(signet, plain, { scope: 'openid groups' });
    const code = (await authorizeInteractively(createAgent(), asked, user)).get('code')!;
    const { status, body } = await exchangeCode(signet, plain, asked, code);
    expect([status, body.error, body.error_description]).toEqual([
      400,
      'invalid_scope',
      expect.stringContaining('too long'),
    ]);
  });

  test('openid-client takes an ID token with them', async () => {
    const options = { execute: [openid.allowInsecureRequests] };
    const config = await openid.discovery(
      new URL(signet.issuer),
      told.client_id,
      { client_secret: told.client_secret, [openid.clockTolerance]: 60 },
      openid.ClientSecretBasic(told.client_secret),
      options,
    );
    const verifier = openid.randomPKCECodeVerifier();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: told.redirect_uris[0]!,
      scope: 'openid roles',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const answer = await authorizeInteractively(createAgent(), { url: url.href });
    const back = new URL(`${told.redirect_uris[0]!}?${answer.toString()}`);
    const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier });
    expect(tokens.claims()).toMatchObject({ roles: ['editor'] });
  });
});

describe('by name: the claims parameter', () => {
  const asking = (claims: unknown) => ({ claims: JSON.stringify(claims) });

  test('UserInfo and the ID token tell what was asked of each, and no more', async () => {
    const claims = {
      userinfo: { name: { essential: true }, department: null },
      id_token: { email: null, email_verified: { essential: true } },
    };
    const { tokens } = await flow(plain, 'openid', asking(claims));
    const { sub } = claimsOf(tokens.id_token);
    expect(await aboutAlice(tokens.access_token)).toEqual({ sub, name: person.name, department: 'books' });
    expect(claimsOf(tokens.id_token)).toMatchObject({ email: person.email, email_verified: true });
    expect(claimsOf(tokens.id_token)).not.toHaveProperty('name');
    const next = await refresh(signet, plain, tokens.refresh_token);
    expect(claimsOf(next.body.id_token)).toMatchObject({ email: person.email });
    expect(await aboutAlice(next.body.access_token)).toMatchObject({ name: person.name });
  });

  test('nothing of a scope that the client may not have, nor what is no claim about a person', async () => {
    const claims = { userinfo: { email: { essential: true }, roles: null, password: null, unlisted: null } };
    const { tokens } = await flow(narrow, 'openid', asking(claims));
    expect(Object.keys(await aboutAlice(tokens.access_token))).toEqual(['sub']);
  });

  test('what is taken from the registration later is told no more', async () => {
    const { tokens } = await flow(narrow, 'openid', asking({ userinfo: { name: null } }));
    expect(await aboutAlice(tokens.access_token)).toHaveProperty('name');
    await signet.provision({ clients: [{ ...narrow, scope: 'openid' }] });
    expect(await aboutAlice(tokens.access_token)).not.toHaveProperty('name');
    await signet.provision({ clients: [narrow] });
  });

  test('the person is asked, in the words of the scope that tells as much; without that nothing is told silently', async () => {
    const client = { ...plain, client_id: 'asks' };
    await signet.provision({ clients: [client] });
    const agent = await signIn(signet);
    await codeFlow(signet, client, { agent, change: { scope: 'openid' } });
    const change = { scope: 'openid', ...asking({ userinfo: { email: null } }) };
    expect(outcomeOf(await ask(signet, agent, client, { ...change, prompt: 'none' }))).toBe('consent_required');
    expect((await ask(signet, agent, client, change)).body).toContain('See your email address');
    await codeFlow(signet, client, { agent, change });
    expect(outcomeOf(await ask(signet, agent, client, { ...change, prompt: 'none' }))).toBe('code');
  });

  test('a permission that is taken back takes along what was asked by name', async () => {
    const agent = await signIn(signet);
    const { tokens } = await codeFlow(signet, plain, {
      agent,
      change: { scope: 'openid', ...asking({ userinfo: { email: null } }) },
    });
    const page = await agent.get(`${signet.issuer}/account/consents/revoke-scope?client_id=plain&scope=email`);
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)![1]!;
    const form = { csrf, client_id: 'plain', scope: 'email' };
    expect((await agent.post(`${signet.issuer}/account/consents/revoke-scope`, form)).status).toBe(303);
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(401);
  });

  test('sub with a value: nobody else signs in', async () => {
    const agent = await signIn(signet);
    const { tokens } = await codeFlow(signet, own, { agent, change: { scope: 'openid' } });
    const sub = String(claimsOf(tokens.id_token)['sub']);
    const silently = async (value: string) =>
      outcomeOf(
        await ask(signet, agent, own, { scope: 'openid', prompt: 'none', ...asking({ id_token: { sub: { value } } }) }),
      );
    expect([await silently(sub), await silently('somebody else')]).toEqual(['code', 'login_required']);
    const two = { userinfo: { sub: { value: sub } }, id_token: { sub: { value: 'another' } } };
    expect(outcomeOf(await ask(signet, agent, own, { scope: 'openid', ...asking(two) }))).toBe('login_required');
  });

  test('acr: asked for as acr_values are; essential and out of reach, it is refused', async () => {
    const agent = await signIn(signet);
    const second = 'urn:signet:acr:2fa';
    const silently = async (acr: unknown) =>
      outcomeOf(await ask(signet, agent, own, { scope: 'openid', prompt: 'none', ...asking({ id_token: { acr } }) }));
    expect(await silently({ essential: true, values: [second] })).toBe('login_required');
    expect(await silently({ value: 'urn:signet:acr:1fa' })).toBe('code');
    expect(await silently({ essential: true, values: ['urn:other'] })).toBe('unmet_authentication_requirements');
    expect(await silently({ values: ['urn:other'] })).toBe('code');
    const less = { acr_values: 'urn:signet:acr:1fa', scope: 'openid', prompt: 'none' };
    const essential = asking({ id_token: { acr: { essential: true, values: [second] } } });
    expect(outcomeOf(await ask(signet, agent, own, { ...less, ...essential }))).toBe('login_required');
    const wish = asking({ id_token: { acr: { values: [second] } } });
    expect(outcomeOf(await ask(signet, agent, own, { ...less, ...wish }))).toBe('code');
  });

  test.each([
    'nothing',
    '[]',
    '"name"',
    '{"userinfo": []}',
    '{"userinfo": {"name": 1}}',
    '{"id_token": {"acr": {"values": "x"}}}',
    `{"userinfo": {"x": "${'y'.repeat(4000)}"}}`,
    String.raw`{"id_token": {"acr": {"values": ["\u0000"]}}}`,
    String.raw`{"id_token": {"sub": {"value": "a\u0000b"}}}`,
    String.raw`{"id_token": {"sub": {"value": "\ud800"}}}`,
    String.raw`{"userinfo": {"\u0000": null}}`,
    `{"id_token": {"sub": {"value": "${'字'.repeat(1001)}"}}}`,
  ])('%s: invalid_request', async (claims) => {
    expect(outcomeOf(await ask(signet, await signIn(signet), own, { scope: 'openid', claims }))).toBe(
      'invalid_request',
    );
  });

  test('M101: names that every object has tell nothing and change nothing', async () => {
    const claims =
      '{"userinfo": {"__proto__": {"essential": true}, "constructor": null, "toString": null}, "__proto__": {"userinfo": {"email": null}}}';
    const { tokens } = await flow(plain, 'openid', { claims });
    expect(Object.keys(await aboutAlice(tokens.access_token))).toEqual(['sub']);
  });

  test('sent twice: invalid_request', async () => {
    const asked = authorizationRequest(signet, own, { scope: 'openid', claims: '{}' });
    const { location } = await (await signIn(signet)).get(`${asked.url}&claims=%7B%7D`);
    expect(new URL(location!).searchParams.get('error')).toBe('invalid_request');
  });
});
