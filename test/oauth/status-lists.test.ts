// Token status lists: whatever ends a token sets its bit in the list that the token names, on every process.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programs, programToken } from '../support/admin.ts';
import { createAgent } from '../support/agent.ts';
import { heldTransaction, query } from '../support/database.ts';
import { api, backend, logIn, postJson } from '../support/first-party.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  basic,
  bob,
  claimsOf,
  codeFlow,
  exchangeCode,
  introspected,
  refresh,
  revokeToken,
  spaClient,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { bearer } from '../support/second-factors.ts';
import { untilBlocked } from '../support/lock-waits.ts';
import { bitOf, isRevokedAt, listAt, placeOf } from '../support/status.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const worker = {
  client_id: 'worker',
  client_secret: 'a-secret-of-the-worker-with-32-characters',
  grant_types: ['client_credentials' as const],
  response_types: [],
  redirect_uris: [],
  scope: 'orders:read',
};

let signet: TestSignet;
let other: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [...world.clients, backend, worker, ...programs],
      resources: [api],
      users: [
        { ...alice, email: 'alice@example.com' },
        { ...bob, email: 'bob@example.com' },
      ],
    },
  });
  other = await startSignet({ beside: signet });
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

const pathOf = (uri: string) => uri.slice(signet.issuer.length);
const listFrom = (at: TestSignet, uri: string) => listAt(at.server.url, uri, signet.clock.now);

/** Whether the token is revoked, by every process. */
async function isRevoked(token: string): Promise<boolean> {
  const [one, two] = await Promise.all(
    [signet, other].map((from) => isRevokedAt(from.server.url, token, signet.clock.now)),
  );
  expect(one).toBe(two);
  return one!;
}

async function workerToken(): Promise<string> {
  const params = { grant_type: 'client_credentials', resource: api.identifier };
  return (await tokenRequest(signet, worker, params)).body.access_token;
}
type AsClient = { readonly client_id: string; readonly client_secret?: string };
const revoke = (client: AsClient, token: string) => revokeToken(signet, client, { token });
const isActive = async (issuer: string, token: string, client: AsClient = worker) =>
  (await introspected({ issuer }, client, token))['active'];

