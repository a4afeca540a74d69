// The algorithms that a client may choose for its tokens: keys for them come when they are asked for, and each is for one algorithm.
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, decodeProtectedHeader, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SigningAlg, signingAlgs } from '../../src/domain/client.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { keyLife } from '../../src/domain/key-life.ts';
import { registerClient } from '../../src/flows/clients/register.ts';
import { advanceKeys } from '../../src/flows/keys/advance.ts';
import { listKeys } from '../../src/flows/keys/change.ts';
import { replaceAllKeys } from '../../src/flows/keys/replace.ts';
import { revokeKey } from '../../src/flows/keys/revoke.ts';
import { keyRing, signingKey } from '../../src/flows/keys/ring.ts';
import { scheduleRotation } from '../../src/flows/keys/rotate.ts';
import { newKeysOf } from '../../src/flows/restore/restored.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { query } from '../support/database.ts';
import { claimsOf, codeFlow, getUserinfo, ownClient, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let running: TestSignet;
let beside: TestSignet;
beforeAll(async () => {
  running = await startSignet();
  beside = await startSignet({ beside: running });
});
afterAll(async () => {
  await beside.stop();
  await running.stop();
});

/** First-party, so that nobody is asked for consent; both tokens by `alg`. */
function clientFor(alg: SigningAlg, client_id = `own-${alg}`) {
  return { ...ownClient, client_id, id_token_signed_response_alg: alg, access_token_signed_response_alg: alg };
}

/** A tenant of its own for a test. */
async function tenant(slug: string, clients: readonly ReturnType<typeof clientFor>[] = []) {
  await running.provision({ ...world, clients: [...clients], tenant: slug });
  const found = (await tenantBySlug(running.server.deps, slug))!;
  const context = () => contextWithoutRequest(running.server.deps, found, running.clock.now);
  const keys = async (alg?: SigningAlg) => {
    const all = await listKeys(running.server.deps, context());
    return all.filter((key) => alg === undefined || key.alg === alg);
  };
  return {
    issuer: `${running.issuer}/t/${slug}`,
    elsewhere: `${beside.server.url}/t/${slug}`,
    tenant: found,
    context,
    keys,
    active: async (alg: SigningAlg) => (await keys(alg)).find(({ state }) => state === 'active')?.kid,
    algs: async () => (await keys()).map(({ alg, state }) => `${alg} ${state}`).toSorted(),
    keySet: async () => {
      const { keys: published } = (await (await fetch(`${running.server.url}/t/${slug}/oauth/jwks`)).json()) as {
        keys: JWK[];
      };
      return published;
    },
    provision: (given: readonly object[]) => running.provision({ tenant: slug, clients: given as never }),
  };
}

const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid!;

test('a new tenant has keys for the default algorithms only, and its RSA key has 3072 bits', async () => {
  const there = await tenant('new');
  expect(await there.algs()).toEqual(['ES256 active', 'RS256 active']);
  const rsa = (await there.keySet()).find(({ alg }) => alg === 'RS256')!;
  expect(Buffer.from(rsa.n!, 'base64url')).toHaveLength(384);
});

test('discovery names what clients may choose', async () => {
  const response = await fetch(`${running.issuer}/.well-known/openid-configuration`);
  expect(await response.json()).toMatchObject({
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
  });
});

// Before the others, because every tenant's keys are moved on.
test('the keys live like the others: a successor a day ahead, which then signs', async () => {
  const there = await tenant('lived', [clientFor('PS256')]);
  const first = await there.active('PS256');
  const past = [keyLife.active - keyLife.publishedAhead, keyLife.publishedAhead].map((life) => life / 1000 + 60);
  try {
    running.clock.advance(past[0]!);
    await advanceKeys(running.server.deps);
    expect((await there.keys('PS256')).map(({ state }) => state)).toEqual(['active', 'next']);
    expect(await there.keys('EdDSA')).toEqual([]);
    running.clock.advance(past[1]!);
    await advanceKeys(running.server.deps);
    const { tokens } = await codeFlow(there, clientFor('PS256'));
    expect(kidOf(tokens.id_token)).toBe(await there.active('PS256'));
    expect(kidOf(tokens.id_token)).not.toBe(first);
  } finally {
    running.clock.advance(-past[0]! - past[1]!);
  }
});

describe.each(signingAlgs)('a client for %s', (alg) => {
  test('its tokens verify against the key set under that algorithm alone, and UserInfo takes them', async () => {
    const there = await tenant(`chosen-${alg.toLowerCase()}`, [clientFor(alg)]);
    const { tokens } = await codeFlow(there, clientFor(alg));
    const keys = createRemoteJWKSet(new URL(`${there.issuer}/oauth/jwks`));
    const options = { issuer: there.issuer, algorithms: [alg], currentDate: new Date(running.clock.now) };
    await jwtVerify(tokens.access_token, keys, { ...options, typ: 'at+jwt' });
    const { payload } = await jwtVerify(tokens.id_token, keys, { ...options, audience: `own-${alg}` });
    const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
      .update(tokens.access_token)
      .digest();
    expect(payload['at_hash']).toBe(digest.subarray(0, digest.length / 2).toString('base64url'));
    expect((await getUserinfo(there, tokens.access_token)).status).toBe(200);
    const key = (await there.keySet()).find(({ kid }) => kid === kidOf(tokens.id_token))!;
    expect(key).toMatchObject({ alg, use: 'sig' });
    expect(Object.keys(key)).not.toContain('d');
    if (key.kty === 'RSA') expect(Buffer.from(key.n!, 'base64url')).toHaveLength(384);
  });
});

describe('the first client for an algorithm', () => {
  test('in a file: its key is made once, however often the file is applied, and other processes have it', async () => {
    const there = await tenant('filed');
    await there.provision([clientFor('PS256')]);
    await there.provision([clientFor('PS256'), clientFor('PS256', 'second')]);
    expect(await there.algs()).toEqual(['ES256 active', 'PS256 active', 'RS256 active']);
    const { tokens } = await codeFlow({ issuer: there.elsewhere }, clientFor('PS256'));
    expect(kidOf(tokens.id_token)).toBe(await there.active('PS256'));
    expect((await getUserinfo(there, tokens.access_token)).status).toBe(200);
  });

  test('registered: its key stands with it; refused, and no key is made', async () => {
    const there = await tenant('registered');
    await registerClient(running.server.deps, there.context(), clientFor('ES256', 'taken'));
    const again = registerClient(running.server.deps, there.context(), clientFor('EdDSA', 'taken'));
    await expect(again).rejects.toMatchObject({ code: 'exists' });
    expect(await there.algs()).toEqual(['ES256 active', 'RS256 active']);
    await registerClient(running.server.deps, there.context(), clientFor('EdDSA', 'free'));
    expect(await there.algs()).toEqual(['ES256 active', 'EdDSA active', 'RS256 active']);
  });

  test('two at the same moment: one key, and both clients sign with it', async () => {
    const there = await tenant('twice');
    const both = gateStatements(running).hold('before', /for no key update/i, 2);
    const clients = [clientFor('EdDSA', 'one'), clientFor('EdDSA', 'two')];
    const racing = Promise.all(clients.map((client) => registerClient(running.server.deps, there.context(), client)));
    await both.arrived;
    both.open();
    await racing;
    expect(await there.keys('EdDSA')).toHaveLength(1);
    for (const client of clients)
      expect(kidOf((await codeFlow(there, client)).tokens.id_token)).toBe(await there.active('EdDSA'));
  });

  test('another process that knows it before word of its key came signs all the same', async () => {
    const there = await tenant('early');
    const look = gateStatements(beside).hold('before', /LEFT JOIN changes/);
    await look.arrived;
    try {
      await keyRing(beside.server.deps, there.tenant);
      await registerClient(running.server.deps, there.context(), clientFor('EdDSA'));
      const key = await signingKey(beside.server.deps, there.tenant, 'EdDSA');
      expect(key.kid).toBe(await there.active('EdDSA'));
    } finally {
      look.open();
    }
  });

  test('where a next key is published already: that one signs', async () => {
    const there = await tenant('prepared');
    const [next] = await scheduleRotation(running.server.deps, there.context(), ['EdDSA']);
    await there.provision([clientFor('EdDSA')]);
    expect(await there.keys('EdDSA')).toMatchObject([{ kid: next!.kid, state: 'active' }]);
  });
});

test('revoked, or all replaced after a restore: another key of the same algorithm signs', async () => {
  const there = await tenant('replaced', [clientFor('EdDSA')]);
  const { deps } = running.server;
  const first = await there.active('EdDSA');
  const { successor } = await revokeKey(deps, there.context(), first!);
  expect(kidOf((await codeFlow(there, clientFor('EdDSA'))).tokens.id_token)).toBe(successor);
  const made = (await newKeysOf(deps, deps.db, [there.tenant])).get(there.tenant.id)!;
  expect(made.map(({ alg }) => alg).toSorted()).toEqual(['ES256', 'EdDSA', 'RS256']);
  // One that a client asked for meanwhile is replaced as well.
  await there.provision([clientFor('PS256')]);
  await deps.db.transaction((tx) => replaceAllKeys(deps, tx, there.context(), made));
  deps.memory.drop({ kind: 'keys', tenantId: there.tenant.id, entity: '' });
  expect(await there.algs()).toEqual(['ES256 active', 'EdDSA active', 'PS256 active', 'RS256 active']);
  for (const alg of ['EdDSA', 'PS256'] as const)
    expect(kidOf((await codeFlow(there, clientFor(alg))).tokens.id_token)).toBe(await there.active(alg));
});

test('one key, one algorithm: what it signs under another one is refused, although the key would fit (RFC 8725 3.1)', async () => {
  const there = await tenant('confused', [clientFor('RS256'), clientFor('PS256')]);
  const pairs = [
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
  ] as const;
  for (const [made, other] of pairs) {
    const { tokens } = await codeFlow(there, clientFor(made));
    const kid = kidOf(tokens.access_token);
    const [row] = await query<{ sealed: string }>(
      running.database.url,
      'SELECT private_jwk_sealed AS sealed FROM signing_keys WHERE kid = $1',
      [kid],
    );
    const opened = running.server.deps.box.open('signing key', `${there.tenant.id} ${kid}`, row!.sealed);
    const jwk = JSON.parse(opened.toString()) as JWK;
    const statusUnder = async (alg: SigningAlg) => {
      const token = await new SignJWT(claimsOf(tokens.access_token))
        .setProtectedHeader({ alg, typ: 'at+jwt', kid })
        .sign(await importJWK(jwk, alg));
      return (await getUserinfo(there, token)).status;
    };
    expect([await statusUnder(made), await statusUnder(other)]).toEqual([200, 401]);
    const publicKey = JSON.stringify((await there.keySet()).find((key) => key.kid === kid));
    const shared = await new SignJWT(claimsOf(tokens.access_token))
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(Buffer.from(publicKey));
    expect((await getUserinfo(there, shared)).status).toBe(401);
  }
});
