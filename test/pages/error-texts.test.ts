// What an error page tells people to do: the step and the link that fit, in the language of their browser.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, createAgent } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  ownClient,
  spaClient,
  submitPassword,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf, signIn } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ tenant: { slug: 'acme', name: 'Acme' } });
});
afterAll(() => signet.stop());

describe('the next step', () => {
  test.each([
    ['/nothing', 404, 'not_found', 'Check the address for mistakes'],
    ['/t/nobody/sign-in', 404, 'not_found', 'Check the address for mistakes'],
    ['/sign-in/second-factor/send', 405, 'method_not_allowed', 'Check the address for mistakes'],
    ['/setup?token=used', 410, 'setup_closed', 'restart Signet: its terminal then shows a new link'],
    ['/oauth/authorize?client_id=nobody', 400, 'invalid_client', 'Tell the people who run it'],
    ['/oauth/logout?client_id=nobody', 400, 'invalid_client', 'Tell the people who run it'],
    ['/sign-in?attempt=unknown', 400, 'attempt_unknown', 'Allow cookies for this site'],
  ])('%s: %i %s', async (path, status, code, next) => {
    const page = await createAgent().get(signet.issuer + path);
    expect(page.status).toBe(status);
    expect(page.body).toContain(`id="error-code" dir="ltr">${code}<`);
    expect(page.body).toContain(next);
  });

  test('a browser that keeps cookies is not told to allow them when its sign-in has expired', async () => {
    const agent = createAgent();
    const page = await agent.follow(await agent.get(authorizationRequest(signet, webClient).url), signet.issuer);
    signet.clock.advance(3601);
    const expired = await agent.get(page.url);
    expect(expired.body).toContain('>attempt_unknown<');
    expect(expired.body).not.toContain('Allow cookies');
    expect(expired.body).toContain('start again there');
  });
});

/** The href and the text of the one link of an error page. */
const linkOf = (page: Answer) => /<a class="button" id="error-link" href="([^"]*)">([^<]*)</.exec(page.body)?.slice(1);

describe('the way out', () => {
  test.each([
    ['/nothing', '/', 'Go to the start page'],
    ['/t/acme/nothing', '/t/acme/', 'Go to the start page'],
    ['/t/nobody/nothing', '/', 'Go to the start page'],
    ['/t/nobody/sign-in', '/', 'Go to the start page'],
    ['/setup?token=used', '/sign-in', 'Go to sign-in'],
    ['/sign-in?attempt=unknown', '/sign-in', 'Go to sign-in'],
    ['/t/acme/sign-in?attempt=unknown', '/t/acme/sign-in', 'Go to sign-in'],
    ['/oauth/authorize?client_id=nobody', '/account', 'Go to your account'],
    ['/t/acme/oauth/logout?client_id=nobody', '/t/acme/account', 'Go to your account'],
    ['/sign-in?attempt=%ff', '/account', 'Go to your account'],
  ])('%s: to %s, where a page is', async (path, uri, text) => {
    const agent = createAgent();
    expect(linkOf(await agent.get(signet.issuer + path))).toEqual([uri, text]);
    const there = await agent.follow(await agent.get(signet.issuer + uri), signet.issuer);
    expect(there.status).toBe(200);
  });
});