describe('the list', () => {
  test('is a signed token about the address that the access token names, of one bit per token', async () => {
    const token = await workerToken();
    const { idx, uri } = placeOf(token);
    expect(uri).toMatch(new RegExp(`^${signet.issuer}/oauth/status/[0-9a-f]{8}-\\d+-0$`));
    const { answer, payload, header, bits, bytes } = await listFrom(signet, uri);
    expect(answer.headers.get('content-type')).toBe('application/statuslist+jwt');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=2');
    expect(header).toEqual({ alg: 'ES256', typ: 'statuslist+jwt', kid: expect.any(String) });
    const iat = Math.floor(signet.clock.now / 1000);
    expect(payload).toEqual({
      iss: signet.issuer,
      sub: uri,
      iat,
      exp: iat + 3600,
      ttl: 2,
      status_list: { bits: 1, lst: expect.any(String) },
    });
    expect([bits, bytes.length]).toEqual([1, 131_072]);
    expect(idx).toBeLessThan(bytes.length * 8);
  });

  test('stays the same, to the tag, while nothing in it is revoked; then it is another', async () => {
    const token = await workerToken();
    const { uri } = placeOf(token);
    const ask = (etag = '') => fetch(uri, { headers: { 'if-none-match': etag } });
    const first = await ask();
    const etag = first.headers.get('etag')!;
    signet.clock.advance(60);
    expect((await ask(etag)).status).toBe(304);
    await revoke(worker, token);
    const changed = await ask(etag);
    expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false]);
    // Signed anew before anybody could take it for outdated.
    signet.clock.advance(901);
    expect((await ask(changed.headers.get('etag')!)).status).toBe(200);
  });

  test('is compressed for who takes that, and the same', async () => {
    const { uri } = placeOf(await workerToken());
    const [plain, packed] = await Promise.all(
      ['identity', 'gzip'].map((encoding) => fetch(uri, { headers: { 'accept-encoding': encoding } })),
    );
    expect([plain!.headers.get('content-encoding'), packed!.headers.get('content-encoding')]).toEqual([null, 'gzip']);
    expect(await packed!.text()).toBe(await plain!.text());
    expect(packed!.headers.get('vary')).toContain('accept-encoding');
  });

  test.each([
    ['of an hour that is over', (uri: string) => uri.replace(/-\d+-/, '-400000-')],
    ['of a year from now', (uri: string) => uri.replace(/-\d+-/, '-900000-')],
    ['with a part that no hour has', (uri: string) => uri.replace(/-0$/, '-256')],
    ['of no form', (uri: string) => `${uri}x`],
    ['in which no place was taken yet', (uri: string) => uri.replace(/-0$/, '-1')],
    [
      'of an hour of which no token is',
      (uri: string) => uri.replace(/-(\d+)-/, (_, hour) => `-${Number(hour) + 100}-`),
    ],
    ['with zeros in front', (uri: string) => uri.replace(/-0$/, '-00')],
  ])('%s is not there', async (_what, changed) => {
    const { uri } = placeOf(await workerToken());
    expect((await fetch(changed(uri))).status).toBe(404);
  });

  test('of another generation says that every token is revoked', async () => {
    const { uri } = placeOf(await workerToken());
    const { bytes } = await listFrom(signet, uri.replace(/status\/[0-9a-f]{8}/, 'status/00000000'));
    expect(bytes.every((byte) => byte === 0xff)).toBe(true);
  });

  test('of one tenant says nothing of another’s, whose numbers are the same', async () => {
    const token = await workerToken();
    await revoke(worker, token);
    await signet.provision({ tenant: 'acme', clients: [worker], resources: [api] });
    const path = pathOf(placeOf(token).uri);
    // A generation that is not acme's.
    const { bytes, payload } = await listFrom(signet, `${signet.issuer}/t/acme${path}`);
    expect(bytes.every((byte) => byte === 0xff)).toBe(true);
    expect(payload.iss).toBe(`${signet.issuer}/t/acme`);
  });

  test('has also what commits after one that began later', async () => {
    const [slow, quick] = [await workerToken(), await workerToken()];
    const [{ id: tenantId } = {}] = await query(signet.database.url, `SELECT id FROM tenants WHERE slug = 'default'`);
    const first = await heldTransaction(signet.database.url);
    await first.query('INSERT INTO status_revocations (tenant_id, bit) VALUES ($1, $2)', [tenantId, bitOf(slow)]);
    await revoke(worker, quick);
    expect([await isRevoked(slow), await isRevoked(quick)]).toEqual([false, true]);
    await first.commit();
    expect([await isRevoked(slow), await isRevoked(quick)]).toEqual([true, true]);
  });

  test('of a generation that is over: its tokens do not stand here either', async () => {
    await signet.provision({ tenant: 'restored', clients: [worker], resources: [api] });
    const issuer = `${signet.issuer}/t/restored`;
    const params = { grant_type: 'client_credentials', resource: api.identifier };
    const token = (await tokenRequest({ issuer }, worker, params)).body.access_token;
    expect(await isActive(issuer, token)).toBe(true);
    await query(signet.database.url, `UPDATE tenants SET status_generation = '0a0a0a0a' WHERE slug = 'restored'`);
    const after = await startSignet({ beside: signet });
    expect(await isActive(`${after.server.url}/t/restored`, token)).toBe(false);
    await after.stop();
  });
});

