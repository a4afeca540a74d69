// What was reported about identity providers, one test for each: hints, states, names, tabs, words of strangers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import { asPatient } from '../support/patient.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { revokeKey } from '../../src/flows/keys/revoke.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { query } from '../support/database.ts';
import { alice, authorizationRequest, codeFlow, ownClient, submitPassword, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, pageError, signIn } from '../support/visits.ts';

const leaving = 'https://web.example/bye?next=%2Fa%20b';
let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [{ ...webClient, post_logout_redirect_uris: [leaving] }, ownClient] },
  });
});
afterAll(() => signet.stop());

describe('an ID token hint that cannot be verified proves nothing', () => {
  test('at sign-out: the person is asked, and sent nowhere on its word', async () => {
    const { tokens, agent } = await codeFlow(signet, webClient);
    const { deps } = signet.server;
    const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, signet.clock.now);
    const [key] = await query<{ kid: string }>(
      signet.database.url,
      `SELECT kid FROM signing_keys WHERE alg = 'RS256' AND state = 'active'`,
    );
    await revokeKey(asPatient(deps), context, key!.kid);
    const url = new URL(`${signet.issuer}/oauth/logout`);
    url.search = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: leaving }).toString();
    const page = await agent.get(url.href);
    expect([page.status, page.body.includes('id="logout-confirm"')]).toEqual([200, true]);
    const form = { csrf: field(page, 'csrf'), id_token_hint: tokens.id_token, decision: 'confirm' };
    const done = await agent.post(`${signet.issuer}/sign-out`, { ...form, post_logout_redirect_uri: leaving });
    expect([done.status, done.location, done.body.includes('id="logout-done"')]).toEqual([200, undefined, true]);
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(303);
  });

  test('at authorize: as if it were not there, and nobody is guessed in silence', async () => {
    const agent = await signIn(signet);
    expect(outcomeOf(await ask(signet, agent, ownClient, { id_token_hint: 'a.b.c' }))).toBe('code');
    const silent = await ask(signet, agent, ownClient, { id_token_hint: 'a.b.c', prompt: 'none' });
    expect(outcomeOf(silent)).toBe('login_required');
  });
});

