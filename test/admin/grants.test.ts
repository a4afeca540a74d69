// /admin/api/grants and consents: what people authorized, read and ended; and whose nobody ends.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adminConsole,
  administer,
  administratorNamed,
  elsewhere,
  programs,
  programToken,
  whatever,
} from '../support/admin.ts';
import { query } from '../support/database.ts';
import {
  alice,
  authorizationRequest,
  bob,
  claimsOf,
  codeFlow,
  getUserinfo,
  ownClient,
  refresh,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let other: TestSignet;
let owner: string;
let administrator: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
  await signet.provision({ ...world, tenant: 'acme' });
  other = elsewhere(await startSignet({ beside: signet }));
  [owner, administrator] = await Promise.all([programToken(signet, 'owner'), programToken(signet, 'administrator')]);
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

const ask = (method: string, path: string, headers: Record<string, string> = {}, token = administrator) =>
  administer(signet, token, method, path, undefined, headers);

/** A grant that outlives its session, of a browser of its own. */
async function authorize(client: TestClient = webClient, user = alice) {
  signet.clock.advance(1);
  const { tokens, agent } = await codeFlow(signet, client, {
    user,
    change: { scope: 'openid offline_access', prompt: client === webClient ? 'consent' : undefined },
  });
  const { grant_id: id, sub, sid } = claimsOf(tokens.access_token) as { grant_id: string; sub: string; sid: string };
  return { id, userId: sub, sid, tokens, agent, client };
}

async function expectDead({ tokens, client }: Awaited<ReturnType<typeof authorize>>) {
  for (const at of [other, signet]) {
    expect((await getUserinfo(at, tokens.access_token)).status).toBe(401);
    expect((await refresh(at, client, tokens.refresh_token)).body.error).toBe('invalid_grant');
  }
}

async function idsOf(path: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | undefined; ;) {
    const more = new URLSearchParams({ limit: String(limit), ...(cursor && { cursor }) }).toString();
    const { status, body } = await ask('GET', `${path}${path.includes('?') ? '&' : '?'}${more}`);
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    found.push(...body.items.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor;
    if (cursor === undefined) return found;
  }
}

describe('reading', () => {
  test('one, with its ETag; also when it was revoked', async () => {
    const { id, userId, sid } = await authorize();
    const read = await ask('GET', `/grants/${id}`);
    const shown = {
      id,
      client_id: 'web',
      user_id: userId,
      session_id: sid,
      scopes: expect.arrayContaining(['openid', 'offline_access']),
      resources: expect.any(Array),
      offline: true,
      created_at: new Date(signet.clock.now).toISOString(),
      expires_at: expect.stringMatching(/Z$/),
    };
    expect([read.status, read.body]).toEqual([200, shown]);
    expect((await ask('DELETE', `/grants/${id}`, { 'if-match': read.etag })).status).toBe(204);
    const revoked = await ask('GET', `/grants/${id}`);
    expect(revoked.body).toEqual({ ...shown, revoked_at: new Date(signet.clock.now).toISOString() });
    expect(await idsOf('/grants', 200)).not.toContain(id);
  });

  test('those that live, newest first, each once whatever the pages; of a user, of a client, of both', async () => {
    const made = [
      await authorize(),
      await authorize(ownClient, bob),
      await authorize(ownClient),
      await authorize(webClient, bob),
      await authorize(webClient, bob),
    ];
    const [a1, b1, a2, b2, b3] = made.map(({ id }) => id);
    const bobId = made[1]!.userId;
    const known = new Set(made.map(({ id }) => id));
    const mine = (ids: string[]) => ids.filter((id) => known.has(id));
    for (const limit of [1, 2, 200]) {
      const all = await idsOf('/grants', limit);
      expect(all.slice(0, 5)).toEqual([b3, b2, a2, b1, a1]);
      expect(new Set(all).size).toBe(all.length);
      for (const path of [`/grants?user_id=${bobId}`, `/users/${bobId}/grants`])
        expect(await idsOf(path, limit)).toEqual([b3, b2, b1]);
      expect(mine(await idsOf('/grants?client_id=own', limit))).toEqual([a2, b1]);
      expect(await idsOf(`/grants?client_id=web&user_id=${bobId}`, limit)).toEqual([b3, b2]);
    }
    expect(await idsOf('/grants?client_id=nobody', 1)).toEqual([]);
  });

  test('one whose session is over is not listed, nor one that expired', async () => {
    const { tokens } = await codeFlow(signet, ownClient, { user: bob });
    const online = claimsOf(tokens.access_token) as { grant_id: string; sid: string };
    const { id } = await authorize(ownClient, bob);
    expect(await idsOf('/grants', 200)).toEqual(expect.arrayContaining([id, online.grant_id]));
    await query(signet.database.url, `UPDATE sessions SET idle_expires_at = started_at WHERE id = $1`, [online.sid]);
    await query(signet.database.url, `UPDATE grants SET expires_at = created_at WHERE id = $1`, [id]);
    const left = await idsOf('/grants', 200);
    expect([left.includes(id), left.includes(online.grant_id)]).toEqual([false, false]);
    for (const dead of [id, online.grant_id]) {
      expect((await ask('GET', `/grants/${dead}`)).status).toBe(200);
      expect((await ask('DELETE', `/grants/${dead}`, whatever)).status).toBe(404);
    }
  });

  test('what is unknown, no id or of another tenant: 404', async () => {
    const { tokens } = await codeFlow({ issuer: `${signet.issuer}/t/acme` }, webClient);
    const foreign = claimsOf(tokens.access_token) as { grant_id: string; sub: string };
    for (const id of ['nonsense', '00000000-0000-7000-8000-000000000000', foreign.grant_id])
      for (const method of ['GET', 'DELETE']) expect((await ask(method, `/grants/${id}`, whatever)).status).toBe(404);
    for (const id of ['alice', foreign.sub]) {
      for (const path of ['grants', 'consents']) expect((await ask('GET', `/users/${id}/${path}`)).status).toBe(404);
      expect((await ask('DELETE', `/users/${id}/consents/web`)).status).toBe(404);
    }
    expect((await ask('GET', '/grants')).text).not.toContain(foreign.grant_id);
  });

  test.each([
    ['limit=201', '/limit'],
    ['cursor=nonsense', '/cursor'],
    ['user_id=alice', '/user_id'],
    ['client_id=%C3%A9', '/client_id'],
    ['colour=red', '/colour'],
  ])('?%s: 422, and says where', async (asked, pointer) => {
    const refused = await ask('GET', `/grants?${asked}`);
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, pointer]);
  });
});

