// Refresh tokens: one child, only for their authenticated client, only the last generation (M49 to M51).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  authorizationRequest,
  authorizeInteractively,
  basic,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  spaClient,
  type TestClient,
  webClient,
  world,
  meaningOf,
} from '../support/flow.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const secret = 'yet-another-secret-of-32-characters';
const rotating = { ...webClient, client_id: 'rotating', refresh_token_rotation: true };
const poster = {
  ...webClient,
  client_id: 'poster',
  token_endpoint_auth_method: 'client_secret_post' as const,
  client_secret: secret,
};

let signet: TestSignet;
let second: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [...world.clients, rotating, poster],
    },
  });
  second = await startSignet({ beside: signet });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
});

const generations = async (accessToken: string) => {
  const rows = await query<{ generation: number }>(
    signet.database.url,
    'SELECT generation FROM refresh_tokens WHERE grant_id = $1 ORDER BY generation',
    [claimsOf(accessToken)['grant_id']],
  );
  return rows.map(({ generation }) => generation);
};

async function expectDead(client: TestClient, accessToken: string, ...refreshTokens: string[]) {
  expectRefused(await getUserinfo(signet, accessToken), 401);
  for (const token of refreshTokens) {
    const answer = await refresh(signet, client, token);
    expectRefused(answer, 400);
    expect(answer.body.error).toBe('invalid_grant');
  }
}

describe('M49 many refreshes with one token at once', () => {
  test.each([
    { name: 'a public client', client: spaClient },
    { name: 'a confidential client that rotates', client: rotating },
  ])('M49 by $name, at two processes: one child, and everybody gets the same reply', async ({ client }) => {
    const { tokens } = await codeFlow(signet, client);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        refresh(i % 2 === 0 ? signet : { issuer: second.server.url }, client, tokens.refresh_token),
      ),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(meaningOf(body))}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(200);
    expect(await generations(tokens.access_token)).toEqual([1, 2]);

    const child = answers[0]!.body;
    signet.clock.advance(31);
    expectRefused(await refresh(signet, client, tokens.refresh_token), 400);
    await expectDead(client, child.access_token, child.refresh_token, tokens.refresh_token);
  });
});

describe('M50 a refresh token is worth nothing without its client', () => {
  type Attack = { name: string; form?: Record<string, string>; authorization?: string; error: string; status: number };
  const attacks: Attack[] = [
    { name: 'no client at all', error: 'invalid_client', status: 401 },
    { name: 'the client id alone', form: { client_id: 'web' }, error: 'invalid_client', status: 401 },
    { name: 'an empty secret', form: { client_id: 'web', client_secret: '' }, error: 'invalid_client', status: 401 },
    { name: 'an empty secret in the header', authorization: basic('web', ''), error: 'invalid_client', status: 401 },
    { name: 'a wrong secret', authorization: basic('web', `${secret}x`), error: 'invalid_client', status: 401 },
    {
      name: 'the right secret by the method that is not registered',
      form: { client_id: 'web', client_secret: webClient.client_secret },
      error: 'invalid_client',
      status: 400,
    },
    { name: 'the secret of another client', authorization: basic('web', secret), error: 'invalid_client', status: 401 },
    { name: 'a bearer header', authorization: 'Bearer web', error: 'invalid_client', status: 401 },
    {
      name: 'a client that does not exist',
      authorization: basic('nobody', secret),
      error: 'invalid_client',
      status: 401,
    },
    {
      name: 'another confidential client',
      authorization: basic('rotating', webClient.client_secret),
      error: 'invalid_grant',
      status: 400,
    },
    { name: 'a public client', form: { client_id: 'spa' }, error: 'invalid_grant', status: 400 },
    {
      name: 'a header of the right client beside the id of another',
      form: { client_id: 'spa' },
      authorization: basic('web', webClient.client_secret),
      error: 'invalid_request',
      status: 400,
    },
  ];
  test('M50 whatever is sent in its place, and the token survives every attempt', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    for (const { name, form = {}, authorization, error, status } of attacks) {
      const answer = await fetch(`${signet.issuer}/oauth/token`, {
        method: 'POST',
        ...(authorization === undefined ? {} : { headers: { authorization } }),
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...form }),
      });
      const body = (await answer.json()) as { error: string };
      expectRefused({ status: answer.status, headers: answer.headers, body }, status);
      expect(body.error, name).toBe(error);
      if (status === 401) expect(answer.headers.get('www-authenticate'), name).toMatch(/^Basic /);
    }
    expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
  });

  test('M50 nor at the revocation endpoint: the token of a client without its secret stays alive', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    for (const form of [{ client_id: 'web' }, { client_id: 'spa' }, {}]) {
      const body = new URLSearchParams({ token: tokens.refresh_token, ...form });
      const answer = await fetch(`${signet.issuer}/oauth/revoke`, { method: 'POST', body });
      expectRefused({ status: answer.status, headers: answer.headers, body: await answer.text() });
    }
    expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
  });

  test('M50 a client that was disabled: invalid_client for its code and its refresh token, until it is enabled', async () => {
    const agent = createAgent();
    const { tokens } = await codeFlow(signet, rotating, { agent });
    const asked = authorizationRequest(signet, rotating);
    const code = (await authorizeInteractively(agent, asked)).get('code')!;
    await signet.provision({ clients: [{ ...rotating, disabled: true }] });
    for (const answer of [
      await refresh(signet, rotating, tokens.refresh_token),
      await exchangeCode(signet, rotating, asked, code),
    ]) {
      expectRefused(answer, 401);
      expect(answer.body.error).toBe('invalid_client');
    }
    expectRefused(await agent.get(authorizationRequest(signet, rotating).url), 400);
    await signet.provision({ clients: [{ ...rotating, disabled: false }] });
  });
});

describe('M51 only the last generation, and only its direct parent for a while', () => {
  test('M51 the parent again, in time, gets its own child again: not itself, not a grandchild', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const first = await refresh(signet, spaClient, tokens.refresh_token);
    signet.clock.advance(5);
    const again = await refresh(signet, spaClient, tokens.refresh_token);
    expect(meaningOf(again.body)).toEqual({ ...meaningOf(first.body), expires_in: first.body.expires_in - 5 });
    expect(again.body.refresh_token).not.toBe(tokens.refresh_token);
    expect(await generations(tokens.access_token)).toEqual([1, 2]);
    expect((await refresh(signet, spaClient, first.body.refresh_token)).status).toBe(200);
  });

  test('M51 the grandparent, all within the grace: refused, and the whole family is dead', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    const grandchild = (await refresh(signet, spaClient, child.refresh_token)).body;
    expectRefused(await refresh(signet, spaClient, tokens.refresh_token), 400);
    await expectDead(spaClient, grandchild.access_token, grandchild.refresh_token, child.refresh_token);
  });

  test('M51 the parent one second after the grace: refused, and the whole family is dead', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    signet.clock.advance(31);
    expectRefused(await refresh(signet, spaClient, tokens.refresh_token), 400);
    await expectDead(spaClient, child.access_token, child.refresh_token);
  });

  test('M51 a repeat within the grace that asks for something else gets nothing', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    expectRefused(await refresh(signet, spaClient, tokens.refresh_token, { scope: 'openid' }), 400);
    expectRefused(await refresh(signet, spaClient, tokens.refresh_token, { resource: signet.issuer }), 400);
    expect((await refresh(signet, spaClient, child.refresh_token)).status).toBe(200);
  });
});
