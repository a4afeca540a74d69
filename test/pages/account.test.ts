// The account page: what it lists, what can be ended from it, and by whom.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { alice, bob, codeFlow, ownClient, refresh, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

const account = (agent: Agent) => agent.get(`${signet.issuer}/account/sessions`);
const applications = (agent: Agent) => agent.get(`${signet.issuer}/account/applications`);
const sessionsOn = (body: string) => [...body.matchAll(/name="session_id" value="([^"]+)"/g)].map((match) => match[1]!);

test('it lists what was allowed and where one is signed in, and ends another session with its tokens', async () => {
  const { agent: phone, tokens } = await codeFlow(signet, webClient);
  const laptop = await signIn(signet);
  const page = await account(laptop);
  expect((await applications(laptop)).body).toContain('name="client_id" value="web"');
  const [sessionId, ...more] = sessionsOn(page.body);
  expect(more).toEqual([]);
  const ended = await laptop.post(`${signet.issuer}/account/sessions/end`, {
    csrf: field(page, 'csrf'),
    session_id: sessionId!,
  });
  expect(ended.location).toBe(`${signet.issuer}/account/sessions?notice=session_ended`);
  expect((await account(phone)).location).toBe(`${signet.issuer}/sign-in`);
  expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
  expect(sessionsOn((await account(laptop)).body)).toEqual([]);
});

test("somebody else's session and consent cannot be ended, though their ids are known", async () => {
  const { agent, tokens } = await codeFlow(signet, webClient, { user: alice });
  const other = await signIn(signet, alice);
  const [alices] = sessionsOn((await account(other)).body);
  const bobs = await signIn(signet, bob);
  const csrf = field(await account(bobs), 'csrf');
  await bobs.post(`${signet.issuer}/account/sessions/end`, { csrf, session_id: alices! });
  await bobs.post(`${signet.issuer}/account/consents/revoke`, { csrf, client_id: 'web' });
  expect((await account(agent)).status).toBe(200);
  expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
});

test.each(['consents/revoke', 'sessions/end', 'sessions/end-others'])(
  '%s: only with the form token of this very session',
  async (path) => {
    const agent = await signIn(signet);
    const foreign = field(await account(await signIn(signet, bob)), 'csrf');
    for (const csrf of ['', 'x', foreign]) {
      const answer = await agent.post(`${signet.issuer}/account/${path}`, { csrf, client_id: 'own', session_id: 'x' });
      expect([answer.status, outcomeOf(answer)], csrf).toEqual([403, 'page csrf']);
    }
    const nobody = await createAgent().post(`${signet.issuer}/account/${path}`, { csrf: foreign });
    expect(nobody.location).toBe(`${signet.issuer}/sign-in`);
  },
);

test.each(['', 'x', '-'.repeat(36), 'f'.repeat(36), '00000000-0000-0000-0000-000000000000', "' OR 1=1 --"])(
  'the session id %j ends nothing and is no error of the server',
  async (session_id) => {
    const agent = await signIn(signet);
    const csrf = field(await account(agent), 'csrf');
    const answer = await agent.post(`${signet.issuer}/account/sessions/end`, { csrf, session_id });
    expect(answer.status).toBe(303);
    expect((await account(agent)).status).toBe(200);
  },
);

test('taking back what was never allowed changes nothing', async () => {
  const agent = await signIn(signet);
  for (const client_id of ['nobody', '', 'x'.repeat(5000)]) {
    const csrf = field(await account(agent), 'csrf');
    expect((await agent.post(`${signet.issuer}/account/consents/revoke`, { csrf, client_id })).status).toBe(303);
  }
});

test("the tenant's own client has tokens without consent: they are not on the list", async () => {
  const { agent } = await codeFlow(signet, ownClient, { user: bob });
  expect((await applications(agent)).body).not.toContain('name="client_id" value="own"');
});

test('one permission taken back: the consent is smaller, what has it ends, and it is asked about again', async () => {
  const scope = 'openid profile email';
  const { agent, tokens } = await codeFlow(signet, webClient, { user: bob, change: { scope, prompt: 'consent' } });
  const slim = await codeFlow(signet, webClient, { user: bob, agent, change: { scope: 'openid email' } });
  const page = await applications(agent);
  const link = /href="([^"]*revoke-scope\?client_id=web&amp;scope=profile)"/.exec(page.body)![1]!.replace('&amp;', '&');
  expect(page.body).not.toContain('scope=openid"');
  const asked = await agent.get(new URL(link, signet.issuer).href);
  expect(asked.body).toContain('Remove this permission?');
  expect((await refresh(signet, webClient, tokens.refresh_token)).status, 'a GET removes nothing').toBe(200);
  const form = { csrf: field(asked, 'csrf'), client_id: 'web', scope: 'profile' };
  const done = await agent.post(`${signet.issuer}/account/consents/revoke-scope`, form);
  expect(done.location).toBe(`${signet.issuer}/account/applications?notice=access_revoked`);
  expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
  expect((await refresh(signet, webClient, slim.tokens.refresh_token)).status).toBe(200);
  expect(outcomeOf(await ask(signet, agent, webClient, { scope: 'openid email' }))).toBe('code');
  expect(outcomeOf(await ask(signet, agent, webClient, { scope }))).toBe('consent');
});

test("a permission of somebody else's, one that was never given, and the sign-in itself cannot be taken back", async () => {
  const { agent, tokens } = await codeFlow(signet, webClient, {
    user: alice,
    change: { scope: 'openid email', prompt: 'consent' },
  });
  const bobs = await signIn(signet, bob);
  const csrf = field(await account(bobs), 'csrf');
  await bobs.post(`${signet.issuer}/account/consents/revoke-scope`, { csrf, client_id: 'web', scope: 'email' });
  expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
  expect(outcomeOf(await ask(signet, agent, webClient, { scope: 'openid email' }))).toBe('code');
  for (const scope of ['openid', 'nothing', ''])
    expect(
      (await agent.get(`${signet.issuer}/account/consents/revoke-scope?client_id=web&scope=${scope}`)).location,
      scope,
    ).toBe(`${signet.issuer}/account/applications`);
});

test('how long what outlives the session lasts is said before and after', async () => {
  const { agent } = await codeFlow(signet, webClient, {
    user: alice,
    change: { scope: 'openid offline_access', prompt: 'consent' },
  });
  const consent = await ask(signet, agent, webClient, { scope: 'openid offline_access', prompt: 'consent' });
  expect(consent.body).toContain('its access lasts for at most 7 days');
  expect((await ask(signet, agent, webClient, { scope: 'openid', prompt: 'consent' })).body).not.toContain('lasts for');
  const ends = new Date(signet.clock.now + 7 * 24 * 3600_000).toISOString();
  expect((await applications(agent)).body).toContain(`datetime="${ends}"`);
});
