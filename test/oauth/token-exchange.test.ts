// Token exchange (RFC 8693): a service gets a narrower token for the next one, and never more than it was given.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as oidc from 'openid-client';
import { accessTokenTypeUri } from '../../src/domain/token-exchange.ts';
import { tokenExchangeGrant } from '../../src/domain/client.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { deleteClient } from '../../src/flows/clients/delete.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { asPatient } from '../support/patient.ts';
import { adminConsole, administratorNamed } from '../support/admin.ts';
import { heldTransaction, query } from '../support/database.ts';
import {
  app,
  exchange,
  exchangeWorld,
  gateway,
  helped,
  helper,
  orders,
  ordersApi,
  plain,
  service,
  shop,
  shopScope,
  stock,
  stranger,
} from '../support/exchange.ts';
import {
  alice,
  basic,
  bob,
  claimsOf,
  codeFlow,
  getUserinfo,
  introspected,
  refresh,
  revokeToken,
  type TestClient,
  type TokenAnswer,
  tokenRequest,
  world,
} from '../support/flow.ts';
import { untilBlocked } from '../support/lock-waits.ts';
import { isRevokedAt, placeOf } from '../support/status.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let other: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      users: [{ ...world.users[0]!, roles: ['buyer'] }, world.users[1]!],
      clients: [...world.clients, ...exchangeWorld.clients, adminConsole],
      resources: exchangeWorld.resources,
    },
  });
  other = await startSignet({ beside: signet });
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

const signIn = async (client: TestClient = app, change: Record<string, string | undefined> = {}, user = alice) =>
  (await codeFlow(signet, client, { user, change: { scope: shopScope, resource: shop, ...change } })).tokens;

/** Each test begins with a person's token for the shop. */
let subject: string;
let refreshToken: string;
beforeEach(async () => {
  const tokens = await signIn();
  subject = tokens.access_token;
  refreshToken = tokens.refresh_token;
});

type Exchanging = Parameters<typeof exchange>[1];
const ask = (client: Exchanging, token: string, form: Record<string, string | undefined> = {}) =>
  exchange(signet, client, token, form);
const exchanged = async (client: Exchanging, token: string, form: Record<string, string> = {}) => {
  const { status, body } = await ask(client, token, form);
  expect([status, body.error_description]).toEqual([200, undefined]);
  return body.access_token;
};
const refused = async (error: string, answer: Promise<TokenAnswer>, says = /./) => {
  const { status, body } = await answer;
  expect([status, body.error]).toEqual([400, error]);
  expect(body.error_description).toMatch(says);
  expect(body.access_token).toBeUndefined();
};
const isRevoked = async (token: string) => {
  const all = [signet, other].map((from) => isRevokedAt(from.server.url, token, signet.clock.now));
  const [one, two] = await Promise.all(all);
  expect(one).toBe(two);
  return one!;
};
const isActive = async (client: typeof gateway, token: string) => (await introspected(signet, client, token))['active'];
const revoke = (client: Exchanging, token: string) => revokeToken(signet, client, { token });
const eventsOf = (type: string) =>
  query(
    signet.database.url,
    'SELECT actor_kind, actor_id, client_id, user_id, session_id, grant_id, data FROM audit_events WHERE type = $1 AND grant_id = $2',
    [type, claimsOf(subject)['grant_id']],
  );

