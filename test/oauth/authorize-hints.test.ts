// What a client may hint at authorize: the account, the language, an earlier ID token, and what is voluntary.
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  bob,
  claimsOf,
  codeFlow,
  exchangeCode,
  ownClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams, signIn } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

test('login_hint is typed into the sign-in page, escaped', async () => {
  const page = await ask(signet, createAgent(), webClient, { login_hint: 'zo"e<b>@example.com' });
  expect(field(page, 'username')).toBe('zo"e<b>@example.com');
  expect(page.body).not.toContain('zo"e<b>');
});

test('login_hint for somebody else does not change who is signed in', async () => {
  const agent = await signIn(signet);
  const asked = authorizationRequest(signet, ownClient, { login_hint: 'bob' });
  const { code } = responseParams(await agent.get(asked.url));
  const { body } = await exchangeCode(signet, ownClient, asked, code!);
  expect(claimsOf(body.id_token)['sub']).toBe(await subjectOf(alice));
});

describe('ui_locales', () => {
  test.each([
    ['de', 'de'],
    ['xx fr-CA en', 'fr'],
    ['tlh', 'it'],
    ['ar', 'ar'],
    [undefined, 'it'],
  ])('%s beside Accept-Language it: pages in %s', async (ui_locales, language) => {
    const { url } = authorizationRequest(signet, webClient, { ui_locales });
    const agent = createAgent();
    const first = await agent.get(url, { 'accept-language': 'it' });
    const page = await agent.get(first.location!, { 'accept-language': 'it' });
    expect(page.body).toContain(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">`);
  });

  test('they last to the consent page', async () => {
    const agent = createAgent();
    const page = await ask(signet, agent, webClient, { ui_locales: 'nl', prompt: 'consent' });
    const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
    expect(outcomeOf(consent)).toBe('consent');
    expect(consent.body).toContain('<html lang="nl"');
  });
});

describe('id_token_hint', () => {
  test('of the signed-in person: a code, also silently, also from an expired ID token', async () => {
    const { tokens, agent } = await codeFlow(signet, ownClient);
    signet.clock.advance(2 * 3600);
    const hint = { id_token_hint: tokens.id_token };
    expect(outcomeOf(await ask(signet, agent, ownClient, hint))).toBe('code');
    expect(outcomeOf(await ask(signet, agent, ownClient, { ...hint, prompt: 'none' }))).toBe('code');
  });

  test('of another person: login_required when silent, else the sign-in page until it is that person', async () => {
    const { tokens } = await codeFlow(signet, ownClient, { user: bob });
    const agent = await signIn(signet);
    const hint = { id_token_hint: tokens.id_token };
    expect(outcomeOf(await ask(signet, agent, ownClient, { ...hint, prompt: 'none' }))).toBe('login_required');
    const page = await ask(signet, agent, ownClient, hint);
    expect(outcomeOf(page)).toBe('sign-in');
    const wrong = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
    expect(outcomeOf(wrong)).toBe('sign-in');
    const right = await agent.follow(await submitPassword(agent, wrong, bob), signet.issuer);
    expect(outcomeOf(right)).toBe('code');
  });

  test('of another client, an access token, a forged one or none at all: as if it were not there, and never a code in silence', async () => {
    const { tokens, agent } = await codeFlow(signet, ownClient);
    const others = await codeFlow(signet, webClient, { agent });
    const { privateKey } = await generateKeyPair('RS256');
    const claims = claimsOf(tokens.id_token);
    const [header, payload] = tokens.id_token.split('.');
    const { kid } = JSON.parse(Buffer.from(header!, 'base64url').toString()) as { kid: string };
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey);
    const unsigned = `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid })).toString('base64url')}.${payload}.`;
    const hints = [others.tokens.id_token, tokens.access_token, forged, unsigned, 'nonsense', 'a.b.c'];
    for (const id_token_hint of hints) {
      const silent = await ask(signet, agent, ownClient, { id_token_hint, prompt: 'none' });
      expect(outcomeOf(silent), id_token_hint).toBe('login_required');
      expect(outcomeOf(await ask(signet, agent, ownClient, { id_token_hint })), id_token_hint).toBe('code');
    }
  });
});

describe('what is voluntary or unknown does not stand in the way', () => {
  test.each<Record<string, string | undefined>>([
    { acr_values: 'urn:signet:acr:1fa' },
    { acr_values: 'urn:example:gold urn:example:silver' },
    { display: 'popup' },
    { display: 'hologram' },
    { claims_locales: 'de' },
    { claims: '{"id_token":{"email":null}}' },
    { foo: 'bar', constructor: '1', 'ui-locales': 'x' },
    { nonce: undefined },
    { state: undefined },
    { nonce: '', state: '', login_hint: '', ui_locales: '', id_token_hint: '', request: '', max_age: '' },
  ])('%o: a code', async (change) => {
    const agent = await signIn(signet);
    const answer = await ask(signet, agent, ownClient, change);
    expect(outcomeOf(answer)).toBe('code');
    if ('state' in change) expect(responseParams(answer)).not.toHaveProperty('state');
  });
});

test('the nonce is in the ID token as it was sent; without one there is none', async () => {
  const nonce = 'n-"ä&+ %';
  expect(claimsOf((await codeFlow(signet, ownClient, { change: { nonce } })).tokens.id_token)['nonce']).toBe(nonce);
  const without = await codeFlow(signet, ownClient, { change: { nonce: undefined } });
  expect(claimsOf(without.tokens.id_token)).not.toHaveProperty('nonce');
});

test('the state comes back as it was sent', async () => {
  const state = 'a b+c&d=e%25/ü"\'<>\r\n';
  expect(responseParams(await ask(signet, await signIn(signet), ownClient, { state }))['state']).toBe(state);
});

async function subjectOf(user: typeof alice): Promise<unknown> {
  return claimsOf((await codeFlow(signet, ownClient, { user })).tokens.id_token)['sub'];
}
