// `signet session ...`: who is signed in, and signing them out.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Agent } from '../support/agent.ts';
import { type CommandLine, commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import { expectDead, liveLeaves } from '../support/families.ts';
import { alice, bob, claimsOf, codeFlow, ownClient, refresh, type Tokens, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

type Shown = { id: string; username: string };

let running: TestSignet;
let signet: CommandLine;
beforeAll(async () => {
  running = await startSignet({ provision: world });
  await running.provision({ ...world, tenant: 'acme' });
  signet = commandLine(settingsOf(running));
});
afterAll(() => running.stop());

async function isSignedIn(agent: Agent): Promise<boolean> {
  return (await agent.get(`${running.issuer}/account`)).status === 200;
}

const sidOf = (tokens: Tokens) => claimsOf(tokens.id_token)['sid'] as string;

/** Three browsers, the first of which also holds a grant that outlives it; and one at another tenant. */
async function signEverybodyIn() {
  const first = await codeFlow(running, webClient);
  const offline = await codeFlow(running, ownClient, {
    agent: first.agent,
    change: { scope: 'openid offline_access' },
  });
  running.clock.advance(1);
  const second = await codeFlow(running, webClient);
  running.clock.advance(1);
  const bobs = await codeFlow(running, webClient, { user: bob });
  await codeFlow({ issuer: `${running.issuer}/t/acme` }, webClient);
  return { first, offline, second, bobs };
}

test('list, newest first, and end: the session and its tokens are gone, what outlives it and the others stay', async () => {
  const { first, offline, second, bobs } = await signEverybodyIn();
  const [one, two, three] = [first, second, bobs].map(({ tokens }) => sidOf(tokens));
  const all = await resultOf<Shown[]>(signet, ['session', 'list']);
  expect(all.map(({ id, username }) => [id, username])).toEqual([
    [three, bob.username],
    [two, alice.username],
    [one, alice.username],
  ]);
  const ofAlice = await signet(['session', 'list', '--user', 'alice@example.com', '--limit', '1']);
  expect(ofAlice.stdout).toMatch(
    new RegExp(`^alice +node +127\\.0\\.0\\.1 +just now +just now +${two!.slice(-8)}$`, 'm'),
  );
  expect(ofAlice.stdout).not.toContain(one!.slice(-8));
  expect(ofAlice.output).toContain(`There are more: --after ${two}\n`);
  expect(await resultOf<Shown[]>(signet, ['session', 'list', '--user', 'alice', '--after', two!])).toMatchObject([
    { id: one },
  ]);

  expect(await resultOf<Shown[]>(signet, ['session', 'list', '--after', two!.slice(-8)])).toMatchObject([{ id: one }]);

  const ended = await signet(['session', 'end', one!.slice(-8)]);
  expect([ended.code, ended.stdout]).toEqual([0, `Ended the session ${one} of alice.\n`]);
  expect([await isSignedIn(first.agent), await isSignedIn(second.agent)]).toEqual([false, true]);
  await expectDead(running, webClient, first.tokens);
  expect((await refresh(running, ownClient, offline.tokens.refresh_token)).status).toBe(200);
  expect((await refresh(running, webClient, second.tokens.refresh_token)).status).toBe(200);
  expect((await signet(['session', 'end', one!])).code).toBe(3);
});

test('end --user: every session of the user, each with its event, and of nobody else', async () => {
  const { first, offline, second, bobs } = await signEverybodyIn();
  const { session_ids: ended, ...rest } = await resultOf<{ session_ids: string[] }>(signet, [
    'session',
    'end',
    '--user',
    'alice',
  ]);
  expect(rest).toEqual({ user_id: expect.any(String), username: 'alice', sessions_ended: ended.length });
  expect(ended).toEqual(expect.arrayContaining([sidOf(first.tokens), sidOf(second.tokens)]));
  for (const { agent, tokens } of [first, second]) {
    expect(await isSignedIn(agent)).toBe(false);
    await expectDead(running, webClient, tokens);
    expect(await liveLeaves(running.database.url, tokens.access_token)).toBe(0);
  }
  expect((await refresh(running, ownClient, offline.tokens.refresh_token)).status).toBe(200);
  expect(await isSignedIn(bobs.agent)).toBe(true);
  const events = await query<{ session_id: string }>(
    running.database.url,
    `SELECT session_id FROM audit_events WHERE type = 'session.ended' AND data = '{"reason": "by_admin"}' AND session_id = ANY($1)`,
    [ended],
  );
  expect(events.map(({ session_id }) => session_id).toSorted()).toEqual(ended.toSorted());
  const again = await signet(['session', 'end', '--user', 'alice']);
  expect([again.code, again.stdout]).toEqual([0, 'Ended 0 sessions of alice.\n']);
  expect((await signet(['session', 'list', '--user', 'alice'])).output).toBe('alice is not signed in.\n');
});

test('the table at 80 columns: nothing is cut, the browser in words, times as people say them', async () => {
  const userAgent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
  await codeFlow(running, webClient, { user: bob });
  await query(
    running.database.url,
    `UPDATE sessions SET user_agent = $1, ip = '203.0.113.177', started_at = now() - interval '3 hours 5 minutes', last_seen_at = now() - interval '1 minute'
     WHERE user_id = (SELECT id FROM users WHERE username = 'bob' AND tenant_id = sessions.tenant_id)`,
    [userAgent],
  );
  const terminal = `process.stdout.isTTY = true; process.stdout.columns = 80`;
  const shown = commandLine({
    ...settingsOf(running),
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(terminal)}`,
  });
  const { stdout } = await shown(['session', 'list', '--user', 'bob', '--limit', '1']);
  expect(stdout).not.toContain('…');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(stdout).toMatch(/^Username +Browser +Address +Signed in +Last used +Id$/m);
  expect(stdout).toMatch(/^bob +Chrome on Linux +203\.0\.113\.177 +3 hours ago +1 minute ago +[0-9a-f]{8}$/m);
  const [exact] = await resultOf<Record<string, string>[]>(signet, [
    'session',
    'list',
    '--user',
    'bob',
    '--limit',
    '1',
  ]);
  expect(exact).toMatchObject({ user_agent: userAgent, started_at: expect.stringMatching(/Z$/) });
});

test('an end that two ids share: refused, nothing ends; more of it is enough', async () => {
  const { tokens } = await codeFlow(running, webClient, { user: bob });
  const made = sidOf(tokens);
  const alike = ['0', '1'].map((digit) => `${made.slice(0, -9)}${digit}abcdef12`);
  for (const id of alike)
    await query(
      running.database.url,
      `INSERT INTO sessions SELECT copy.* FROM sessions s,
         jsonb_populate_record(s, jsonb_build_object('id', $2::text, 'secret_hash', '\\x' || md5($2::text))) AS copy
       WHERE s.id = $1`,
      [made, id],
    );
  const ambiguous = await signet(['session', 'end', 'abcdef12']);
  expect([ambiguous.code, ambiguous.output]).toEqual([2, expect.stringContaining('More than one id ends in abcdef12')]);
  expect((await signet(['session', 'end', '0abcdef12'])).stdout).toBe(`Ended the session ${alike[0]} of bob.\n`);
  expect((await signet(['session', 'end', 'abcdef12'])).stdout).toBe(`Ended the session ${alike[1]} of bob.\n`);
});

test('neither a session nor a user, or both: 2; nobody of that name: 3', async () => {
  const neither = await signet(['session', 'end']);
  expect([neither.code, neither.output]).toEqual([2, expect.stringContaining('--user')]);
  expect((await signet(['session', 'end', 'x', '--user', 'alice'])).code).toBe(2);
  expect((await signet(['session', 'list', '--user', 'nobody', '--json'])).code).toBe(3);
});