describe('a gateway', () => {
  test('gets a token for the next service: about the same person, by itself, narrower, and no longer', async () => {
    const { status, body, headers } = await ask(gateway, subject, { resource: orders });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessTokenTypeUri,
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'orders:read',
    });
    const [before, after] = [claimsOf(subject), claimsOf(body.access_token)];
    const same = Object.fromEntries(
      ['iss', 'sub', 'exp', 'sid', 'grant_id', 'auth_time', 'acr', 'amr', 'mfa_verified', 'mfa_method'].map((name) => [
        name,
        before[name],
      ]),
    );
    expect(after).toEqual({
      ...same,
      aud: orders,
      client_id: 'gateway',
      scope: 'orders:read',
      act: { sub: 'gateway' },
      carried_by: [{ client: 'gateway', to: orders }],
      iat: expect.any(Number),
      jti: expect.any(String),
      status: expect.any(Object),
    });
    expect(after['jti']).not.toBe(before['jti']);
    expect(placeOf(body.access_token)).not.toEqual(placeOf(subject));
  });

  test('also with the name of the resource in audience, in another spelling, and through a library', async () => {
    const root = 'https://root.example';
    await signet.provision({ resources: [{ identifier: root, scopes: ['orders:read'] }] });
    const rooted = service('rooted', { serves: [shop], exchange: [{ to: `${root}/`, scopes: ['orders:read'] }] });
    await signet.provision({ clients: [rooted] });
    expect(claimsOf(await exchanged(rooted, subject, { audience: `${root}/` }))['aud']).toBe(root);
    const config = await oidc.discovery(
      new URL(signet.issuer),
      gateway.client_id,
      undefined,
      oidc.ClientSecretBasic(gateway.client_secret),
      { execute: [oidc.allowInsecureRequests] },
    );
    const answer = await oidc.genericGrantRequest(config, tokenExchangeGrant, {
      subject_token: subject,
      subject_token_type: accessTokenTypeUri,
      resource: orders,
    });
    expect([claimsOf(answer.access_token)['aud'], answer['issued_token_type']]).toEqual([orders, accessTokenTypeUri]);
  });

  test('may ask for less, and for the audience that is there already', async () => {
    const narrow = await exchanged(gateway, subject, { resource: shop, scope: 'stock:read' });
    expect(claimsOf(narrow)).toMatchObject({ aud: shop, scope: 'stock:read', client_id: 'gateway' });
    expect(claimsOf(narrow)).not.toHaveProperty('carried_by');
    // None named: the one that the token is for.
    expect(claimsOf(await exchanged(gateway, subject))).toMatchObject({ aud: shop, scope: shopScope });
    await refused('invalid_scope', ask(gateway, narrow, { resource: orders }), /No scope of the subject token/);
  });

  test('takes a token that is for the issuer as well, and gets nothing that is for it', async () => {
    const { access_token } = await signIn(app, { scope: 'openid shop:use', resource: undefined });
    expect(claimsOf(access_token)['aud']).toEqual([shop, signet.issuer]);
    const token = await exchanged(gateway, access_token);
    expect(claimsOf(token)).toMatchObject({ aud: shop, scope: 'shop:use' });
    expect((await getUserinfo(signet, token)).status).toBe(401);
    for (const resource of [signet.issuer, `${signet.issuer}/`, `${signet.issuer}/admin/api`])
      await refused('invalid_target', ask(gateway, access_token, { resource }), /for itself or its admin API/);
  });

  test('the token tells what the subject token tells of the person, as it is now, and no more', async () => {
    const { access_token } = await signIn(app, { scope: `roles ${shopScope}` });
    const roles = async (token: string) => claimsOf(await exchanged(gateway, token, { resource: orders }))['roles'];
    expect(claimsOf(access_token)['roles']).toEqual(['buyer']);
    await signet.provision({ users: [{ username: 'alice', roles: ['seller'] }] });
    expect([await roles(access_token), await roles(subject)]).toEqual([['seller'], undefined]);
    await signet.provision({ users: [{ username: 'alice', roles: ['buyer'] }] });
  });

  test('the token lives no longer than the subject token, the resource and the client let it', async () => {
    const left = (token: string) => Number(claimsOf(token)['exp']) - Math.floor(signet.clock.now / 1000);
    signet.clock.advance(600);
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    expect(left(forOrders)).toBe(300);
    expect(left(await exchanged(ordersApi, forOrders, { resource: stock }))).toBe(120);
    signet.clock.advance(250);
    const { body } = await ask(ordersApi, forOrders, { resource: stock });
    expect([left(body.access_token), body.expires_in]).toEqual([50, 50]);
    signet.clock.advance(50);
    await refused('invalid_request', ask(gateway, subject, { resource: orders }), /expired or ended/);
  });

  test('the token is of the type that the resource takes', async () => {
    const token = await exchanged(gateway, subject, { resource: plain });
    expect(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())).toMatchObject({ typ: 'JWT' });
    expect(await isActive(gateway, token)).toBe(true);
  });

  test('a second factor that was proven after the subject token was made is not in it', async () => {
    const { grant_id: grantId, acr, amr } = claimsOf(subject);
    await query(
      signet.database.url,
      `UPDATE grants SET amr = '{pwd,otp,mfa}', acr = 'urn:signet:acr:2fa', mfa_method = 'totp', mfa_verified_at = now() WHERE id = $1`,
      [grantId],
    );
    const token = await exchanged(gateway, subject, { resource: orders });
    expect(claimsOf(token)).toMatchObject({ acr, amr, mfa_verified: false, mfa_method: null });
  });
});

