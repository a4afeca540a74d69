// A provisioning file beside traffic: while its transaction is open others are answered, and nothing is issued behind its back.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  spaClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { type Gate, gateStatements } from '../support/gate.ts';
import { untilBlocked } from '../support/lock-waits.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf } from '../support/visits.ts';

const people = ['carol', 'dave', 'erin', 'frank'].map((username) => ({
  username,
  password: `${username} signs in with this`,
}));

let signet: TestSignet;
let other: TestSignet;
let gate: Gate;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, users: [...world.users, ...people] } });
  // Files are applied from here, so that only their statements stand at the gate.
  other = await startSignet({ beside: signet });
  gate = gateStatements(other);
});
afterEach(() => gate.open());
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

test('tenant, clients and users are changed and not committed: sign-in, codes, refreshes and UserInfo go on', async () => {
  const web = await codeFlow(signet, webClient);
  const spa = await codeFlow(signet, spaClient);
  const asked = authorizationRequest(signet, webClient);
  const code = (await authorizeInteractively(web.agent, asked)).get('code')!;
  const hold = gate.hold('after', /INSERT INTO users/);
  const applying = other.provision({
    settings: { session_idle_lifetime: 4000 },
    clients: [
      { ...webClient, client_name: 'Web' },
      { ...spaClient, client_name: 'Page' },
    ],
    users: [{ username: 'newcomer', password: 'a first password' }],
  });
  await hold.arrived;
  const visitor = createAgent();
  const page = await visitor.get(`${signet.issuer}/sign-in`);
  const silent = await web.agent.get(authorizationRequest(signet, webClient, { prompt: 'none' }).url);
  const answers = {
    page: page.status,
    signedIn: (await submitPassword(visitor, page, alice)).status,
    silent: outcomeOf(silent),
    exchanged: (await exchangeCode(signet, webClient, asked, code)).status,
    kept: (await refresh(signet, webClient, web.tokens.refresh_token)).status,
    rotated: (await refresh(signet, spaClient, spa.tokens.refresh_token)).status,
    userinfo: (await getUserinfo(signet, spa.tokens.access_token)).status,
  };
  hold.open();
  await applying;
  expect(answers).toEqual({
    page: 200,
    signedIn: 303,
    silent: 'code',
    exchanged: 200,
    kept: 200,
    rotated: 200,
    userinfo: 200,
  });
});

const password = { password: 'another one after the theft', password_reset: true };
test.each([
  {
    what: 'a new password',
    at: 'only the user',
    change: password,
    after: /password_version = password_version \+/,
    who: people[0]!,
  },
  { what: 'a new password', at: 'everything', change: password, after: /sessions_ended AS/, who: people[1]! },
  {
    what: 'disabling',
    at: 'only the user',
    change: { disabled: true },
    after: /update "users" set "disabled_at"/,
    who: people[2]!,
  },
  { what: 'disabling', at: 'everything', change: { disabled: true }, after: /sessions_ended AS/, who: people[3]! },
])(
  '$what has changed $at and is not committed: an offline code asked for then leaves no grant',
  async ({ change, after, who }) => {
    const scope = 'openid offline_access';
    const { agent } = await codeFlow(signet, spaClient, { user: who, change: { scope } });
    const hold = gate.hold('after', after);
    const applying = other.provision({ users: [{ username: who.username, ...change }] });
    await hold.arrived;
    const asking = agent.get(authorizationRequest(signet, spaClient, { scope }).url);
    await untilBlocked(signet.database.url, 1, asking);
    hold.open();
    await applying;
    expect(outcomeOf(await agent.follow(await asking, signet.issuer))).toBe('sign-in');
    const alive = await query(
      signet.database.url,
      `SELECT g.id FROM grants g JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id
       WHERE u.username = $1 AND g.revoked_at IS NULL`,
      [who.username],
    );
    expect(alive).toEqual([]);
  },
);