describe('ending', () => {
  test('the whole family is dead at once, on every process; another one lives', async () => {
    const [ended, left] = [await authorize(), await authorize()];
    const path = `/grants/${ended.id}`;
    const { etag } = await ask('GET', path);
    expect((await ask('DELETE', path)).status).toBe(428);
    expect((await ask('DELETE', path, { 'if-match': '"other"' })).status).toBe(412);
    expect((await getUserinfo(other, ended.tokens.access_token)).status).toBe(200);
    expect((await ask('DELETE', path, { 'if-match': etag })).status).toBe(204);
    await expectDead(ended);
    expect((await getUserinfo(other, left.tokens.access_token)).status).toBe(200);
    expect((await ask('DELETE', path, whatever)).status).toBe(404);
    const events = await query(
      signet.database.url,
      `SELECT actor_id, user_id, client_id FROM audit_events WHERE grant_id = $1 AND type = 'grant.revoked'`,
      [ended.id],
    );
    expect(events).toEqual([{ actor_id: 'program-administrator', user_id: ended.userId, client_id: 'web' }]);
  });

  test('twice at once: one ends it', async () => {
    const { id } = await authorize();
    const { etag } = await ask('GET', `/grants/${id}`);
    const answers = await Promise.all([1, 2].map(() => ask('DELETE', `/grants/${id}`, { 'if-match': etag })));
    expect(answers.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([204, 404]);
  });

  test('a consent: shown as on the account page; with it every grant of the client ends, and it must ask again', async () => {
    const [first, second, own] = [await authorize(), await authorize(), await authorize(ownClient)];
    const path = `/users/${first.userId}/consents`;
    const { body } = await ask('GET', path);
    expect(body.items.map(({ client_id: id }: { client_id: string }) => id).toSorted()).toEqual(['own', 'web']);
    expect(body.items.find(({ client_id: id }: { client_id: string }) => id === 'web')).toEqual({
      client_id: 'web',
      client_name: expect.any(String),
      scopes: expect.arrayContaining(['openid', 'offline_access']),
      granted_at: new Date(signet.clock.now - 1000).toISOString(),
      expires_at: expect.stringMatching(/Z$/),
    });
    const answers = await Promise.all([1, 2].map(() => ask('DELETE', `${path}/web`)));
    expect(answers.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([204, 404]);
    for (const one of [first, second]) await expectDead(one);
    expect((await getUserinfo(signet, own.tokens.access_token)).status).toBe(200);
    const silent = await first.agent.get(authorizationRequest(signet, webClient, { prompt: 'none' }).url);
    expect(new URL(silent.location!).searchParams.get('error')).toBe('consent_required');
    for (const client of ['web', 'nobody', '%20']) expect((await ask('DELETE', `${path}/${client}`)).status).toBe(404);
    expect((await ask('DELETE', `${path}/a%00`)).status).toBe(400);
    const events = await query(
      signet.database.url,
      `SELECT actor_id, client_id FROM audit_events WHERE user_id = $1 AND type = 'consent.revoked'`,
      [first.userId],
    );
    expect(events).toEqual([{ actor_id: 'program-administrator', client_id: 'web' }]);
  });
});

describe('who may', () => {
  test('what an owner authorized is ended by owners alone', async () => {
    const { token } = await administratorNamed(signet, 'olga', ['owner']);
    const { sub, grant_id: id } = claimsOf(token) as { sub: string; grant_id: string };
    const manager = await programToken(signet, 'user_manager');
    for (const asking of [administrator, manager]) {
      expect((await ask('DELETE', `/grants/${id}`, whatever, asking)).status).toBe(403);
      expect((await ask('DELETE', `/users/${sub}/consents/console`, {}, asking)).status).toBe(403);
    }
    const works = () => administer(other, token, 'GET', '/users?limit=1');
    expect((await works()).status).toBe(200);
    expect((await ask('DELETE', `/grants/${id}`, whatever, owner)).status).toBe(204);
    expect((await works()).status).toBe(401);
  });

  test('an owner takes back what another one allowed', async () => {
    const { token } = await administratorNamed(signet, 'otto', ['owner']);
    const { sub } = claimsOf(token) as { sub: string };
    expect((await ask('DELETE', `/users/${sub}/consents/console`, {}, owner)).status).toBe(204);
    expect((await administer(other, token, 'GET', '/users?limit=1')).status).toBe(401);
  });

  test('a grant that no person stands behind is ended by who may do what its client may', async () => {
    const [grant] = await query<{ id: string }>(
      signet.database.url,
      `INSERT INTO grants (tenant_id, id, client_id, scopes, resources, offline, authenticated_at, amr, acr, created_at, last_used_at, expires_at)
       SELECT id, gen_random_uuid(), 'program-owner', '{}', '{}', true, now(), '{}', '', now(), now(), now() + interval '100 years' FROM tenants WHERE slug = 'default' RETURNING id`,
    );
    const path = `/grants/${grant!.id}`;
    expect((await ask('GET', path)).body.user_id).toBeUndefined();
    expect((await ask('DELETE', path, whatever)).status).toBe(403);
    expect((await ask('DELETE', path, whatever, owner)).status).toBe(204);
  });

  test('nobody without the scope', async () => {
    const { id, userId } = await authorize();
    const auditor = await programToken(signet, 'auditor');
    const narrow = await programToken(signet, 'owner', 'admin:sessions:write');
    for (const path of [`/grants/${id}`, `/users/${userId}/consents/web`]) {
      expect((await ask('DELETE', path, whatever, auditor)).status).toBe(403);
      expect((await ask('DELETE', path, whatever, narrow)).status).toBe(403);
    }
    for (const path of ['/grants', `/grants/${id}`, `/users/${userId}/grants`, `/users/${userId}/consents`]) {
      expect((await ask('GET', path, {}, auditor)).status).toBe(200);
      expect((await ask('GET', path, {}, narrow)).status).toBe(403);
    }
  });
});