describe('who acts', () => {
  test('each service of a chain, the last one first', async () => {
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    const forStock = await exchanged(ordersApi, forOrders, { resource: stock });
    expect(claimsOf(forStock)).toMatchObject({
      sub: claimsOf(subject)['sub'],
      aud: stock,
      scope: 'orders:read',
      client_id: 'orders-api',
      act: { sub: 'orders-api', act: { sub: 'gateway' } },
      carried_by: [
        { client: 'gateway', to: orders },
        { client: 'orders-api', to: stock },
      ],
    });
    expect(await introspected(signet, ordersApi, forStock)).toMatchObject({
      active: true,
      act: { sub: 'orders-api', act: { sub: 'gateway' } },
    });
  });

  test('five of them at most; who narrows its own token acts once', async () => {
    const ring = ['one', 'two'].map((name) => service(name, { serves: [shop] }));
    await signet.provision({ clients: ring });
    let token = await exchanged(ring[0]!, subject);
    token = await exchanged(ring[0]!, token);
    expect(claimsOf(token)['act']).toEqual({ sub: 'one' });
    for (const n of [1, 0, 1, 0]) token = await exchanged(ring[n]!, token);
    await refused('invalid_request', ask(ring[1]!, token), /passed on 5 times/);
    expect(claimsOf(await exchanged(ring[0]!, token))['act']).toEqual(claimsOf(token)['act']);
  });

  test('whoever exchanges is named, also with the actor token of somebody who acted before', async () => {
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    const ofGateway = (
      await tokenRequest(signet, gateway, { grant_type: 'client_credentials', resource: orders, scope: 'calls:make' })
    ).body.access_token;
    const actor = { actor_token: ofGateway, actor_token_type: accessTokenTypeUri };
    const token = await exchanged(ordersApi, forOrders, { resource: stock, ...actor });
    expect(claimsOf(token)['act']).toEqual({ sub: 'gateway', client_id: 'orders-api', act: { sub: 'gateway' } });
  });

  test('whoever the actor token is of', async () => {
    const forProgram = (await tokenRequest(signet, ordersApi, { grant_type: 'client_credentials', resource: orders }))
      .body.access_token;
    const inOrders = { resource: stock, actor_token_type: accessTokenTypeUri };
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    const byItself = await exchanged(ordersApi, forOrders, { ...inOrders, actor_token: forProgram });
    expect(claimsOf(byItself)['act']).toEqual({ sub: 'orders-api', act: { sub: 'gateway' } });
    // A person who works for another, by a token that came to the same service.
    const clerk = await exchanged(gateway, (await signIn(app, {}, bob)).access_token, { resource: orders });
    const byClerk = await exchanged(ordersApi, forOrders, { ...inOrders, actor_token: clerk });
    expect(claimsOf(byClerk)).toMatchObject({
      sub: claimsOf(subject)['sub'],
      act: { sub: claimsOf(clerk)['sub'], client_id: 'orders-api', act: { sub: 'gateway' } },
    });
  });

  test('an actor token counts only while it stands, for who it is for, and ends the new one with it', async () => {
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    const inOrders = { resource: stock, actor_token_type: accessTokenTypeUri };
    await refused(
      'invalid_request',
      ask(ordersApi, forOrders, { ...inOrders, actor_token: forOrders }),
      /of the user themselves/,
    );
    const by = (actor_token: string) => ask(ordersApi, forOrders, { ...inOrders, actor_token });
    const foreign = (
      await tokenRequest(signet, stranger, { grant_type: 'client_credentials', resource: orders, scope: 'calls:make' })
    ).body.access_token;
    // It is for orders, which this client is.
    expect((await by(foreign)).status).toBe(200);
    await refused('invalid_request', by((await signIn(app, {}, bob)).access_token), /neither issued to this client/);
    await refused('invalid_request', by(`${foreign.slice(0, -8)}AAAAAAAA`), /actor_token/);
    await revoke(stranger, foreign);
    await refused('invalid_request', by(foreign), /actor_token/);
    const clerk = await signIn(app, {}, bob);
    const short = await exchanged(gateway, clerk.access_token, { resource: orders });
    signet.clock.advance(840);
    const fresh = await exchanged(gateway, (await signIn()).access_token, { resource: orders });
    const token = await exchanged(ordersApi, fresh, { ...inOrders, actor_token: short });
    expect(claimsOf(token)['exp']).toBe(claimsOf(short)['exp']);
  });

  test('may_act: the token of the one that is named gives nobody else its right', async () => {
    // The helper has called a service, which now has a token of it, and comes by a token that the helper may exchange.
    const called = service('called', { serves: [orders], exchange: [{ to: stock, scopes: ['stock:read'] }] });
    await signet.provision({ clients: [called] });
    const { access_token } = await signIn(helped);
    const { body } = await tokenRequest(signet, helper, {
      grant_type: 'client_credentials',
      resource: orders,
      scope: 'calls:make',
    });
    const actor = { actor_token: body.access_token, actor_token_type: accessTokenTypeUri };
    await refused(
      'invalid_request',
      ask(called, access_token, { resource: stock, ...actor }),
      /not issued to this client/,
    );
  });

  test('may_act: whom the application lets act for its people, and nobody else', async () => {
    const { access_token } = await signIn(helped);
    expect(claimsOf(access_token)['may_act']).toEqual({ sub: 'helper' });
    const token = await exchanged(helper, access_token, { resource: stock });
    expect(claimsOf(token)).toMatchObject({ aud: stock, scope: 'stock:read', act: { sub: 'helper' } });
    await refused('invalid_request', ask(helper, subject, { resource: stock }), /does not name it in may_act/);
    await refused('invalid_request', ask(stranger, access_token, { resource: orders }), /does not name it in may_act/);
    // Another actor than the one that is named, though the client serves what the token is for.
    const forGateway = { resource: orders, actor_token_type: accessTokenTypeUri };
    const program = (await tokenRequest(signet, gateway, { grant_type: 'client_credentials', resource: orders })).body;
    const byAnother = ask(gateway, access_token, { ...forGateway, actor_token: program.access_token });
    expect((await byAnother).status).toBe(400);
    expect((await ask(gateway, access_token, { resource: orders })).status).toBe(200);
  });
});