describe('an address that is not registered is shown as it was sent', () => {
  const detailOf = (page: Answer) => /id="error-detail" dir="ltr">([^<]*)</.exec(page.body)?.[1];
  const authorize = (redirect_uri: string) =>
    createAgent().get(authorizationRequest(signet, webClient, { redirect_uri }).url);

  test.each([
    ['a slash too many', 'https://web.example/cb/', 'https://web.example/cb/'],
    ['another port', 'https://web.example:8443/cb?a=1&b=2', 'https://web.example:8443/cb?a=1&amp;b=2'],
    ['markup', '"><svg onload=alert(1)>', '&quot;&gt;&lt;svg onload=alert(1)&gt;'],
    ['300 characters', 'x'.repeat(300), 'x'.repeat(300)],
    ['301 characters', 'x'.repeat(301), `${'x'.repeat(300)}…`],
    [
      'what would reorder or break the line',
      'https://a.example/\u202Ecb\r\n\u001b[31m',
      'https://a.example/\uFFFDcb\uFFFD\uFFFD\uFFFD[31m',
    ],
    ['301 characters of two units each', '😀'.repeat(301), `${'😀'.repeat(300)}…`],
  ])('%s, and no link leads there', async (_what, uri, shown) => {
    const out = new URLSearchParams({ client_id: webClient.client_id, post_logout_redirect_uri: uri }).toString();
    for (const page of [await authorize(uri), await createAgent().get(`${signet.issuer}/oauth/logout?${out}`)]) {
      expect(page.status).toBe(400);
      expect(detailOf(page)).toBe(shown);
      expect([...page.body.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href)).toEqual(['/account']);
    }
  });

  test('so is a client that nobody registered', async () => {
    const unknown = authorizationRequest(signet, { ...spaClient, client_id: 'nobody' }).url;
    expect(detailOf(await createAgent().get(unknown))).toBe('nobody');
  });

  test('no other error page has such a detail', async () => {
    expect(detailOf(await createAgent().get(`${signet.issuer}/nothing`))).toBeUndefined();
  });
});

test('what happened is said in the language of the browser', async () => {
  const agent = createAgent();
  const german = await agent.get(`${signet.issuer}/nothing`, { 'accept-language': 'de-AT,en;q=0.5' });
  expect(german.body).toContain('Unter dieser Adresse gibt es nichts.');
  expect(german.body).toContain('Prüfen Sie die Adresse auf Fehler');
  const wrong = authorizationRequest(signet, webClient, { redirect_uri: 'https://web.example/other' }).url;
  const english = await agent.get(wrong, { 'accept-language': 'de' });
  expect(english.body).toMatch(/id="error-description"\s+lang="en"[^>]*>\s*redirect_uri is not one/);
  expect(german.body).not.toContain('lang="en"');
});

test('the kind of what went wrong is the title', async () => {
  const titleOf = async (path: string) =>
    /<h1>([^<]*)</.exec((await createAgent().get(signet.issuer + path)).body)?.[1];
  expect(await titleOf('/nothing')).toBe('There is no such page');
  expect(await titleOf('/sign-in?attempt=unknown')).toBe('This sign-in has expired');
  expect(await titleOf('/oauth/authorize?client_id=nobody')).toBe('The application made a mistake');
  expect(await titleOf('/setup?token=used')).toBe('This link no longer works');
});

test('the details that can be copied are those that are shown', async () => {
  const { body } = await createAgent().get(`${signet.issuer}/oauth/authorize?client_id=nobody`);
  const shown = ['error-code', 'error-detail', 'error-reference', 'error-time'].map(
    (id) => new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(body)![1]!,
  );
  const copied = /id="error-copied-text" hidden><code>([^<]*)</.exec(body)![1]!;
  for (const value of shown) expect(copied).toContain(`: ${value}`);
  expect(shown[3]).toBe(new Date(signet.clock.now).toISOString());
});

