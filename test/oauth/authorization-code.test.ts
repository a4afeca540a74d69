// The authorization_code grant: who gets tokens for a code, and everything that makes it worthless.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Agent } from '../support/agent.ts';
import {
  type Asked,
  authorizationRequest,
  authorizeInteractively,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  ownClient,
  refresh,
  spaClient,
  type TestClient,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { signOut } from '../support/endings.ts';
import { expectDead } from '../support/families.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { signIn } from '../support/visits.ts';

const lax = { ...webClient, client_id: 'lax', require_pkce: false };
const plain = { ...webClient, client_id: 'plain', grant_types: ['authorization_code' as const] };
const noChallenge = { code_challenge: undefined, code_challenge_method: undefined };

let signet: TestSignet;
let agent: Agent;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, lax, plain] } });
});
beforeEach(async () => {
  agent = await signIn(signet);
});
afterAll(() => signet.stop());

async function codeFor(client: TestClient, change = {}): Promise<{ asked: Asked; code: string }> {
  const asked = authorizationRequest(signet, client, change);
  return { asked, code: (await authorizeInteractively(agent, asked)).get('code')! };
}

test('the answer: tokens as RFC 6749 5.1 wants them, never stored', async () => {
  const { asked, code } = await codeFor(webClient);
  const answer = await exchangeCode(signet, webClient, asked, code);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('pragma')).toBe('no-cache');
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.body).toEqual({
    access_token: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/) as string,
    token_type: 'Bearer',
    expires_in: 900,
    scope: 'openid profile email',
    refresh_token: expect.stringMatching(/^sgr_[\w-]{43}$/) as string,
    id_token: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/) as string,
  });
  const access = claimsOf(answer.body.access_token);
  expect((access['exp'] as number) - (access['iat'] as number)).toBe(900);
});

describe('redirect_uri', () => {
  test('missing is well where PKCE protects the code', async () => {
    const { asked, code } = await codeFor(webClient);
    const form = { grant_type: 'authorization_code', code, code_verifier: asked.verifier };
    expect((await tokenRequest(signet, webClient, form)).status).toBe(200);
  });

  test('missing where nothing else protects the code: invalid_grant', async () => {
    const { code } = await codeFor(lax, noChallenge);
    const form = { grant_type: 'authorization_code', code };
    expect((await tokenRequest(signet, lax, form)).body.error).toBe('invalid_grant');
    const whole = { ...form, redirect_uri: lax.redirect_uris[0]! };
    expect((await tokenRequest(signet, lax, whole)).status).toBe(200);
  });

  test.each(['https://web.example/cb/', 'https://web.example/CB', 'https://evil.example/cb', 'x'])(
    '%s is another one: invalid_grant, and the right client may still use its code',
    async (redirectUri) => {
      const { asked, code } = await codeFor(webClient);
      const answer = await exchangeCode(signet, webClient, { ...asked, redirectUri }, code);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
      expect((await exchangeCode(signet, webClient, asked, code)).status).toBe(200);
    },
  );
});

describe('code_verifier', () => {
  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['another one', 'A'.repeat(43)],
    ['too short', 'A'.repeat(42)],
    ['too long', 'A'.repeat(129)],
    ['with a forbidden character', `${'A'.repeat(42)}!`],
  ])('%s: invalid_grant', async (_what, verifier) => {
    const { asked, code } = await codeFor(webClient);
    const answer = await tokenRequest(signet, webClient, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: asked.redirectUri,
      ...(verifier === undefined ? {} : { code_verifier: verifier }),
    });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  });

  test('the challenge itself is not its verifier', async () => {
    const { asked, code } = await codeFor(webClient);
    const challenge = new URL(asked.url).searchParams.get('code_challenge')!;
    const answer = await exchangeCode(signet, webClient, { ...asked, verifier: challenge }, code);
    expect(answer.body.error).toBe('invalid_grant');
  });

  test('for a code that was asked without a challenge: a downgrade, invalid_grant', async () => {
    const { asked, code } = await codeFor(lax, noChallenge);
    expect((await exchangeCode(signet, lax, asked, code)).body.error).toBe('invalid_grant');
  });

  test('a client that may leave PKCE out is bound by the challenge it sent', async () => {
    const { asked, code } = await codeFor(lax);
    const form = { grant_type: 'authorization_code', code, redirect_uri: asked.redirectUri };
    expect((await tokenRequest(signet, lax, form)).body.error).toBe('invalid_grant');
    expect((await exchangeCode(signet, lax, asked, code)).status).toBe(200);
  });
});

describe('a code is worthless', () => {
  test('after 60 seconds, not after 59', async () => {
    const [early, late] = [await codeFor(webClient), await codeFor(webClient)];
    signet.clock.advance(59);
    expect((await exchangeCode(signet, webClient, early.asked, early.code)).status).toBe(200);
    signet.clock.advance(1);
    expect((await exchangeCode(signet, webClient, late.asked, late.code)).body.error).toBe('invalid_grant');
  });

  test('for another client, which does not spoil it for its own', async () => {
    const { asked, code } = await codeFor(webClient);
    for (const thief of [spaClient, lax])
      expect((await exchangeCode(signet, thief, asked, code)).body.error).toBe('invalid_grant');
    expect((await exchangeCode(signet, webClient, asked, code)).status).toBe(200);
  });

  test.each(['openid', 'openid offline_access'])('after its session ended: %s', async (scope) => {
    const { asked, code } = await codeFor(ownClient, { scope });
    await signOut(signet, agent);
    expect((await exchangeCode(signet, ownClient, asked, code)).body.error).toBe('invalid_grant');
  });

  test('the second time, and with it everything that the first time bought', async () => {
    const { tokens, asked, code } = await codeFlow(signet, webClient, { agent });
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    signet.clock.advance(3600 - 1);
    const fresh = await refresh(signet, webClient, tokens.refresh_token);
    const again = await exchangeCode(signet, webClient, asked, code);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    await expectDead(signet, webClient, fresh.body);
  });

  test.each(['x', 'sgc_', `sgc_${'A'.repeat(43)}`, `sgr_${'A'.repeat(43)}`, 'sgc_\u{1F600}', 'A'.repeat(5000)])(
    'when it was never made: %s',
    async (code) => {
      const answer = await tokenRequest(signet, webClient, { grant_type: 'authorization_code', code });
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
    },
  );

  test('when it is missing: invalid_request', async () => {
    for (const form of [{}, { code: '' }]) {
      const answer = await tokenRequest(signet, webClient, { grant_type: 'authorization_code', ...form });
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    }
  });
});

test('a client without the refresh grant gets no refresh token, whatever it asks for', async () => {
  const { asked, code } = await codeFor(plain, { scope: 'openid offline_access' });
  const { body } = await exchangeCode(signet, plain, asked, code);
  expect(body).not.toHaveProperty('refresh_token');
  expect(body.scope).toBe('openid');
});

test('a scope parameter at the code exchange widens nothing', async () => {
  const { asked, code } = await codeFor(webClient, { scope: 'openid' });
  const answer = await tokenRequest(signet, webClient, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: asked.redirectUri,
    code_verifier: asked.verifier,
    scope: 'openid profile email',
  });
  expect(answer.body.scope).toBe('openid');
});