describe('refused', () => {
  test('to a client that the token was neither issued to nor is for; one’s own token only becomes narrower', async () => {
    await refused('invalid_request', ask(stranger, subject, { resource: orders }), /not issued to this client/);
    const own = { ...app, client_id: 'own', grant_types: [...gateway.grant_types, 'authorization_code' as const] };
    await signet.provision({ clients: [{ ...own, exchange: [{ to: orders, scopes: ['orders:read'] }] }] });
    const { access_token } = await signIn(own);
    await refused(
      'invalid_target',
      ask(own, access_token, { resource: orders }),
      /does not (name that resource|serve)/,
    );
    expect(claimsOf(await exchanged(own, access_token, { scope: 'shop:use' }))).toMatchObject({
      aud: shop,
      scope: 'shop:use',
      act: { sub: 'own' },
    });
  });

  test('M47 for a resource that the policy does not name, that is not there, and for two at once', async () => {
    await refused('invalid_target', ask(gateway, subject, { resource: stock }), /does not (name that resource|serve)/);
    await refused(
      'invalid_target',
      ask(gateway, subject, { resource: 'https://nowhere.example' }),
      /No resource of that name/,
    );
    await refused(
      'invalid_target',
      ask(gateway, subject, { resource: orders, audience: plain }),
      /one resource at a time/,
    );
    const form = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token: subject,
      subject_token_type: accessTokenTypeUri,
    });
    form.append('resource', orders);
    form.append('resource', plain);
    const twice = await fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(gateway.client_id, gateway.client_secret) },
      body: form,
    });
    expect([twice.status, ((await twice.json()) as { error: string }).error]).toEqual([400, 'invalid_target']);
  });

  test.each([
    ['of the policy', 'orders:write'],
    ['of the resource', 'shop:use'],
    ['of anybody', 'never:heard'],
    ['about the person', 'openid'],
    ['of Signet', 'admin:users:read'],
    ['that lets it live on', 'offline_access'],
  ])('M53 a scope that is not one %s', async (_what, scope) => {
    await refused('invalid_scope', ask(gateway, subject, { resource: orders, scope }));
    await refused('invalid_scope', ask(gateway, subject, { resource: orders, scope: `orders:read ${scope}` }));
  });

  test('M53 a scope that the subject token lacks, though policy, resource and person have it', async () => {
    const { access_token } = await signIn(app, { scope: 'orders:write shop:use' });
    await refused('invalid_scope', ask(gateway, access_token, { resource: orders, scope: 'orders:read' }));
    await refused('invalid_scope', ask(gateway, access_token, { resource: orders }), /No scope of the subject token/);
  });

  test('a scope that was taken from the application since', async () => {
    const fading = { ...app, client_id: 'fading' };
    await signet.provision({ clients: [fading] });
    const { access_token } = await signIn(fading);
    const before = await exchanged(gateway, access_token, { resource: orders });
    expect(await isActive(ordersApi, before)).toBe(true);
    await signet.provision({ clients: [{ ...fading, scope: 'shop:use' }] });
    await refused('invalid_scope', ask(gateway, access_token, { resource: orders }));
    expect(await isActive(ordersApi, before)).toBe(false);
  });

  test('what was taken from the policy since; and a token of it stands no more', async () => {
    const trusted = service('trusted', { serves: [shop], exchange: [{ to: orders, scopes: ['orders:read'] }] });
    await signet.provision({ clients: [trusted] });
    const token = await exchanged(trusted, subject, { resource: orders });
    expect(await isActive(ordersApi, token)).toBe(true);
    const { exchange: _exchange, ...without } = trusted;
    await signet.provision({ clients: [without] });
    await refused('invalid_target', ask(trusted, subject, { resource: orders }));
    expect(await isActive(ordersApi, token)).toBe(false);
    await refused('invalid_request', ask(ordersApi, token, { resource: stock }));
    await signet.provision({ clients: [{ ...without, grant_types: ['client_credentials'] }] });
    expect(await ask(trusted, subject, { resource: shop })).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    });
  });

  test('a token for the admin API, a program’s token, and whatever is no access token', async () => {
    const { token } = await administratorNamed(signet, 'root', ['owner']);
    await refused('invalid_request', ask(gateway, token, { resource: orders }), /for nobody else/);
    const program = (await tokenRequest(signet, gateway, { grant_type: 'client_credentials', resource: orders })).body;
    await refused('invalid_request', ask(gateway, program.access_token), /of a program/);
    const { id_token } = await signIn(app, { scope: 'openid shop:use', resource: undefined });
    for (const one of [id_token, refreshToken, 'nonsense', `${subject}x`])
      await refused('invalid_request', ask(gateway, one, { resource: orders }), /not issued here as an access token/);
  });

  test.each<[what: string, form: Record<string, string | undefined>, says: RegExp]>([
    ['no subject token', { subject_token: undefined }, /subject_token is missing/],
    ['no type of it', { subject_token_type: undefined }, /subject_token_type must be/],
    ['an ID token by its type', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, /must be/],
    [
      'another type for the new one',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      /must be/,
    ],
    ['an actor token without its type', { actor_token: 'x' }, /actor_token_type must be/],
    ['a type of no actor token', { actor_token_type: accessTokenTypeUri }, /without an actor_token/],
  ])('%s', async (_what, form, says) => {
    await refused('invalid_request', ask(gateway, subject, { resource: orders, ...form }), says);
  });

  test('to whoever does not prove to be the client; no public client can be registered for it', async () => {
    const wrong = { ...gateway, client_secret: 'x'.repeat(40) };
    expect(await ask(wrong, subject, { resource: orders })).toMatchObject({ status: 401 });
    expect((await ask({ client_id: gateway.client_id }, subject, { resource: orders })).status).toBe(401);
    const { client_secret: _secret, ...open } = gateway;
    const registered = { ...open, client_id: 'open', token_endpoint_auth_method: 'none' as const };
    await expect(signet.provision({ clients: [registered] })).rejects.toThrow(/RFC 8693/);
  });

  test.each<[what: string, change: object, says: RegExp]>([
    ['for itself', { exchange: [{ to: 'ISSUER', scopes: ['a'] }] }, /is Signet itself/],
    ['for the admin API', { exchange: [{ to: 'ISSUER/admin/api', scopes: ['a'] }] }, /is Signet itself/],
    ['for what is no resource', { exchange: [{ to: 'orders', scopes: ['a'] }] }, /identifier of a resource/],
    [
      'for one resource twice',
      {
        exchange: [
          { to: 'https://a.example', scopes: ['a'] },
          { to: 'https://a.example/', scopes: ['b'] },
        ],
      },
      /stands there already/,
    ],
    ['with two scopes for one', { exchange: [{ to: orders, scopes: ['a b'] }] }, /name of one scope/],
    ['without the grant', { grant_types: ['client_credentials'] }, /has no use unless/],
  ])('a policy %s', async (_what, change, says) => {
    const text = JSON.stringify({ ...gateway, client_id: 'mistaken', ...change }).replaceAll('ISSUER', signet.issuer);
    await expect(signet.provision({ clients: [JSON.parse(text) as typeof gateway] })).rejects.toThrow(says);
  });
});

