// The account page and the tenant's own clients: without consent there is nothing to see, but a grant that outlives sessions is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Agent } from '../support/agent.ts';
import { revokeAccess } from '../support/endings.ts';
import { expectDead } from '../support/families.ts';
import { bob, codeFlow, ownClient, refresh, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { signIn } from '../support/visits.ts';

const offline = { scope: 'openid email offline_access' };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

const lists = async (agent: Agent) =>
  (await agent.get(`${signet.issuer}/account/applications`)).body.includes('name="client_id" value="own"');

test('an offline grant of a first-party client is listed for its person, and revoking ends it', async () => {
  const { tokens } = await codeFlow(signet, ownClient, { change: offline });
  const elsewhere = await signIn(signet);
  expect([await lists(elsewhere), await lists(await signIn(signet, bob))]).toEqual([true, false]);
  await revokeAccess(signet, elsewhere, 'own');
  expect(await lists(elsewhere)).toBe(false);
  await expectDead(signet, ownClient, tokens);
});

test('it is on the list as long as it lives', async () => {
  const { tokens, agent } = await codeFlow(signet, ownClient, { user: bob });
  expect(await lists(agent)).toBe(false);
  const { tokens: offlineTokens } = await codeFlow(signet, ownClient, { user: bob, agent, change: offline });
  expect(await lists(agent)).toBe(true);
  signet.clock.advance(8 * 24 * 3600);
  expect((await refresh(signet, ownClient, offlineTokens.refresh_token)).body.error).toBe('invalid_grant');
  expect(await lists(await signIn(signet, bob))).toBe(false);
  expect((await refresh(signet, ownClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
});
