// Refreshes and the browser's session: a family that outlives the session does not keep it alive, one that lives by it does.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeFlow, refresh, spaClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, settings: { session_idle_lifetime: 600 } } });
});
afterAll(() => signet.stop());

const cases = [
  { client: spaClient, kind: 'rotating' },
  { client: webClient, kind: 'kept' },
];
const offline = { scope: 'openid offline_access' };

test.each(cases)('$kind offline token, used after the idle end: the browser stays signed out', async ({ client }) => {
  const { tokens, agent } = await codeFlow(signet, client, { change: offline });
  signet.clock.advance(700);
  expect((await refresh(signet, client, tokens.refresh_token)).status).toBe(200);
  expect((await agent.get(`${signet.issuer}/account`)).location).toBe(`${signet.issuer}/sign-in`);
  expect(outcomeOf(await ask(signet, agent, client, { ...offline, prompt: 'none' }))).toBe('login_required');
});

test.each(cases)('$kind offline token, used before the idle end: that does not move', async ({ client }) => {
  const { tokens, agent } = await codeFlow(signet, client, { change: offline });
  signet.clock.advance(500);
  expect((await refresh(signet, client, tokens.refresh_token)).status).toBe(200);
  signet.clock.advance(100);
  expect(outcomeOf(await ask(signet, agent, client, { ...offline, prompt: 'none' }))).toBe('login_required');
});

test.each(cases)(
  '$kind token of the session: its use is use of the session, until that is over',
  async ({ client }) => {
    const { tokens, agent } = await codeFlow(signet, client);
    signet.clock.advance(500);
    const again = await refresh(signet, client, tokens.refresh_token);
    expect(again.status).toBe(200);
    signet.clock.advance(500);
    expect(outcomeOf(await ask(signet, agent, client, { prompt: 'none' }))).toBe('code');
    signet.clock.advance(600);
    expect((await refresh(signet, client, again.body.refresh_token)).body.error).toBe('invalid_grant');
    expect(outcomeOf(await ask(signet, agent, client, { prompt: 'none' }))).toBe('login_required');
  },
);
