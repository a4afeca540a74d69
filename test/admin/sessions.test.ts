// /admin/api/sessions: who is signed in, read and ended; and whom nobody signs out.
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
import type { Agent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { alice, bob, claimsOf, codeFlow, getUserinfo, ownClient, refresh, webClient, world } from '../support/flow.ts';
import { issueEverything, working } from '../support/issued.ts';
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
const sidOf = (idToken: string) => claimsOf(idToken)['sid'] as string;
const isSignedIn = async (at: TestSignet, agent: Agent) => (await agent.get(`${at.issuer}/account`)).status === 200;

/** In a browser of its own. */
async function signIn(user = alice) {
  signet.clock.advance(1);
  const { tokens, agent } = await codeFlow(signet, webClient, { user });
  const claims = claimsOf(tokens.id_token);
  return { tokens, agent, sid: sidOf(tokens.id_token), userId: claims['sub'] as string };
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
  test('one, with an ETag that use does not change', async () => {
    const { sid, userId, tokens } = await signIn();
    const read = await ask('GET', `/sessions/${sid}`);
    expect(read.status, read.text).toBe(200);
    expect(read.body).toEqual({
      id: sid,
      user_id: userId,
      username: 'alice',
      started_at: new Date(signet.clock.now).toISOString(),
      last_seen_at: new Date(signet.clock.now).toISOString(),
      idle_expires_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
      ip: expect.any(String),
      user_agent: expect.any(String),
    });
    signet.clock.advance(120);
    expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
    const again = await ask('GET', `/sessions/${sid}`);
    expect(again.body.last_seen_at).not.toBe(read.body.last_seen_at);
    expect(again.etag).toBe(read.etag);
  });

  test('all, newest first, each once whatever the pages; of one person', async () => {
    const made = [await signIn(), await signIn(bob), await signIn(), await signIn(bob)];
    const newest = made.map(({ sid }) => sid).toReversed();
    for (const limit of [1, 3, 200]) {
      const all = await idsOf('/sessions', limit);
      expect(all.slice(0, 4)).toEqual(newest);
      expect(new Set(all).size).toBe(all.length);
      const bobs = newest.filter((id) => made.some(({ sid, userId }) => sid === id && userId === made[1]!.userId));
      for (const path of [`/sessions?user_id=${made[1]!.userId}`, `/users/${made[1]!.userId}/sessions`])
        expect(await idsOf(path, limit)).toEqual(bobs);
    }
    const [row] = await query(
      signet.database.url,
      `SELECT count(*)::int AS count FROM sessions s JOIN tenants t ON t.id = s.tenant_id WHERE t.slug = 'default' AND ended_at IS NULL`,
    );
    expect(await idsOf('/sessions', 2)).toHaveLength(row!['count']);
  });

  test('what is unknown, no id, over or of another tenant: 404', async () => {
    const { tokens } = await codeFlow({ issuer: `${signet.issuer}/t/acme` }, webClient);
    const foreign = claimsOf(tokens.id_token);
    const ids = ['nonsense', '00000000-0000-7000-8000-000000000000', foreign['sid'] as string];
    for (const id of ids)
      for (const method of ['GET', 'DELETE']) expect((await ask(method, `/sessions/${id}`, whatever)).status).toBe(404);
    for (const id of ['alice', 'nonsense', foreign['sub'] as string])
      for (const method of ['GET', 'DELETE']) expect((await ask(method, `/users/${id}/sessions`)).status).toBe(404);
    expect((await ask('GET', `/sessions?user_id=${foreign['sub'] as string}`)).body.items).toEqual([]);
    expect((await ask('GET', '/sessions')).text).not.toContain(foreign['sid']);
  });

  test.each([
    ['limit=0', '/limit'],
    ['cursor=nonsense', '/cursor'],
    [`cursor=${Buffer.from('["nonsense"]').toString('base64url')}`, '/cursor'],
    ['user_id=alice', '/user_id'],
    ['colour=red', '/colour'],
  ])('?%s: 422, and says where', async (asked, pointer) => {
    const refused = await ask('GET', `/sessions?${asked}`);
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, pointer]);
  });
});

