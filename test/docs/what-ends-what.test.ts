// The table "What ends what" of docs/concepts.md: each row is done, and each cell looked at.
import { asPatient } from '../support/patient.ts';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { defaultSigningAlgs } from '../../src/domain/client.ts';
import { deleteClient } from '../../src/flows/clients/delete.ts';
import { rotateClientSecret } from '../../src/flows/clients/secrets.ts';
import { revokeKey } from '../../src/flows/keys/revoke.ts';
import { rotateAtOnce } from '../../src/flows/keys/rotate.ts';
import { endSessionsOfUser } from '../../src/flows/sessions/end.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  authorizationRequest,
  bob,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  submitPassword,
  type TestClient,
  type Tokens,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { read } from './project.ts';
import { sectionOf, tableOf } from './markdown.ts';

/** Seconds; shorter than the access tokens live, so that these are still good when it is over. */
const session_idle_lifetime = 600;

type Scene = {
  readonly user: { username: string; password: string };
  readonly agent: Agent;
  /** The client of the table; `secret` is what it has now. */
  client: TestClient & { client_secret: string };
  readonly other: TestClient & { client_secret: string };
  readonly tokens: Tokens;
  readonly code: string;
  readonly asked: ReturnType<typeof authorizationRequest>;
  readonly offline: Tokens;
  readonly others: Tokens;
};

