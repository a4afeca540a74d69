// A first-party client that other programs on the machine can pose as: the person is asked each time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { codeFlow, ownClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf } from '../support/visits.ts';

const tool = { ...ownClient, client_id: 'tool', redirect_uris: ['http://127.0.0.1/cb', 'com.example.tool:/cb'] };
const confidential = { ...webClient, client_id: 'local', first_party: true, redirect_uris: ['http://127.0.0.1/cb'] };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [tool, confidential, ownClient] } });
});
afterAll(() => signet.stop());

test.each(tool.redirect_uris)('at %s: consent is asked, also the second time, and silence gets none', async (uri) => {
  const agent = createAgent();
  const change = { redirect_uri: uri };
  await codeFlow(signet, tool, { agent, change });
  expect(outcomeOf(await ask(signet, agent, tool, change))).toBe('consent');
  expect(outcomeOf(await ask(signet, agent, tool, { ...change, prompt: 'none' }))).toBe('consent_required');
});

test.each([
  { client: confidential, why: 'it has a secret' },
  { client: ownClient, why: 'its https address is nobody else' },
])('$client.client_id is not asked: $why', async ({ client }) => {
  const agent = createAgent();
  await codeFlow(signet, client, { agent });
  expect(outcomeOf(await ask(signet, agent, client))).toBe('code');
});
