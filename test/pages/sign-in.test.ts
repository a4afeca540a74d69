// The sign-in page: cancel, wrong passwords, finished and expired attempts, the back button, the front door.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { createAgent, field } from '../support/agent.ts';
import { alice, authorizationRequest, ownClient, submitPassword, webClient, world } from '../support/flow.ts';
import { scriptsOf } from '../support/pages.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams, signIn } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

const cancel = (agent: ReturnType<typeof createAgent>, attempt: string) =>
  agent.post(`${signet.issuer}/sign-in`, { attempt, cancel: '1' });

test('cancel: access_denied with state and iss; of an attempt that has a row, it is over', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, webClient);
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  const answer = await cancel(agent, field(page, 'attempt'));
  expect(responseParams(answer)).toMatchObject({ error: 'access_denied', state: asked.state, iss: signet.issuer });
  // Nothing of it is stored here: the client decides by the state whether it still waits for an answer.
  expect(outcomeOf(await cancel(agent, field(page, 'attempt')))).toBe('access_denied');
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  const attempt = field(consent, 'attempt');
  expect(outcomeOf(await cancel(agent, attempt))).toBe('access_denied');
  expect(outcomeOf(await cancel(agent, attempt))).toBe('page attempt_finished');
});

test('cancel without a client that waits leads to the front door', async () => {
  const agent = createAgent();
  const page = await agent.get(`${signet.issuer}/sign-in`);
  expect(page.body).not.toContain('id="login-cancel"');
  expect((await cancel(agent, field(page, 'attempt'))).location).toBe(`${signet.issuer}/sign-in`);
});

test('a notice comes from a fixed set: of a text that somebody else wrote into the address nothing is shown', async () => {
  const visit = (query: string) => createAgent().get(`${signet.issuer}/sign-in${query}`);
  expect((await visit('?notice=setup_done')).body).toContain('role="status">Administrator created. Sign in.<');
  for (const query of ['', '?notice=constructor', '?notice=Call%20us', '?notice=access_revoked'])
    expect((await visit(query)).body, query).not.toContain('role="status"');
});

test('who has signed out finds the way in again', async () => {
  const { body } = await createAgent().get(`${signet.issuer}/oauth/logout`);
  expect(body).toContain('id="logout-sign-in" href="/sign-in">Sign in again<');
});

test('a wrong password and an unknown name: the same page with 403, no session cookie, and the right one works after', async () => {
  const agent = createAgent();
  const page = await ask(signet, agent, ownClient);
  const wrong = await submitPassword(agent, page, { ...alice, password: 'wrong' });
  const unknown = await submitPassword(agent, page, { username: 'nobody', password: 'wrong' });
  for (const answer of [wrong, unknown]) {
    expect([answer.status, outcomeOf(answer)]).toEqual([403, 'sign-in']);
    expect(answer.body).toContain('id="login-error"');
    expect(answer.body).not.toContain('value="wrong"');
  }
  expect(unknown.body.replaceAll('nobody', 'alice')).toBe(wrong.body);
  expect([...agent.cookies.keys()]).toEqual([cookieName(signet, 'browser')]);
  expect(outcomeOf(await agent.follow(await submitPassword(agent, page, alice), signet.issuer))).toBe('code');
});

test('the address of a user is as good as the name', async () => {
  const agent = createAgent();
  const page = await ask(signet, agent, ownClient);
  const byAddress = { ...alice, username: ' Alice@Example.com ' };
  expect(outcomeOf(await agent.follow(await submitPassword(agent, page, byAddress), signet.issuer))).toBe('code');
});

test('back after the code went out: neither the page nor its form nor the hub give another one', async () => {
  const agent = createAgent();
  const page = await ask(signet, agent, ownClient);
  const hub = await submitPassword(agent, page, alice);
  expect(outcomeOf(await agent.follow(hub, signet.issuer))).toBe('code');
  const cookie = agent.cookies.get(cookieName(signet, 'session'));
  for (const answer of [
    await agent.get(page.url),
    await submitPassword(agent, page, alice),
    await agent.get(hub.location!),
  ])
    expect([answer.status, outcomeOf(answer)]).toEqual([409, 'page attempt_finished']);
  expect(agent.cookies.get(cookieName(signet, 'session'))).toBe(cookie);
});

test('an attempt ends an hour after it began: the password comes too late by a second, not earlier', async () => {
  const agent = createAgent();
  const early = await ask(signet, agent, ownClient);
  const late = await ask(signet, agent, ownClient);
  signet.clock.advance(3599);
  const hub = await submitPassword(agent, early, alice);
  expect(hub.location).toContain('/oauth/authorize/');
  signet.clock.advance(1);
  expect(outcomeOf(await submitPassword(agent, late, alice))).toBe('page attempt_unknown');
  expect(outcomeOf(await agent.get(late.url))).toBe('page attempt_unknown');
  expect(outcomeOf(await agent.get(hub.location!))).toBe('page attempt_unknown');
});

test.each(['', 'x', 'A'.repeat(24), 'A'.repeat(300), "' OR 1=1 --"])(
  'attempt %j is nobody’s: a page',
  async (attempt) => {
    const agent = await signIn(signet);
    const query = new URLSearchParams({ attempt }).toString();
    if (attempt !== '')
      expect(outcomeOf(await agent.get(`${signet.issuer}/sign-in?${query}`))).toBe('page attempt_unknown');
    expect(outcomeOf(await agent.get(`${signet.issuer}/consent?${query}`))).toBe('page attempt_unknown');
    expect(outcomeOf(await agent.post(`${signet.issuer}/sign-in`, { attempt, ...alice }))).toBe('page attempt_unknown');
  },
);

test('the front door leads a signed-in person to the account, and everybody else to a password', async () => {
  const agent = createAgent();
  expect((await agent.get(`${signet.issuer}/account`)).location).toBe(`${signet.issuer}/sign-in`);
  await signIn(signet, alice, agent);
  expect((await agent.get(`${signet.issuer}/account`)).body).toContain('alice@example.com');
  expect((await agent.get(`${signet.issuer}/sign-in`)).location).toBe(`${signet.issuer}/account`);
});

test('the form is taken from our own pages only', async () => {
  const agent = createAgent();
  const page = await ask(signet, agent, ownClient);
  const form = { attempt: field(page, 'attempt'), ...alice };
  const send = (headers: Record<string, string>) => agent.post(`${signet.issuer}/sign-in`, form, headers);
  for (const site of ['cross-site', 'same-site', 'strange'])
    expect((await send({ 'sec-fetch-site': site })).status, site).toBe(403);
  expect(agent.cookies.has(cookieName(signet, 'session'))).toBe(false);
});

test('every page forbids framing, storing and foreign scripts', async () => {
  const { headers, body } = await ask(signet, createAgent(), webClient);
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  const policy = headers.get('content-security-policy') ?? '';
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
    expect(policy).toContain(part);
  expect(/script-src ([^;]*);/.exec(policy)?.[1]).toBe(scriptsOf(body)[0]);
  expect(scriptsOf(body)).toHaveLength(1);
});
