// The budget of a network address: strangers use it up for each other, never for a browser that the account knows.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, type Answer, createAgent } from '../support/agent.ts';
import { signOut } from '../support/endings.ts';
import { alice, bob, submitPassword, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { signIn } from '../support/visits.ts';

const free = 100;

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

async function attempt(user: { username: string; password: string }, agent: Agent = createAgent()): Promise<Answer> {
  return submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), user);
}

test('strangers at the same address guess a hundred names: they wait, the known browser gets in, with its own account only', async () => {
  const known = await signIn(signet, alice);
  await signOut(signet, known);
  const guesser = createAgent();
  const page = await guesser.get(`${signet.issuer}/sign-in`);
  for (let i = 0; i < free; i += 20)
    await Promise.all(
      Array.from({ length: 20 }, (_, k) =>
        submitPassword(guesser, page, { username: `nobody-${i + k}`, password: 'x' }),
      ),
    );
  expect([(await attempt(alice)).status, (await attempt(bob)).status]).toEqual([429, 429]);
  expect((await attempt(bob, known)).status).toBe(429);
  expect((await attempt(alice, known)).status).toBe(303);
  expect((await attempt(alice)).status).toBe(429);
});