describe('signing out', () => {
  test('the registered address as it is, byte by byte, and the state behind it', async () => {
    const { tokens, agent } = await codeFlow(signet, webClient);
    const asked = { id_token_hint: tokens.id_token, post_logout_redirect_uri: leaving, state: 'a&b' };
    const response = await fetch(`${signet.issuer}/oauth/logout?${new URLSearchParams(asked).toString()}`, {
      redirect: 'manual',
      headers: { cookie: [...agent.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    expect(response.headers.get('location')).toBe(`${leaving}&state=a%26b`);
  });

  test('by POST: the ID token stands in no address, and the form is worth nothing later or elsewhere', async () => {
    const { tokens, agent } = await codeFlow(signet, webClient);
    const form = { id_token_hint: tokens.id_token, post_logout_redirect_uri: leaving };
    const sent = await agent.post(`${signet.issuer}/oauth/logout`, form, { 'sec-fetch-site': 'cross-site' });
    expect([sent.status, sent.location!.includes(tokens.id_token)]).toEqual([303, false]);
    await signet.provision({ tenant: 'acme' });
    const elsewhere = sent.location!.replace('/oauth/logout', '/t/acme/oauth/logout');
    expect(pageError(await createAgent().get(elsewhere)).code).toBe('invalid_request');
    expect(pageError(await createAgent().get(`${signet.issuer}/oauth/logout?form=x.y`)).code).toBe('invalid_request');
    signet.clock.advance(301);
    expect(pageError(await agent.get(sent.location!)).code).toBe('invalid_request');
    const again = await agent.post(`${signet.issuer}/oauth/logout`, form, { 'sec-fetch-site': 'cross-site' });
    const done = await agent.get(again.location!);
    expect([done.status, done.location]).toEqual([303, new URL(leaving).href]);
  });
});

test.each(['/oauth/logout?', '/oauth/authorize?client_id=own&redirect_uri=https://own.example/cb&'])(
  'what a stranger wrote is never our own sentence: %s',
  async (path) => {
    const sentence = 'Call +1 555 0100 to unlock your account';
    const twice = `${encodeURIComponent(sentence)}=1&${encodeURIComponent(sentence)}=2`;
    const answer = await createAgent().get(`${signet.issuer}${path}${twice}`);
    expect(answer.body + (answer.location ?? '')).not.toMatch(/555|unlock/);
    expect(answer.body + decodeURIComponent(answer.location ?? '').replaceAll('+', ' ')).toContain(
      'A parameter was sent more than once.',
    );
  },
);

test('two tabs: signed in in one, the other goes on instead of asking again', async () => {
  const agent = createAgent();
  const [first, second] = [await ask(signet, agent, ownClient), await ask(signet, agent, ownClient)];
  expect(outcomeOf(await agent.follow(await submitPassword(agent, second, alice), signet.issuer))).toBe('code');
  expect(outcomeOf(await agent.follow(await agent.get(first.url), signet.issuer))).toBe('code');
  const asked = authorizationRequest(signet, ownClient, { prompt: 'login' });
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  expect(outcomeOf(await agent.get(page.url))).toBe('sign-in');
});

test('signed in again in another tab: the forms of the account page that was open still work, and nobody else can send them', async () => {
  const { agent } = await codeFlow(signet, webClient);
  const open = await agent.get(`${signet.issuer}/account`);
  const page = await ask(signet, agent, ownClient, { prompt: 'login' });
  expect(outcomeOf(await agent.follow(await submitPassword(agent, page, alice), signet.issuer))).toBe('code');
  const form = { csrf: field(open, 'csrf'), client_id: 'web' };
  const other = await signIn(signet);
  const refused = await other.post(`${signet.issuer}/account/consents/revoke`, form);
  expect([refused.status, pageError(refused).code]).toEqual([403, 'csrf']);
  expect((await agent.post(`${signet.issuer}/account/consents/revoke`, form)).status).toBe(303);
});

describe('names', () => {
  test.each([
    ['a zero-width space', 'ada\u200b'],
    ['an override of the direction', '\u202eada'],
    ['nothing that can be seen', '\u200b'],
    ['a control character of Latin-1', 'c1\u0085'],
    ['a soft hyphen', 'a\u00adda'],
    ['a variation selector', 'ada\ufe0f'],
    ['a filler of Hangul', 'ada\u3164'],
    ['a character that nobody assigned', 'ada\u0378'],
    ['a private one', 'ada\ue000'],
  ])('a username with %s is refused', async (_what, username) => {
    await expect(
      signet.provision({ users: [{ username, password: 'a password of enough characters' }] }),
    ).rejects.toThrow(/username/);
  });

  test.each(['ada', 'Ådä', '李小龙', 'ольга', 'محمد', 'o’brien', '👩‍💻'.slice(0, 2)])(
    '%s is a username',
    async (username) => {
      await signet.provision({ users: [{ username, password: 'a password of enough characters' }] });
      expect(
        (await signIn(signet, { username, password: 'a password of enough characters' })).cookies.size,
      ).toBeGreaterThan(1);
    },
  );

  test('an address is one, however its domain and its accents are written', async () => {
    const user = { username: 'zoe', password: 'a password of enough characters', email: 'zoe\u0301@bücher.example' };
    await signet.provision({ users: [user] });
    for (const username of ['zo\u00e9@bücher.example', 'ZOÉ@xn--bcher-kva.example', 'zoé@BÜCHER.example'])
      expect((await signIn(signet, { ...user, username })).cookies.size, username).toBeGreaterThan(1);
    const twice = { ...user, username: 'other', email: 'zoé@xn--bcher-kva.example' };
    await expect(signet.provision({ users: [twice] })).rejects.toThrow();
  });

  test('no client is named like an API or the issuer, and no API like a client', async () => {
    const identifier = 'https://api.both.example';
    await signet.provision({ resources: [{ identifier }] });
    const named = (client_id: string) => signet.provision({ clients: [{ ...webClient, client_id }] });
    await expect(named(identifier)).rejects.toThrow(/client_id is the name of an API/);
    await expect(named(signet.issuer)).rejects.toThrow(/client_id is the name of an API/);
    await expect(signet.provision({ resources: [{ identifier: signet.issuer }] })).rejects.toThrow(
      /identifier is the name/,
    );
    await named('https://client.both.example');
    const asApi = { identifier: 'https://client.both.example' };
    await expect(signet.provision({ resources: [asApi] })).rejects.toThrow(/identifier is the name of a client/);
    await expect(
      signet.provision({
        tenant: 'fresh',
        clients: [{ ...webClient, client_id: identifier }],
        resources: [{ identifier }],
      }),
    ).rejects.toThrow(/is the name of an API/);
  });

  test('a redirect URI has only what may stand in a URI', async () => {
    for (const uri of [
      'http://127.0.0.1:9911/cb?a="',
      'https://a.example/<svg>',
      'https://a.example/`',
      'https://a.example/{x}',
      'https://a.example/|',
      'https://a.example/^',
    ])
      await expect(
        signet.provision({ clients: [{ client_id: 'odd', token_endpoint_auth_method: 'none', redirect_uris: [uri] }] }),
        uri,
      ).rejects.toThrow(/redirect_uris/);
  });
});