describe('what ends what', { timeout: 60_000 }, () => {
  let signet: TestSignet;
  let scenes = 0;
  beforeAll(async () => {
    signet = await startSignet({ provision: { settings: { session_idle_lifetime }, users: [{ ...bob }] } });
  });
  afterAll(() => signet?.stop());

  const context = async () =>
    contextWithoutRequest(signet.server.deps, (await tenantBySlug(signet.server.deps, 'default'))!, signet.clock.now);
  const jwks = async () => (await (await fetch(`${signet.issuer}/oauth/jwks`)).json()) as JSONWebKeySet;
  const registered = (client_id: string) => ({
    client_id,
    client_secret: 'a-secret-that-has-at-least-32-characters',
    redirect_uris: [`https://${client_id}.example/cb`],
    post_logout_redirect_uris: [`https://${client_id}.example/bye`],
    scope: 'openid offline_access',
  });

  /** Each row with people and clients of its own. */
  async function openScene(): Promise<Scene> {
    scenes += 1;
    const user = { username: `person${scenes}`, password: 'a different one each time' };
    const [client, other] = [registered(`client${scenes}`), registered(`other${scenes}`)];
    await signet.provision({ users: [user], clients: [client, other] });
    const agent = createAgent();
    const { tokens, code, asked } = await codeFlow(signet, client, { user, agent });
    const change = { scope: 'openid profile email offline_access' };
    const { tokens: offline } = await codeFlow(signet, client, { user, agent, change });
    const { tokens: others } = await codeFlow(signet, other, { user, agent });
    return { user, agent, client, other, tokens, code, asked, offline, others };
  }

  const account = (scene: Scene) => scene.agent.get(`${signet.issuer}/account`);
  const post = async (scene: Scene, path: string, more: Record<string, string>) => {
    const answer = await scene.agent.post(`${signet.issuer}${path}`, {
      csrf: field(await account(scene), 'csrf'),
      ...more,
    });
    expect(answer.status).toBe(303);
  };
  const signInAs = async (scene: Scene, who: { username: string; password: string }) => {
    const { url } = authorizationRequest(signet, scene.other, { prompt: 'login' });
    const page = await scene.agent.follow(await scene.agent.get(url), signet.issuer);
    expect((await submitPassword(scene.agent, page, who)).status).toBe(303);
  };

  const deeds: Record<string, (scene: Scene) => Promise<unknown>> = {
    'Signing out, at Signet or from an application': async ({ agent, tokens, client }) => {
      const query = new URLSearchParams({
        id_token_hint: tokens.id_token,
        post_logout_redirect_uri: `https://${client.client_id}.example/bye`,
      });
      const answer = await agent.get(`${signet.issuer}/oauth/logout?${query.toString()}`);
      expect(answer.location).toBe(`https://${client.client_id}.example/bye`);
    },
    'The session is ended on the account page': async (scene) => {
      // From another browser, where the same person is signed in as well.
      const elsewhere = createAgent();
      const page = await elsewhere.get(`${signet.issuer}/sign-in`);
      await submitPassword(elsewhere, page, scene.user);
      const list = await elsewhere.get(`${signet.issuer}/account/sessions`);
      const form = { csrf: field(list, 'csrf'), session_id: field(list, 'session_id') };
      expect((await elsewhere.post(`${signet.issuer}/account/sessions/end`, form)).status).toBe(303);
    },
    'The person signs out everywhere else': async (scene) => {
      const elsewhere = createAgent();
      await submitPassword(elsewhere, await elsewhere.get(`${signet.issuer}/sign-in`), scene.user);
      const form = { csrf: field(await elsewhere.get(`${signet.issuer}/account`), 'csrf') };
      expect((await elsewhere.post(`${signet.issuer}/account/sessions/end-others`, form)).status).toBe(303);
    },
    'An administrator ends the session': async ({ user }) =>
      endSessionsOfUser(signet.server.deps, await context(), user.username),
    'The session is not used, or its time is over': () =>
      Promise.resolve(signet.clock.advance(session_idle_lifetime + 1)),
    'Somebody else signs in in the same browser': (scene) => signInAs(scene, bob),
    'The same person signs in again': (scene) => signInAs(scene, scene.user),
    'The person removes the access on the account page': (scene) =>
      post(scene, '/account/consents/revoke', { client_id: scene.client.client_id }),
    'The client revokes the refresh token of the session': async ({ client, tokens }) => {
      const form = { token: tokens.refresh_token, client_id: client.client_id, client_secret: client.client_secret };
      const answer = await fetch(`${signet.issuer}/oauth/revoke`, { method: 'POST', body: new URLSearchParams(form) });
      expect(answer.status).toBe(200);
    },
    "The client's code comes back a second time": async ({ client, asked, code }) =>
      expect((await exchangeCode(signet, client, asked, code)).body.error).toBe('invalid_grant'),
    'The password is changed': async ({ user }) =>
      setPassword(signet.server.deps, await context(), user.username, 'another one with enough characters'),
    'The user is disabled': ({ user }) => signet.provision({ users: [{ ...user, disabled: true }] }),
    'The client is disabled': ({ client }) => signet.provision({ clients: [{ ...client, disabled: true } as never] }),
    'The client is deleted': async ({ client }) =>
      deleteClient(asPatient(signet.server.deps), await context(), client.client_id),
    'The client gets a new secret': async (scene) => {
      const old = scene.client;
      const client_secret = await rotateClientSecret(signet.server.deps, await context(), old.client_id);
      scene.client = { ...old, client_secret };
      const answer = await refresh(signet, old, scene.tokens.refresh_token);
      expect(answer.body.error, 'with the old secret').toBe('invalid_client');
    },
    'The signing keys are rotated': async () =>
      rotateAtOnce(signet.server.deps, await context(), Object.values(defaultSigningAlgs)),
    'The signing key is revoked': async ({ tokens }) => {
      const { kid } = JSON.parse(Buffer.from(tokens.access_token.split('.')[0]!, 'base64url').toString()) as {
        kid: string;
      };
      await revokeKey(signet.server.deps, await context(), kid);
    },
  };

  /** True while it still works. */
  const probes: Record<string, (scene: Scene) => Promise<boolean>> = {
    // Refreshing counts as use of a session, so the session is looked at first.
    Session: async (scene) => {
      const page = await account(scene);
      return page.status === 200 && page.body.includes(scene.user.username);
    },
    'Access token at UserInfo': async ({ tokens }) => (await getUserinfo(signet, tokens.access_token)).status === 200,
    'Refresh token': async ({ client, tokens }) => (await refresh(signet, client, tokens.refresh_token)).status === 200,
    'Offline refresh token': async ({ client, offline }) =>
      (await refresh(signet, client, offline.refresh_token)).status === 200,
    'Other applications': async ({ other, others }) =>
      (await refresh(signet, other, others.refresh_token)).status === 200,
    Consent: async ({ user, client }) => {
      const found = await query(
        signet.database.url,
        'SELECT 1 FROM consents c JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id WHERE u.username = $1 AND c.client_id = $2',
        [user.username, client.client_id],
      );
      return found.length > 0;
    },
  };

  test('every row of the table is done here, and every column looked at', async () => {
    const [head, ...rows] = await table();
    expect(rows.map(([what]) => what)).toEqual(Object.keys(deeds));
    expect(head!.slice(1).toSorted()).toEqual(Object.keys(probes).toSorted());
  });

  test.each(Object.keys(deeds))('%s: what ends, what stays', async (what) => {
    const [head, ...rows] = await table();
    const row = rows.find(([title]) => title === what)!;
    const scene = await openScene();
    for (const [column, works] of Object.entries(probes)) expect(await works(scene), `${column} before`).toBe(true);
    await deeds[what]!(scene);
    const found = ['', ...head!.slice(1)].map(() => '');
    for (const [column, works] of Object.entries(probes)) {
      const index = head!.indexOf(column);
      const plural = column === 'Other applications';
      found[index] = (await works(scene)) ? (plural ? 'stay' : 'stays') : plural ? 'end' : 'ends';
    }
    found[0] = what;
    expect(found).toEqual(row);
    expect(await passesAtApi(scene), 'at an API that checks by itself').toBe(what !== 'The signing key is revoked');
  });

  test('a disabled client works again when it is enabled, with the tokens that it has', async () => {
    const scene = await openScene();
    await deeds['The client is disabled']!(scene);
    await signet.provision({ clients: [{ ...scene.client, disabled: false } as never] });
    expect(await probes['Offline refresh token']!(scene)).toBe(true);
    expect(await probes['Refresh token']!(scene)).toBe(true);
  });

  async function table(): Promise<string[][]> {
    return tableOf(sectionOf(await read('docs/concepts.md'), 'What ends what'));
  }

  /** With the key set as it is published now. */
  async function passesAtApi({ tokens }: Scene): Promise<boolean> {
    const keys = createLocalJWKSet(await jwks());
    const currentDate = new Date(signet.clock.now);
    return jwtVerify(tokens.access_token, keys, { issuer: signet.issuer, typ: 'at+jwt', currentDate }).then(
      () => true,
      () => false,
    );
  }
});
