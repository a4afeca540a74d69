// PKCE: a challenge binds its code, and nothing gets around it or down from it (M26, M27).
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../support/agent.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  codeFlow,
  spaClient,
  type TestClient,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const lax = { ...webClient, client_id: 'lax', require_pkce: false };

let signet: TestSignet;
let agent: Agent;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, lax] } });
  ({ agent } = await codeFlow(signet, webClient));
});
afterAll(() => signet.stop());

const s256 = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

async function codeFor(client: TestClient, change: Record<string, string | undefined>) {
  const asked = authorizationRequest(signet, client, change);
  return { asked, code: (await authorizeInteractively(agent, asked)).get('code')! };
}

const redeem = (client: TestClient, code: string, more: Record<string, string>) =>
  tokenRequest(signet, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirect_uris[0]!,
    ...more,
  });

const right = 'right-'.repeat(8);

describe('M26 a code with a challenge is worth nothing without its verifier', () => {
  const cases: { name: string; verifier?: string; challenge?: string }[] = [
    { name: 'none' },
    { name: 'an empty one', verifier: '' },
    { name: 'another one', verifier: 'wrong-'.repeat(8) },
    { name: 'the challenge itself', verifier: s256(right) },
    { name: 'the right one in upper case', verifier: right.toUpperCase() },
    { name: 'the right one with a space after it', verifier: `${right} ` },
    { name: '42 characters that do hash to the challenge', verifier: 'a'.repeat(42), challenge: s256('a'.repeat(42)) },
    {
      name: '129 characters that do hash to the challenge',
      verifier: 'a'.repeat(129),
      challenge: s256('a'.repeat(129)),
    },
    {
      name: 'forbidden characters that do hash to the challenge',
      verifier: '='.repeat(50),
      challenge: s256('='.repeat(50)),
    },
  ];
  test.each(
    cases.flatMap((attack) =>
      [webClient, spaClient, lax].map((client) => ({ ...attack, client, id: client.client_id })),
    ),
  )('M26 $id with $name: invalid_grant', async ({ client, verifier, challenge = s256(right) }) => {
    const { code } = await codeFor(client, { code_challenge: challenge });
    const answer = await redeem(client, code, verifier === undefined ? {} : { code_verifier: verifier });
    expectRefused(answer, 400);
    expect(answer.body.error).toBe('invalid_grant');
    if (challenge === s256(right)) expect((await redeem(client, code, { code_verifier: right })).status).toBe(200);
  });

  test('M26 a verifier sent twice is refused, whichever of the two is right', async () => {
    const { code } = await codeFor(spaClient, { code_challenge: s256(right) });
    const wrong = 'wrong-'.repeat(8);
    for (const pair of [
      [right, wrong],
      [wrong, right],
    ]) {
      const form = {
        grant_type: 'authorization_code',
        code,
        client_id: 'spa',
        redirect_uri: spaClient.redirect_uris[0]!,
      };
      const body = `${new URLSearchParams(form).toString()}${pair.map((value) => `&code_verifier=${value}`).join('')}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', headers, body });
      expectRefused({ status: answer.status, headers: answer.headers, body: await answer.json() }, 400);
    }
  });

  test('M26 verifiers of 43 and of 128 characters are taken', async () => {
    for (const verifier of ['a'.repeat(43), `${'~._-'.repeat(31)}Az09`]) {
      const { code } = await codeFor(webClient, { code_challenge: s256(verifier) });
      expect((await redeem(webClient, code, { code_verifier: verifier })).status).toBe(200);
    }
  });
});

describe('M27 nothing leads down from PKCE', () => {
  const none = { code_challenge: undefined, code_challenge_method: undefined };

  test('M27 no challenge was sent, but a verifier comes: invalid_grant, and the code works without it', async () => {
    const { code } = await codeFor(lax, none);
    const answer = await redeem(lax, code, { code_verifier: right });
    expectRefused(answer, 400);
    expect(answer.body.error).toBe('invalid_grant');
    expect((await redeem(lax, code, {})).status).toBe(200);
  });

  const bad: { name: string; change: Record<string, string | undefined>; clients: TestClient[] }[] = [
    { name: 'no challenge', change: none, clients: [webClient, spaClient] },
    { name: 'an empty challenge', change: { code_challenge: '' }, clients: [webClient, spaClient, lax] },
    { name: 'method plain', change: { code_challenge_method: 'plain' }, clients: [webClient, spaClient, lax] },
    { name: 'method s256', change: { code_challenge_method: 's256' }, clients: [webClient, spaClient, lax] },
    { name: 'an unknown method', change: { code_challenge_method: 'S512' }, clients: [webClient, spaClient, lax] },
    { name: 'no method', change: { code_challenge_method: undefined }, clients: [webClient, spaClient, lax] },
    { name: 'an empty method', change: { code_challenge_method: '' }, clients: [webClient, spaClient, lax] },
    { name: 'a challenge of 42 characters', change: { code_challenge: 'a'.repeat(42) }, clients: [webClient, lax] },
    { name: 'a challenge with padding', change: { code_challenge: `${'a'.repeat(43)}=` }, clients: [webClient, lax] },
    {
      name: 'a challenge with other characters',
      change: { code_challenge: '+'.repeat(43) },
      clients: [webClient, lax],
    },
  ];
  test.each(
    bad.flatMap(({ clients, ...attack }) => clients.map((client) => ({ ...attack, client, id: client.client_id }))),
  )('M27 $id with $name: invalid_request to the client, no code', async ({ client, change }) => {
    const asked = authorizationRequest(signet, client, change);
    const { location } = await agent.get(asked.url);
    const params = new URL(location!).searchParams;
    expect(location).toMatch(client.redirect_uris[0]!);
    expect(params.get('error')).toBe('invalid_request');
    expect(params.get('code')).toBeNull();
    expect(params.get('state')).toBe(asked.state);
    expect(params.get('iss')).toBe(signet.issuer);
  });

  test('M27 a challenge sent twice gets no code', async () => {
    const { location } = await agent.get(
      `${authorizationRequest(signet, webClient).url}&code_challenge=${s256(right)}`,
    );
    expect(new URL(location!).searchParams.get('error')).toBe('invalid_request');
  });

  test('M27 a public client cannot be registered without PKCE', async () => {
    await expect(signet.provision({ clients: [{ ...spaClient, require_pkce: false }] })).rejects.toThrow(
      /require_pkce/,
    );
  });

  test('M27 the metadata offers S256 only', async () => {
    const metadata = (await (await fetch(`${signet.issuer}/.well-known/openid-configuration`)).json()) as object;
    expect(metadata).toMatchObject({ code_challenge_methods_supported: ['S256'] });
  });
});
