// Authorization codes: for their own client, in time, once (M12, M16, M17).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  spaClient,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const other = { ...webClient, client_id: 'other', redirect_uris: ['https://web.example/cb'] };

let signet: TestSignet;
let second: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, other] } });
  second = await startSignet({ beside: signet });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
});

async function freshCode(client: TestClient) {
  const asked = authorizationRequest(signet, client);
  const code = (await authorizeInteractively(createAgent(), asked)).get('code')!;
  return { asked, code };
}

describe('M12 a code is worth nothing to the wrong client or after its time', () => {
  const cases = [
    { name: 'another client, with its own right credentials', client: other, late: 0 },
    { name: 'a public client', client: spaClient, late: 0 },
    { name: 'its own client, a second after it expired', client: webClient, late: 61 },
    { name: 'its own client, in the very moment it expires', client: webClient, late: 60 },
    { name: 'another client, after it expired', client: other, late: 61 },
  ];
  test.each(cases)('M12 $name: invalid_grant', async ({ client, late }) => {
    const { asked, code } = await freshCode(webClient);
    signet.clock.advance(late);
    const answer = await exchangeCode(signet, client, asked, code);
    expectRefused(answer, 400);
    expect(answer.body.error).toBe('invalid_grant');
    // Another client's try spends nothing: the code still works for its own while it lives.
    const own = await exchangeCode(signet, webClient, asked, code);
    expect(own.status).toBe(late === 0 ? 200 : 400);
  });
});

describe('M16 many exchanges of one code at once', () => {
  test.each([
    { name: 'a confidential client', client: webClient },
    { name: 'a public client', client: spaClient },
  ])(
    'M16 by $name, at two processes: one answer with tokens, and they are either all good or all dead',
    async ({ client }) => {
      const { asked, code } = await freshCode(client);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          exchangeCode(i % 2 === 0 ? signet : { issuer: second.server.url }, client, asked, code),
        ),
      );
      const winners = answers.filter(({ status }) => status === 200);
      expect(winners).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expectRefused(answer, 400);
        expect(answer.body.error).toBe('invalid_grant');
      }
      const { access_token, refresh_token } = winners[0]!.body;
      const works = (await getUserinfo(signet, access_token)).status === 200;
      expect((await refresh(signet, client, refresh_token)).status).toBe(works ? 200 : 400);
      const families = await query<{ count: number }>(
        signet.database.url,
        'SELECT count(*)::int AS count FROM refresh_tokens WHERE grant_id = $1',
        [claimsOf(access_token)['grant_id']],
      );
      expect(families[0]!.count).toBeLessThanOrEqual(works ? 2 : 1);
    },
  );
});

describe('M17 a code used again', () => {
  test.each([
    { name: 'at once', wait: 0, client: webClient },
    { name: 'at once, by a public client', wait: 0, client: spaClient },
    { name: 'after it would have expired', wait: 120, client: webClient },
    { name: 'after an hour', wait: 3600, client: spaClient },
  ])('M17 $name: invalid_grant, and every token of the first use is dead', async ({ wait, client }) => {
    const { tokens, asked, code } = await codeFlow(signet, client);
    const bystander = await codeFlow(signet, client);
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    const child = await refresh(signet, client, tokens.refresh_token);
    signet.clock.advance(wait);

    const again = await exchangeCode(signet, client, asked, code);
    expectRefused(again, 400);
    expect(again.body.error).toBe('invalid_grant');

    for (const token of [tokens.access_token, child.body.access_token])
      expectRefused(await getUserinfo(signet, token), 401);
    for (const token of [tokens.refresh_token, child.body.refresh_token]) {
      const refused = await refresh(signet, client, token);
      expectRefused(refused, 400);
      expect(refused.body.error).toBe('invalid_grant');
    }
    // Other sign-ins of the same person at the same client go on.
    expect((await refresh(signet, client, bystander.tokens.refresh_token)).status).toBe(200);
  });

  test('M17 another client that repeats a code cannot end what it bought', async () => {
    const { tokens, asked, code } = await codeFlow(signet, webClient);
    expectRefused(await exchangeCode(signet, other, asked, code), 400);
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
  });
});
