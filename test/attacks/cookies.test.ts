// Cookies under https: host-bound, out of reach of scripts and other sites; what a sibling host tosses in is not looked at (M91).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const issuer = 'https://id.example';
let signet: TestSignet;
/** Where the proxy would reach it. */
let inside: { issuer: string };
beforeAll(async () => {
  signet = await startSignet({
    provision: world,
    config: { publicUrl: issuer, trustProxy: ['127.0.0.1', '::1'] },
  });
  inside = { issuer: signet.server.url };
});
afterAll(() => signet.stop());

/** Signs in and gives every Set-Cookie line on the way. */
async function signIn(more: Record<string, string> = {}) {
  const agent = createAgent();
  const lines: string[] = [];
  const note = async <T extends { headers: Headers }>(answer: Promise<T>) => {
    lines.push(...(await answer).headers.getSetCookie());
    return answer;
  };
  const { url } = authorizationRequest(inside, webClient);
  const first = await note(agent.get(url));
  const page = await note(agent.get(first.location!));
  const signedIn = await note(submitPassword(agent, page, { ...alice, ...more }));
  await note(agent.get(signedIn.location!));
  return { agent, lines };
}

async function signInAt(base: string) {
  const agent = createAgent();
  const page = await agent.get(`${base}/sign-in`);
  await agent.post(`${base}/sign-in`, { attempt: field(page, 'attempt'), ...alice });
  return agent;
}

const cookieHeader = (...pairs: [string, string][]) => ({ cookie: pairs.map(([k, v]) => `${k}=${v}`).join('; ') });
const account = (headers: Record<string, string>) => createAgent().get(`${inside.issuer}/account`, headers);
const secure = (name: string) => `__Host-signet-default-${name}`;

describe('M91 the cookies of an https issuer', () => {
  test('M91 each is __Host-, Secure, HttpOnly, SameSite=Lax, for the whole host and no domain', async () => {
    const { lines } = await signIn();
    const names = lines.map((line) => line.slice(0, line.indexOf('=')));
    expect([...new Set(names)].sort()).toEqual([secure('browser'), secure('known'), secure('session')]);
    for (const line of lines) {
      const attributes = line
        .split('; ')
        .slice(1)
        .map((attribute) => attribute.toLowerCase());
      expect(attributes, line).toEqual(expect.arrayContaining(['path=/', 'httponly', 'secure', 'samesite=lax']));
      expect(line).not.toMatch(/domain=/i);
    }
    const session = lines.find((line) => line.startsWith(secure('session')))!;
    expect(session).not.toMatch(/max-age|expires/i);
  });

  test('M91 who stays signed in has the same, until the session ends', async () => {
    const { lines } = await signIn({ stay: '1' });
    const session = lines.find((line) => line.startsWith(secure('session')))!;
    expect(session.split('; ').slice(1).toSorted()).toEqual(
      ['HttpOnly', `Max-Age=${30 * 24 * 3600}`, 'Path=/', 'SameSite=Lax', 'Secure'].toSorted(),
    );
  });

  test('M91 they are cleared with the same attributes', async () => {
    const { agent } = await signIn();
    const page = await agent.get(`${inside.issuer}/oauth/logout`);
    const done = await agent.post(`${inside.issuer}/sign-out`, { csrf: field(page, 'csrf'), decision: 'confirm' });
    const [line = ''] = done.headers.getSetCookie();
    expect(line).toMatch(/^__Host-signet-default-session=;/);
    for (const attribute of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']) expect(line).toContain(attribute);
  });

  test('M91 answers tell browsers to stay with https', async () => {
    for (const path of ['/sign-in', '/account', '/oauth/jwks', '/oauth/token', '/oauth/authorize']) {
      const answer = await createAgent().get(inside.issuer + path);
      expect(answer.headers.get('strict-transport-security'), path).toMatch(/^max-age=\d{8}/);
    }
  });

  test('M91 what a proxy says of scheme and host changes neither cookies nor addresses', async () => {
    for (const headers of [
      { 'x-forwarded-proto': 'https' },
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
      { host: 'evil.example' },
    ]) {
      const answer = await rawRequest(inside.issuer, { path: '/sign-in', headers });
      expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-.*Secure/);
      expect(answer.body).not.toContain('evil.example');
    }
  });

  test('M91 no page keeps a token where scripts could read it', async () => {
    const { agent } = await signIn();
    for (const path of ['/account', '/sign-in', '/oauth/logout']) {
      const { body } = await agent.get(inside.issuer + path);
      expect(body).not.toMatch(/<script|localStorage|sessionStorage|sg[sr]_/);
    }
  });
});