describe('a sign-in that is over', () => {
  const backOf = (page: Answer) => /id="error-back" href="([^"]*)"\s*>([^<]*)</.exec(page.body)?.slice(1);
  const titleOf = (page: Answer) => /<h1>([^<]*)</.exec(page.body)?.[1];
  const begun = async (client = webClient as TestClient) => {
    const agent = createAgent();
    const { url } = authorizationRequest(signet, client, { prompt: 'login', scope: 'openid email', max_age: '60' });
    return { agent, url, page: await agent.follow(await agent.get(url), signet.issuer) };
  };

  test('left open over its hour: back to the application, which is asked the same again', async () => {
    const { agent, url, page } = await begun();
    signet.clock.advance(3601);
    const late = await agent.get(page.url);
    expect([late.status, titleOf(late)]).toEqual([400, 'This sign-in has expired']);
    const [address, text] = backOf(late)!;
    expect(text).toBe('Back to web');
    const again = new URL(address!.replaceAll('&amp;', '&'));
    expect(Object.fromEntries(again.searchParams)).toEqual(Object.fromEntries(new URL(url).searchParams));
    expect(outcomeOf(await agent.follow(await agent.get(again.href), signet.issuer))).toBe('sign-in');
  });

  test('signed in meanwhile: the page says so, and leads to the application and the account', async () => {
    const { agent, page } = await begun();
    signet.clock.advance(3601);
    await signIn(signet, undefined, agent);
    const late = await agent.get(page.url);
    expect(titleOf(late)).toBe('You are signed in');
    expect(late.body).toContain('You can go on in the application');
    expect([backOf(late)?.[1], linkOf(late)]).toEqual(['Back to web', ['/account', 'Go to your account']]);
  });

  test('gone back to after it was completed: the same, to the page of the application where it has one', async () => {
    await signet.provision({
      clients: [{ ...ownClient, client_id: 'homed', client_name: 'Homed', client_uri: 'https://homed.example/' }],
    });
    const { agent, page } = await begun({ ...ownClient, client_id: 'homed' });
    await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
    const back = await agent.get(page.url);
    expect([back.status, titleOf(back), backOf(back)]).toEqual([
      409,
      'You are signed in',
      ['https://homed.example/', 'Back to Homed'],
    ]);
  });

  test('of a person who was asked for, the same is asked for again', async () => {
    const agent = createAgent();
    const claims = JSON.stringify({ id_token: { sub: { value: '0199-somebody' }, email: null } });
    const { url } = authorizationRequest(signet, webClient, { claims });
    const page = await agent.follow(await agent.get(url), signet.issuer);
    signet.clock.advance(3601);
    const again = new URL(backOf(await agent.get(page.url))![0]!.replaceAll('&amp;', '&'));
    expect(JSON.parse(again.searchParams.get('claims')!)).toMatchObject({
      id_token: { sub: { value: '0199-somebody' } },
    });
  });

  test('in another browser nothing is said of where it came from', async () => {
    const { page } = await begun();
    signet.clock.advance(3601);
    const other = createAgent();
    await other.get(`${signet.issuer}/sign-in`);
    expect(backOf(await other.get(page.url))).toBeUndefined();
    expect(backOf(await createAgent().get(page.url))).toBeUndefined();
  });
});

describe('more than the server takes', () => {
  const tooMuch = (headers: Record<string, string>) =>
    rawRequest(signet.issuer, { path: '/sign-in', headers: { ...headers, cookie: `a=${'x'.repeat(20_000)}` } });

  test('a browser with 20 kB of cookies reads in its language what to do', async () => {
    const page = await tooMuch({ accept: 'text/html', 'accept-language': 'de' });
    expect([page.status, page.headers['content-type']]).toEqual([431, 'text/html; charset=utf-8']);
    expect(page.body).toContain('die Cookies dieser Website');
    const sheet = /<link rel="stylesheet" href="([^"]*)"/.exec(page.body)![1]!;
    expect((await fetch(signet.issuer + sheet)).status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("style-src 'self'");
  });

  test('an address of 17 kB: the same', async () => {
    const path = `/oauth/authorize?state=${'x'.repeat(17_000)}`;
    const page = await rawRequest(signet.issuer, { path, headers: { accept: 'text/html' } });
    expect([page.status, page.body.includes('a very long address')]).toEqual([431, true]);
  });

  test('a program is told in JSON', async () => {
    const answer = await tooMuch({ accept: 'application/json' });
    expect([answer.status, answer.headers['content-type']]).toEqual([431, 'application/json; charset=utf-8']);
  });
});

test('a slash behind /oauth/authorize changes nothing', async () => {
  const { url } = authorizationRequest(signet, webClient);
  const page = await createAgent().get(url.replace('/authorize?', '/authorize/?'));
  expect(page.location).toMatch(/\/sign-in\?attempt=/);
});
