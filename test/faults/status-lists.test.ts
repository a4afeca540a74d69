// Status lists when something ends in the middle: a process that is killed while it revokes, and a database put back from a copy.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/testing/start.ts';
import { newKeysOf, recordRestored } from '../../src/flows/restore/restored.ts';
import { listAllTenants } from '../../src/storage/tenants.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { codeFlow, getUserinfo, revokeToken, tokenRequest, webClient, world } from '../support/flow.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { isRevokedAt, listAt, placeOf } from '../support/status.ts';

describe('killed while it revokes', () => {
  let database: TestDatabase;
  let proxy: PostgresProxy;
  let directory: string;
  let issuer: string;
  let elsewhere: string;
  let environment: Record<string, string>;
  let revoking: SignetProcess;
  let living: SignetProcess;
  beforeAll(async () => {
    database = await createDatabase();
    proxy = await startPostgresProxy(database.url);
    directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
    await writeFile(join(directory, 'world.json'), JSON.stringify(world));
    const [port, other] = [await freePort(), await freePort()];
    [issuer, elsewhere] = [`http://localhost:${port}`, `http://localhost:${other}`];
    environment = {
      PUBLIC_URL: issuer,
      PORT: String(port),
      DATABASE_URL: proxy.url,
      SECRET_KEY: randomBytes(32).toString('base64'),
      PROVISION: join(directory, 'world.json'),
      PASSWORD_HASH_MEMORY_KIB: '7168',
    };
    revoking = await startProcess(environment);
    living = await startProcess({ ...environment, PORT: String(other), DATABASE_URL: database.url });
  });
  afterEach(() => proxy.cut());
  afterAll(async () => {
    for (const process of [revoking, living]) {
      process.kill('SIGKILL');
      await process.ended;
    }
    await proxy.close();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Whether the token stands, by what the process says itself and by its list, which say the same. */
  async function standsAt(url: string, token: string): Promise<boolean> {
    const [{ status }, isRevoked] = await Promise.all([
      getUserinfo({ issuer: url }, token),
      isRevokedAt(url, token, Date.now()),
    ]);
    expect(status).toBe(isRevoked ? 401 : 200);
    return !isRevoked;
  }

  const family = /UPDATE grants SET revoked_at/;
  const alone = /INSERT INTO revoked_access_tokens/;
  const event = /INSERT INTO audit_events/;
  test.each([
    { what: 'refresh_token', moment: 'unsent', statement: family, done: false },
    { what: 'refresh_token', moment: 'unanswered', statement: family, done: true },
    { what: 'access_token', moment: 'unsent', statement: alone, done: false },
    { what: 'access_token', moment: 'unanswered', statement: alone, done: false },
    { what: 'access_token', moment: 'unsent', statement: event, done: false },
    { what: 'access_token', moment: 'unanswered', statement: event, done: false },
  ] as const)(
    'the $what, its statement $moment ($statement): not acknowledged; in force everywhere, or nowhere',
    async ({ what, moment, statement, done }) => {
      const { tokens } = await codeFlow({ issuer }, webClient);
      expect(await standsAt(elsewhere, tokens.access_token)).toBe(true);
      const stopped = proxy.stopAt(moment, statement);
      const answer = revokeToken({ issuer }, webClient, { token: tokens[what] }).then(
        ({ status }) => status,
        () => 'lost',
      );
      await stopped;
      revoking.kill('SIGKILL');
      expect((await revoking.ended).signal).toBe('SIGKILL');
      proxy.cut();
      expect(await answer).toBe('lost');
      revoking = await startProcess(environment);
      for (const url of [elsewhere, issuer]) expect(await standsAt(url, tokens.access_token)).toBe(!done);
    },
  );

  test('acknowledged, and killed at once: in force everywhere', async () => {
    const { tokens } = await codeFlow({ issuer }, webClient);
    const { status } = await revokeToken({ issuer }, webClient, { token: tokens.access_token });
    revoking.kill('SIGKILL');
    expect(status).toBe(200);
    await revoking.ended;
    revoking = await startProcess(environment);
    for (const url of [elsewhere, issuer]) expect(await standsAt(url, tokens.access_token)).toBe(false);
  });
});

describe('put back from a copy', () => {
  const worker = {
    client_id: 'worker',
    client_secret: 'a-secret-of-the-worker-with-32-characters',
    grant_types: ['client_credentials' as const],
    response_types: [],
    redirect_uris: [],
    scope: 'things:read',
  };
  const resources = [{ identifier: 'https://things.example', scopes: ['things:read'] }];

  test.each([
    { how: 'signed out', keys: true },
    { how: 'with what was issued kept', keys: false },
  ])('$how: no list says again that a token stands which was revoked', async ({ keys }) => {
    const signet = await startSignet({ provision: { ...world, clients: [...world.clients, worker], resources } });
    const { deps } = signet.server;
    const ask = async () =>
      (await tokenRequest(signet, worker, { grant_type: 'client_credentials' })).body.access_token;
    const [revoked, kept] = [await ask(), await ask()];
    await revokeToken(signet, worker, { token: revoked });
    const isRevoked = (token: string) => isRevokedAt(signet.server.url, token, signet.clock.now);
    expect([await isRevoked(revoked), await isRevoked(kept)]).toEqual([true, false]);

    await deps.db.transaction(async (tx) => {
      const tenants = await listAllTenants(tx);
      const anew = keys ? await newKeysOf(deps, tx, tenants) : undefined;
      await recordRestored(deps, tx, tenants, { by: 'command', keys: anew, now: signet.clock.now });
    });
    // As after the start that follows.
    const after = await startSignet({ beside: signet });
    const said = async (token: string) => isRevokedAt(after.server.url, token, signet.clock.now);
    expect([await said(revoked), await said(kept)]).toEqual([true, keys]);
    const next = (await tokenRequest({ issuer: after.server.url }, worker, { grant_type: 'client_credentials' })).body
      .access_token;
    expect(await said(next)).toBe(false);
    expect(placeOf(next).uri === placeOf(kept).uri).toBe(!keys);
    const { bytes } = await listAt(after.server.url, placeOf(kept).uri, signet.clock.now);
    expect(bytes.every((byte) => byte === 0xff)).toBe(keys);
    await after.stop();
    await signet.stop();
  });

  test('processes that go on give no place twice, and every client’s end reaches its own tokens alone', async () => {
    const second = { ...worker, client_id: 'worker-2' };
    const signet = await startSignet({
      provision: { ...world, clients: [...world.clients, worker, second], resources },
    });
    const other = await startSignet({ beside: signet });
    const ask = async (from: TestSignet, client: typeof worker) =>
      (await tokenRequest({ issuer: from.server.url }, client, { grant_type: 'client_credentials' })).body.access_token;
    // One holds a block of before.
    await ask(signet, worker);
    const { deps } = other.server;
    await deps.db.transaction(async (tx) => {
      const tenants = await listAllTenants(tx);
      const anew = await newKeysOf(deps, tx, tenants);
      await recordRestored(deps, tx, tenants, { by: 'command', keys: anew, now: signet.clock.now });
    });
    await expect
      .poll(async () => {
        const [one, two] = [placeOf(await ask(signet, worker)), placeOf(await ask(other, second))];
        return one.uri === two.uri;
      })
      .toBe(true);
    const many = (from: TestSignet, client: typeof worker) =>
      Promise.all(Array.from({ length: 60 }, () => ask(from, client)));
    const [ones, twos] = [await many(signet, worker), await many(other, second)];
    expect(new Set([...ones, ...twos].map((token) => JSON.stringify(placeOf(token)))).size).toBe(120);
    await signet.provision({ clients: [{ ...worker, disabled: true }] });
    const revoked = (token: string) => isRevokedAt(other.server.url, token, signet.clock.now);
    // For up to a second a process may still have a list that was signed before its keys were replaced.
    await expect.poll(() => revoked(ones[0]!).catch(() => 'signed by a key of before')).toBe(true);
    expect(new Set(await Promise.all(ones.map(revoked)))).toEqual(new Set([true]));
    expect(new Set(await Promise.all(twos.map(revoked)))).toEqual(new Set([false]));
    await other.stop();
    await signet.stop();
  });
});