describe('ends with its subject', () => {
  /** A token for orders, and one for stock that came of it. */
  const chain = async () => {
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    const forStock = await exchanged(ordersApi, forOrders, { resource: stock });
    expect([await isRevoked(forOrders), await isRevoked(forStock)]).toEqual([false, false]);
    return [forOrders, forStock];
  };
  const allEnded = async (tokens: readonly string[]) => {
    expect(await Promise.all(tokens.map(isRevoked))).toEqual(tokens.map(() => true));
    expect(await Promise.all(tokens.map((token) => isActive(ordersApi, token)))).toEqual(tokens.map(() => false));
    await refused('invalid_request', ask(ordersApi, tokens[0]!, { resource: stock }));
  };

  test.each<[what: string, end: () => Promise<unknown>]>([
    ['the family', () => revoke(app, refreshToken)],
    ['the subject token by itself', () => revoke(app, subject)],
    [
      'the session',
      async () => {
        const [ended] = await query(signet.database.url, 'SELECT 1 FROM sessions WHERE id = $1 AND ended_at IS NULL', [
          claimsOf(subject)['sid'],
        ]);
        expect(ended).toBeDefined();
        await signet.provision({
          users: [{ ...alice, password: 'another long password of alice', password_reset: true }],
        });
        await signet.provision({ users: [{ ...alice, password_reset: true }] });
      },
    ],
    [
      'the application',
      async () => {
        await signet.provision({ clients: [{ ...app, disabled: true }] });
        await signet.provision({ clients: [{ ...app, disabled: false }] });
      },
    ],
  ])('%s', async (_what, end) => {
    const tokens = await chain();
    await end();
    await allEnded(tokens);
  });

  test('the next exchange after a token was revoked gets another place', async () => {
    const [forOrders] = await chain();
    expect((await revoke(gateway, forOrders!)).status).toBe(200);
    expect(await isRevoked(forOrders!)).toBe(true);
    expect(await isRevoked(subject)).toBe(false);
    const next = await exchanged(gateway, subject, { resource: orders });
    expect([await isRevoked(next), await isActive(ordersApi, next)]).toEqual([false, true]);
  });

  test.each([
    ['the grant', 'UPDATE grants SET revoked_at = now() WHERE id = $1'],
    ['the token', `UPDATE grants SET status_bits = '{}' WHERE id = $1`],
  ])('%s while it is being exchanged: nothing comes of it', async (_what, statement) => {
    await signet.provision({ clients: [{ ...app, client_id: 'closing' }] });
    const { access_token } = await signIn({ ...app, client_id: 'closing' });
    const ending = await heldTransaction(signet.database.url);
    await ending.query(statement, [claimsOf(access_token)['grant_id']]);
    const asked = ask(gateway, access_token, { resource: orders });
    await untilBlocked(signet.database.url, 1, asked);
    await ending.commit();
    await refused('invalid_request', asked, /has ended/);
  });

  test('the exchanging client: its tokens, and nothing of others', async () => {
    const leaving = service('leaving', { serves: [shop], exchange: [{ to: orders, scopes: ['orders:read'] }] });
    await signet.provision({ clients: [leaving] });
    const token = await exchanged(leaving, subject, { resource: orders });
    const kept = await exchanged(gateway, subject, { resource: orders });
    await signet.provision({ clients: [{ ...leaving, disabled: true }] });
    await signet.provision({ clients: [{ ...leaving, disabled: false }] });
    expect([await isRevoked(token), await isRevoked(kept), await isRevoked(subject)]).toEqual([true, false, false]);
    expect(await isActive(ordersApi, token)).toBe(false);
    const next = await exchanged(leaving, subject, { resource: orders });
    expect([await isRevoked(next), await isActive(ordersApi, next)]).toEqual([false, true]);
  });

  test('a service in the middle, or its policy: also what came of its tokens', async () => {
    const middle = service('middle', { serves: [shop], exchange: [{ to: orders, scopes: ['orders:read'] }] });
    await signet.provision({ clients: [middle] });
    const chainOf = async () => {
      const one = await exchanged(middle, subject, { resource: orders });
      return [one, await exchanged(ordersApi, one, { resource: stock })] as const;
    };
    const first = await chainOf();
    const direct = await exchanged(ordersApi, await exchanged(gateway, subject, { resource: orders }), {
      resource: stock,
    });
    const { exchange: _exchange, ...without } = middle;
    await signet.provision({ clients: [without] });
    for (const token of first) expect(await isActive(ordersApi, token)).toBe(false);
    await refused('invalid_request', ask(ordersApi, first[0], { resource: stock }));
    await signet.provision({ clients: [middle] });
    for (const token of first)
      expect([await isActive(ordersApi, token), await isRevoked(token)]).toEqual([true, false]);
    await signet.provision({ clients: [{ ...middle, disabled: true }] });
    await signet.provision({ clients: [{ ...middle, disabled: false }] });
    for (const token of first)
      expect([await isActive(ordersApi, token), await isRevoked(token)]).toEqual([false, true]);
    // Not what came another way, though the same client got it for the same grant.
    expect([await isActive(ordersApi, direct), await isRevoked(direct)]).toEqual([true, false]);
    for (const token of await chainOf())
      expect([await isActive(ordersApi, token), await isRevoked(token)]).toEqual([true, false]);
  });

  test('the program that acted, by its token', async () => {
    const forOrders = await exchanged(gateway, subject, { resource: orders });
    const robot = service('robot', {});
    await signet.provision({ clients: [robot] });
    const { body } = await tokenRequest(signet, robot, {
      grant_type: 'client_credentials',
      resource: orders,
      scope: 'calls:make',
    });
    const actor = { actor_token: body.access_token, actor_token_type: accessTokenTypeUri };
    const token = await exchanged(ordersApi, forOrders, { resource: stock, ...actor });
    await signet.provision({ clients: [{ ...robot, disabled: true }] });
    expect([await isActive(ordersApi, token), await isRevoked(token)]).toEqual([false, true]);
  });

  test('a service that is made again under its name gets places of its own', async () => {
    const again = service('again', { serves: [shop], exchange: [{ to: orders, scopes: ['orders:read'] }] });
    await signet.provision({ clients: [again] });
    const before = await exchanged(again, subject, { resource: orders });
    const { deps } = signet.server;
    const context = contextWithoutRequest({ actor: 'operator' }, (await tenantBySlug(deps, 'default'))!, deps.clock());
    await deleteClient(asPatient(deps), context, 'again');
    signet.clock.advance(1);
    await signet.provision({ clients: [again] });
    const after = await exchanged(again, subject, { resource: orders });
    expect([await isRevoked(before), await isRevoked(after), await isActive(ordersApi, after)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('tokens of one client and hour share a place, on the grant with others', async () => {
    const [one, two, three] = [
      await exchanged(gateway, subject, { resource: orders }),
      await exchanged(gateway, subject, { resource: plain }),
      await exchanged(ordersApi, await exchanged(gateway, subject, { resource: orders }), { resource: stock }),
    ];
    expect(placeOf(two)).toEqual(placeOf(one));
    expect(placeOf(three)).not.toEqual(placeOf(one));
    const next = (await refresh(signet, app, refreshToken)).body.access_token;
    expect(placeOf(next)).toEqual(placeOf(subject));
  });
});

test('both parties stand in the audit log, of what was given and of what was refused', async () => {
  const { sub, sid, grant_id } = claimsOf(subject);
  const about = {
    actor_kind: 'client',
    actor_id: 'gateway',
    client_id: 'gateway',
    user_id: sub,
    session_id: sid,
    grant_id,
  };
  await exchanged(gateway, subject, { resource: orders });
  await exchanged(gateway, subject, { resource: orders });
  await ask(gateway, subject, { resource: stock });
  const given = {
    ...about,
    data: { subject_client: 'app', from: shop, actor: 'gateway', to: orders, scopes: ['orders:read'] },
  };
  expect(await eventsOf('token.exchanged')).toEqual([given, given]);
  expect(await eventsOf('token.exchange_refused')).toEqual([
    { ...about, data: { subject_client: 'app', from: shop, error: 'invalid_target' } },
  ]);
});