describe('places', () => {
  test('no two tokens of programs have the same, on two processes at once', async () => {
    const ask = async (from: TestSignet) => {
      const form = { grant_type: 'client_credentials', resource: api.identifier };
      const answer = await fetch(`${from.server.url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic(worker.client_id, worker.client_secret) },
        body: new URLSearchParams(form),
      });
      return placeOf(((await answer.json()) as { access_token: string }).access_token).idx;
    };
    const found = await Promise.all(Array.from({ length: 600 }, (_, n) => ask(n % 2 === 0 ? signet : other)));
    expect(new Set(found).size).toBe(600);
    // In no order that would say when each was made.
    const inTurn: number[] = [];
    for (let n = 0; n < 40; n += 1) inTurn.push(await ask(signet));
    const steps = inTurn.slice(1).map((idx, n) => idx - inTurn[n]!);
    expect(steps.filter((step) => step < 0).length).toBeGreaterThan(8);
  });

  test('are not taken for a client while it is being disabled', async () => {
    const machine = { ...worker, client_id: 'disabled-meanwhile' };
    await signet.provision({ clients: [machine] });
    const administrator = await heldTransaction(signet.database.url);
    await administrator.query(`UPDATE clients SET disabled_at = now() WHERE id = 'disabled-meanwhile'`);
    const asked = tokenRequest(signet, machine, { grant_type: 'client_credentials', resource: api.identifier });
    await untilBlocked(signet.database.url, 1, asked);
    await administrator.commit();
    expect(await asked).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('the tokens of one grant that end in one hour share one; in the next hour it is another', async () => {
    signet.clock.advance(3600 - ((signet.clock.now / 1000) % 3600) + 60);
    const { tokens } = await codeFlow(signet, webClient);
    const second = (await refresh(signet, webClient, tokens.refresh_token)).body;
    expect(placeOf(second.access_token)).toEqual(placeOf(tokens.access_token));
    signet.clock.advance(3600 + 900);
    const third = (await refresh(signet, webClient, tokens.refresh_token)).body;
    expect(placeOf(third.access_token).uri).not.toBe(placeOf(tokens.access_token).uri);
    const [{ status_bits: bits } = {}] = await query(
      signet.database.url,
      'SELECT status_bits FROM grants WHERE id = $1',
      [claimsOf(third.access_token)['grant_id']],
    );
    expect(bits).toHaveLength(1);
  });

  test('two refreshes at once on two processes: whatever place each token has, the grant’s end reaches both', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    signet.clock.advance(3600);
    const at = (from: TestSignet) =>
      fetch(`${from.server.url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic(webClient.client_id, webClient.client_secret) },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }),
      }).then(async (answer) => ((await answer.json()) as { access_token: string }).access_token);
    const got = await Promise.all([at(signet), at(other), at(signet), at(other)]);
    await revoke(webClient, tokens.refresh_token);
    expect(await Promise.all(got.map(isRevoked))).toEqual([true, true, true, true]);
  });

  test('a repeated refresh whose first reply was revoked: a token of its own, that stands everywhere', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const first = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    await revoke(spaClient, first.access_token);
    const again = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    expect(again.refresh_token).toBe(first.refresh_token);
    expect(claimsOf(again.access_token)['jti']).not.toBe(claimsOf(first.access_token)['jti']);
    expect([await isRevoked(first.access_token), await isRevoked(again.access_token)]).toEqual([true, false]);
    const status = async (token: string) =>
      (await fetch(`${signet.issuer}/oauth/userinfo`, { headers: bearer(token) })).status;
    expect([await status(first.access_token), await status(again.access_token)]).toEqual([401, 200]);
  });

  test('a repeated refresh gives the place of the first reply', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const first = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    const again = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    expect(placeOf(again.access_token)).toEqual(placeOf(first.access_token));
  });
});