describe('M91 cookies that a sibling host or another path tossed in', () => {
  test('M91 the same name without __Host- is not looked at', async () => {
    const mallory = (await signIn()).agent.cookies.get(secure('session'))!;
    for (const name of ['signet-default-session', '__Secure-signet-default-session', '__host-signet-default-session'])
      expect((await account(cookieHeader([name, mallory]))).status, name).toBe(303);
    expect((await account(cookieHeader([secure('session'), mallory]))).status).toBe(200);
  });

  test("M91 beside the victim's own cookie, before or after it, it changes nothing", async () => {
    const victim = (await signIn()).agent.cookies.get(secure('session'))!;
    const own: [string, string] = [secure('session'), victim];
    const tossed: [string, string] = ['signet-default-session', `sgs_${'A'.repeat(43)}`];
    for (const headers of [cookieHeader(own, tossed), cookieHeader(tossed, own)])
      expect((await account(headers)).body).toContain('alice');
  });

  test("M91 a tossed browser cookie does not adopt somebody's sign-in attempt", async () => {
    const mallory = createAgent();
    const page = await mallory.follow(await mallory.get(authorizationRequest(inside, webClient).url), inside.issuer);
    const tossed = cookieHeader(['signet-default-browser', mallory.cookies.get(secure('browser'))!]);
    expect((await createAgent().get(page.url, tossed)).status).toBe(400);
    expect(
      (await createAgent().post(`${inside.issuer}/sign-in`, { attempt: field(page, 'attempt'), ...alice }, tossed))
        .status,
    ).toBe(400);
  });

  test('M91 malformed and oversized cookies are ignored or refused, never a failure of ours', async () => {
    const values = ['', '=', 'sgs_', `sgs_${'A'.repeat(42)}`, '%ff', '"', 'a'.repeat(3000), '__proto__', '\u00ff'];
    for (const value of values) {
      const answer = await rawRequest(inside.issuer, {
        path: '/account',
        headers: cookieHeader([secure('session'), value], [secure('browser'), value], [secure('known'), value]),
      });
      expect(answer.status, value.slice(0, 20)).toBe(303);
    }
    const agent = createAgent();
    agent.cookies.set(secure('known'), 'x'.repeat(500));
    await authorizeInteractively(agent, authorizationRequest(inside, webClient));
    expect(agent.cookies.get(secure('known'))).toMatch(/^[0-9a-f-]{36}~/);
  });
});

test('M91 below a path of a shared host: __Secure- and that path, so that other applications there are sent nothing', async () => {
  const shared = await startSignet({
    provision: world,
    config: { publicUrl: 'https://shared.example/id', trustProxy: ['127.0.0.1', '::1'] },
  });
  try {
    const asked = authorizationRequest({ issuer: `${shared.server.url}/id` }, webClient);
    expect((await createAgent().get(asked.url)).headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Secure-signet-default-browser=[^;]+; Path=\/id; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    const agent = await signInAt(`${shared.server.url}/id`);
    const name = '__Secure-signet-default-session';
    const own: [string, string] = [name, agent.cookies.get(name)!];
    const tossed: [string, string] = [name, `sgs_${'A'.repeat(43)}`];
    const statusWith = async (...pairs: [string, string][]) =>
      (await createAgent().get(`${shared.server.url}/id/account`, cookieHeader(...pairs))).status;
    expect(await statusWith(own)).toBe(200);
    // Another application of the host may set one with a longer path: nobody is signed in by it.
    expect([await statusWith(own, tossed), await statusWith(tossed, own)]).toEqual([303, 303]);
  } finally {
    await shared.stop();
  }
});
