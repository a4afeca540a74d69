// The main story: sign in, get tokens, use them, refresh, sign out.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  authorizationRequest,
  claimsOf,
  codeFlow,
  getUserinfo,
  refresh,
  spaClient,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

test('a person signs in, the client gets tokens, UserInfo answers, a refresh works', async () => {
  const { tokens, asked } = await codeFlow(signet, webClient);
  expect(claimsOf(tokens.id_token)).toMatchObject({
    iss: signet.issuer,
    aud: 'web',
    nonce: asked.nonce,
    amr: ['pwd'],
  });
  expect(claimsOf(tokens.access_token)).toMatchObject({
    iss: signet.issuer,
    aud: signet.issuer,
    client_id: 'web',
    scope: 'openid profile email',
  });
  expect((await getUserinfo(signet, tokens.access_token)).body).toMatchObject({
    name: 'Alice Adams',
    email: 'alice@example.com',
  });
  const again = await refresh(signet, webClient, tokens.refresh_token);
  expect(again.status).toBe(200);
  expect(again.body.refresh_token).toBe(tokens.refresh_token);
});

test('a signed-in browser reaches another client without a password', async () => {
  const { agent } = await codeFlow(signet, webClient);
  const { agent: same, tokens } = await codeFlow(signet, spaClient, { agent });
  expect(same).toBe(agent);
  const rotated = await refresh(signet, spaClient, tokens.refresh_token);
  expect(rotated.body.refresh_token).not.toBe(tokens.refresh_token);
  const silent = await agent.get(authorizationRequest(signet, webClient, { prompt: 'none' }).url);
  expect(new URL(silent.location!).searchParams.get('code')).toMatch(/^sgc_/);
});
