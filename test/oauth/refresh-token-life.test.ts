// How long a family of refresh tokens lives: with its session, beyond it with offline_access, never beyond its absolute end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alice, bob, codeFlow, getUserinfo, ownClient, refresh, spaClient, webClient, world } from '../support/flow.ts';
import { signOut } from '../support/endings.ts';
import { expectDead } from '../support/families.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const shortLived = { ...spaClient, client_id: 'short', refresh_token_lifetime: 1000 };
const offline = { change: { scope: 'openid offline_access' } };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [...world.clients, shortLived],
      settings: { session_idle_lifetime: 5000, session_lifetime: 20_000 },
    },
  });
});
afterAll(() => signet.stop());

test('the absolute end counts from the grant, however often it was rotated', async () => {
  const { tokens } = await codeFlow(signet, shortLived, offline);
  signet.clock.advance(500);
  const second = (await refresh(signet, shortLived, tokens.refresh_token)).body;
  signet.clock.advance(499);
  const third = (await refresh(signet, shortLived, second.refresh_token)).body;
  expect(third.token_type).toBe('Bearer');
  signet.clock.advance(1);
  expect((await refresh(signet, shortLived, third.refresh_token)).body.error).toBe('invalid_grant');
});

test('a sign-out ends the family that lives by the session', async () => {
  const { tokens, agent } = await codeFlow(signet, webClient);
  await signOut(signet, agent);
  await expectDead(signet, webClient, tokens);
});

test('offline_access with consent outlives the sign-out, and the end of the session by time', async () => {
  const { tokens, agent } = await codeFlow(signet, webClient, offline);
  await signOut(signet, agent);
  expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
  signet.clock.advance(6 * 24 * 3600);
  const later = await refresh(signet, webClient, tokens.refresh_token);
  expect(later.status).toBe(200);
  expect((await getUserinfo(signet, later.body.access_token)).status).toBe(200);
  signet.clock.advance(24 * 3600);
  expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
});

test('without offline_access, an idle session takes the family along', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  signet.clock.advance(4999);
  expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
  signet.clock.advance(5000);
  expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
});

test('a disabled user: every family is dead, offline ones too, and stays dead when enabled again', async () => {
  const online = await codeFlow(signet, webClient, { user: bob });
  const kept = await codeFlow(signet, webClient, { user: bob, ...offline });
  await signet.provision({ users: [{ username: 'bob', disabled: true }] });
  await expectDead(signet, webClient, online.tokens);
  await expectDead(signet, webClient, kept.tokens);
  await signet.provision({ users: [{ username: 'bob', disabled: false }] });
  await expectDead(signet, webClient, kept.tokens);
});

test('a new password ends every family', async () => {
  const { tokens } = await codeFlow(signet, webClient, offline);
  await signet.provision({
    users: [{ username: 'alice', password: 'something entirely different', password_reset: true }],
  });
  await expectDead(signet, webClient, tokens);
  await signet.provision({ users: [{ username: 'alice', password: alice.password, password_reset: true }] });
});

test('a disabled client: invalid_client for its refresh, and its access tokens open nothing here', async () => {
  const { tokens } = await codeFlow(signet, ownClient, offline);
  await signet.provision({ clients: [{ ...ownClient, disabled: true }] });
  const answer = await refresh(signet, ownClient, tokens.refresh_token);
  expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  expect((await getUserinfo(signet, tokens.access_token)).status).toBe(401);
});