describe('set by', () => {
  const started = async () => {
    const browser = createAgent();
    const { tokens } = await codeFlow(signet, webClient, { agent: browser });
    expect(await isRevoked(tokens.access_token)).toBe(false);
    return { browser, ...tokens };
  };

  test('revoking the refresh token', async () => {
    const { access_token, refresh_token } = await started();
    await revoke(webClient, refresh_token);
    expect(await isRevoked(access_token)).toBe(true);
  });

  test('revoking the access token: also its siblings of that hour, and nothing that comes after', async () => {
    const { access_token, refresh_token } = await started();
    const sibling = (await refresh(signet, webClient, refresh_token)).body.access_token;
    await revoke(webClient, access_token);
    expect(await isRevoked(sibling)).toBe(true);
    const headers = bearer(sibling);
    expect((await fetch(`${signet.issuer}/oauth/userinfo`, { headers })).status).toBe(401);
    const next = (await refresh(signet, webClient, refresh_token)).body.access_token;
    expect(await isRevoked(next)).toBe(false);
    expect((await fetch(`${signet.issuer}/oauth/userinfo`, { headers: bearer(next) })).status).toBe(200);
  });

  test('a program’s own token, alone', async () => {
    const [token, kept] = [await workerToken(), await workerToken()];
    await revoke(worker, token);
    expect([await isRevoked(token), await isRevoked(kept)]).toEqual([true, false]);
  });

  test('signing out of the first-party API', async () => {
    const { access_token } = (await logIn(signet, alice)).body;
    expect(await isRevoked(access_token)).toBe(false);
    await postJson(`${signet.issuer}/auth/logout`, {}, bearer(access_token));
    expect(await isRevoked(access_token)).toBe(true);
  });

  const asOwner = async (method: string, path: string) => {
    const token = await programToken(signet, 'owner');
    const headers = { ...bearer(token), 'if-match': '*' };
    return (await fetch(`${signet.issuer}/admin/api${path}`, { method, headers })).status;
  };

  test.each([
    ['its session', 'sessions', 'sid'],
    ['its grant', 'grants', 'grant_id'],
    ['its user', 'users', 'sub'],
  ])('an administrator who ends or deletes %s', async (_what, kind, claim) => {
    const user = { username: `${kind}-gone`, password: `the long password of ${kind}` };
    await signet.provision({ users: [user] });
    const { access_token } = (await logIn(signet, user)).body;
    expect(await isRevoked(access_token)).toBe(false);
    expect(await asOwner('DELETE', `/${kind}/${String(claimsOf(access_token)[claim])}`)).toBe(204);
    expect(await isRevoked(access_token)).toBe(true);
  });

  test('an administrator who deletes the client, which is made again', async () => {
    const machine = { ...worker, client_id: 'made-again' };
    const ask = async () =>
      (await tokenRequest(signet, machine, { grant_type: 'client_credentials', resource: api.identifier })).body
        .access_token;
    await signet.provision({ clients: [machine] });
    const token = await ask();
    expect(await asOwner('DELETE', '/clients/made-again')).toBe(204);
    expect(await isRevoked(token)).toBe(true);
    signet.clock.advance(1);
    await signet.provision({ clients: [machine] });
    expect([await isRevoked(await ask()), await isRevoked(token)]).toEqual([false, true]);
  });

  test('another password', async () => {
    const user = { username: 'changes', password: 'the first long password of changes' };
    await signet.provision({ users: [user] });
    const { access_token } = (await logIn(signet, user)).body;
    await signet.provision({
      users: [{ ...user, password: 'another long password of changes', password_reset: true }],
    });
    expect(await isRevoked(access_token)).toBe(true);
  });

  test('disabling the user', async () => {
    const { access_token } = (await logIn(signet, bob)).body;
    await signet.provision({ users: [{ ...bob, email: 'bob@example.com', disabled: true }] });
    expect(await isRevoked(access_token)).toBe(true);
    await signet.provision({ users: [{ ...bob, email: 'bob@example.com', disabled: false }] });
    expect(await isRevoked((await logIn(signet, bob)).body.access_token)).toBe(false);
  });

  test('a code that came twice', async () => {
    const asked = authorizationRequest(signet, webClient);
    const code = (await authorizeInteractively(createAgent(), asked)).get('code')!;
    const { access_token } = (await exchangeCode(signet, webClient, asked, code)).body;
    expect(await isRevoked(access_token)).toBe(false);
    expect((await exchangeCode(signet, webClient, asked, code)).status).toBe(400);
    expect(await isRevoked(access_token)).toBe(true);
  });

  test('disabling the client: every token, of people and of itself; enabled again, only what came before', async () => {
    const client = { ...webClient, client_id: 'closing' };
    const machine = { ...worker, client_id: 'closing-worker' };
    await signet.provision({ clients: [client, machine] });
    const { tokens } = await codeFlow(signet, client);
    const ask = async () =>
      (await tokenRequest(signet, machine, { grant_type: 'client_credentials', resource: api.identifier })).body
        .access_token;
    const own = await ask();
    const unrelated = await workerToken();
    await signet.provision({
      clients: [
        { ...client, disabled: true },
        { ...machine, disabled: true },
      ],
    });
    expect([await isRevoked(tokens.access_token), await isRevoked(own), await isRevoked(unrelated)]).toEqual([
      true,
      true,
      false,
    ]);
    await signet.provision({
      clients: [
        { ...client, disabled: false },
        { ...machine, disabled: false },
      ],
    });
    const next = (await refresh(signet, client, tokens.refresh_token)).body.access_token;
    // Not the place of before, however often.
    for (let n = 0; n < 3; n += 1)
      expect(await isRevoked((await refresh(signet, client, tokens.refresh_token)).body.access_token)).toBe(false);
    const ownNext = await ask();
    expect([await isRevoked(tokens.access_token), await isRevoked(own)]).toEqual([true, true]);
    expect([await isRevoked(next), await isRevoked(ownNext)]).toEqual([false, false]);
    for (const [token, active] of [
      [own, false],
      [ownNext, true],
    ] as const) {
      expect(await isActive(signet.issuer, token, machine)).toBe(active);
    }
  });
});