describe('ending', () => {
  test('one: with its grants that do not outlive it, on every process; what outlives it and others stay', async () => {
    const issued = await issueEverything(signet);
    const next = await signIn();
    const sid = sidOf(issued.online.id_token);
    const { etag } = await ask('GET', `/sessions/${sid}`);
    expect((await ask('DELETE', `/sessions/${sid}`)).status).toBe(428);
    expect((await ask('DELETE', `/sessions/${sid}`, { 'if-match': '"other"' })).status).toBe(412);
    expect(await isSignedIn(signet, issued.agent)).toBe(true);
    expect((await ask('DELETE', `/sessions/${sid}`, { 'if-match': etag })).status).toBe(204);
    for (const at of [signet, other])
      expect(await working(at, issued)).toMatchObject({
        'access token of an online grant': false,
        'refresh token of an online grant': false,
        'access token of an offline grant': true,
        'authorization code': false,
        'session cookie at the account': false,
        'session cookie at authorize': false,
      });
    expect(await isSignedIn(signet, next.agent)).toBe(true);
    expect((await ask('GET', `/sessions/${sid}`)).status).toBe(404);
    expect((await ask('DELETE', `/sessions/${sid}`, whatever)).status).toBe(404);
    const events = await query(
      signet.database.url,
      `SELECT actor_kind, actor_id, data FROM audit_events WHERE session_id = $1 AND type = 'session.ended'`,
      [sid],
    );
    expect(events).toEqual([{ actor_kind: 'client', actor_id: 'program-administrator', data: { reason: 'by_admin' } }]);
  });

  test('twice at once: one ends it', async () => {
    const { sid } = await signIn();
    const { etag } = await ask('GET', `/sessions/${sid}`);
    const answers = await Promise.all([1, 2].map(() => ask('DELETE', `/sessions/${sid}`, { 'if-match': etag })));
    expect(answers.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([204, 404]);
  });

  test('all of a person, and of nobody else; nothing to end is no mistake', async () => {
    const [first, second, bobs] = [await signIn(), await signIn(), await signIn(bob)];
    const offline = await codeFlow(signet, ownClient, {
      agent: second.agent,
      change: { scope: 'openid offline_access' },
    });
    expect((await ask('DELETE', `/users/${first.userId}/sessions`)).status).toBe(204);
    for (const at of [signet, other]) {
      for (const { tokens } of [first, second]) expect((await getUserinfo(at, tokens.access_token)).status).toBe(401);
      expect((await getUserinfo(at, bobs.tokens.access_token)).status).toBe(200);
    }
    expect([await isSignedIn(signet, first.agent), await isSignedIn(signet, bobs.agent)]).toEqual([false, true]);
    expect((await refresh(signet, ownClient, offline.tokens.refresh_token)).status).toBe(200);
    expect((await ask('GET', `/users/${first.userId}/sessions`)).body).toEqual({ items: [] });
    expect((await ask('DELETE', `/users/${first.userId}/sessions`)).status).toBe(204);
  });
});

describe('who may', () => {
  test('an owner is signed out by owners alone', async () => {
    const { token } = await administratorNamed(signet, 'olga', ['owner']);
    const { sub, sid } = claimsOf(token) as { sub: string; sid: string };
    const manager = await programToken(signet, 'user_manager');
    for (const asking of [administrator, manager]) {
      expect((await ask('DELETE', `/sessions/${sid}`, whatever, asking)).status).toBe(403);
      expect((await ask('DELETE', `/users/${sub}/sessions`, {}, asking)).status).toBe(403);
    }
    const works = (at: TestSignet) => administer(at, token, 'GET', '/users?limit=1');
    expect((await works(other)).status).toBe(200);
    expect((await ask('DELETE', `/sessions/${sid}`, whatever, owner)).status).toBe(204);
    expect((await works(other)).status).toBe(401);
    expect((await ask('DELETE', `/users/${sub}/sessions`, {}, owner)).status).toBe(204);
  });

  test('nobody without the scope', async () => {
    const { sid, userId } = await signIn();
    const auditor = await programToken(signet, 'auditor');
    const narrow = await programToken(signet, 'owner', 'admin:users:write');
    expect((await ask('GET', `/sessions/${sid}`, {}, auditor)).status).toBe(200);
    for (const path of [`/sessions/${sid}`, `/users/${userId}/sessions`]) {
      expect((await ask('DELETE', path, whatever, auditor)).status).toBe(403);
      expect((await ask('DELETE', path, whatever, narrow)).status).toBe(403);
      expect((await ask('GET', path, {}, narrow)).status).toBe(403);
    }
    expect((await ask('GET', '/sessions', {}, narrow)).status).toBe(403);
  });
});
