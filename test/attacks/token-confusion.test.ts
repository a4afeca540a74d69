// Every secret value the server gives out, presented in every place that takes one: only its own place knows it (M14).
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import {
  type Asked,
  authorizationRequest,
  authorizeInteractively,
  basic,
  claimsOf,
  codeFlow,
  getUserinfo,
  refresh,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { logIn } from '../support/first-party.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const kinds = [
  'code',
  'refresh token',
  'access token',
  'ID token',
  'session cookie',
  'browser cookie',
  'known-browser cookie',
  'attempt id',
  'form token',
  'setup token',
  'client secret',
  'service key',
] as const;
type Kind = (typeof kinds)[number];

const serviceKey = `sgk_${randomBytes(32).toString('base64url')}`;

let signet: TestSignet;
let values: Record<Kind, string>;
let asked: Asked;
const name = (cookie: string) => `signet-default-${cookie}`;

beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ service_accounts: [{ username: 'program', keys: [{ name: 'first', key: serviceKey }] }] });
  const { tokens, agent } = await codeFlow(signet, webClient);
  asked = authorizationRequest(signet, webClient);
  const code = (await authorizeInteractively(agent, asked)).get('code')!;
  const signIn = await agent.follow(
    await agent.get(authorizationRequest(signet, webClient, { prompt: 'login' }).url),
    signet.issuer,
  );
  values = {
    code,
    'refresh token': tokens.refresh_token,
    'access token': tokens.access_token,
    'ID token': tokens.id_token,
    'session cookie': agent.cookies.get(name('session'))!,
    'browser cookie': agent.cookies.get(name('browser'))!,
    'known-browser cookie': agent.cookies.get(name('known'))!,
    'attempt id': field(signIn, 'attempt'),
    'form token': field(await agent.get(`${signet.issuer}/account`), 'csrf'),
    'setup token': new URL(signet.server.setupUrl!).searchParams.get('token')!,
    'client secret': webClient.client_secret,
    'service key': serviceKey,
  };
});
afterAll(() => signet.stop());

const cookies = (pairs: Record<string, string>) => ({
  cookie: Object.entries(pairs)
    .map(([key, value]) => `${name(key)}=${value}`)
    .join('; '),
});
const setupForm = { username: 'root', email: 'root@example.com', password: 'a password of enough characters' };

/** Each place, the kind that belongs there, and whether it takes the value. */
const places: Record<string, { takes: Kind; accepts: (value: string) => Promise<boolean> }> = {
  'code at the token endpoint': {
    takes: 'code',
    accepts: async (code) => {
      const form = { code, redirect_uri: asked.redirectUri, code_verifier: asked.verifier };
      return (await tokenRequest(signet, webClient, { grant_type: 'authorization_code', ...form })).status === 200;
    },
  },
  'refresh_token at the token endpoint': {
    takes: 'refresh token',
    accepts: async (value) => (await refresh(signet, webClient, value)).status === 200,
  },
  'bearer token at UserInfo': {
    takes: 'access token',
    accepts: async (value) => (await getUserinfo(signet, value)).status === 200,
  },
  'access_token in a form at UserInfo': {
    takes: 'access token',
    accepts: async (value) => {
      const body = new URLSearchParams({ access_token: value });
      return (await fetch(`${signet.issuer}/api/userinfo`, { method: 'POST', body })).status === 200;
    },
  },
  'session cookie at the account page': {
    takes: 'session cookie',
    accepts: async (session) =>
      (await createAgent().get(`${signet.issuer}/account`, cookies({ session }))).status === 200,
  },
  'session cookie at a silent authorization': {
    takes: 'session cookie',
    accepts: async (session) => {
      const { url } = authorizationRequest(signet, webClient, { prompt: 'none' });
      return (await createAgent().get(url, cookies({ session }))).location?.includes('code=sgc_') ?? false;
    },
  },
  'browser cookie of an attempt': {
    takes: 'browser cookie',
    accepts: async (browser) => {
      const url = `${signet.issuer}/sign-in?attempt=${values['attempt id']}`;
      return (await createAgent().get(url, cookies({ browser }))).status === 200;
    },
  },
  'attempt of the sign-in page': {
    takes: 'attempt id',
    accepts: async (value) => {
      const url = `${signet.issuer}/sign-in?attempt=${encodeURIComponent(value)}`;
      return (await createAgent().get(url, cookies({ browser: values['browser cookie'] }))).status === 200;
    },
  },
  'attempt on the way back to authorize': {
    takes: 'attempt id',
    accepts: async (value) => {
      const url = `${signet.issuer}/oauth/authorize/${encodeURIComponent(value)}`;
      return (await createAgent().get(url, cookies({ browser: values['browser cookie'] }))).status === 303;
    },
  },
  'id_token_hint at authorize': {
    takes: 'ID token',
    accepts: async (value) => {
      const { url } = authorizationRequest(signet, webClient, { prompt: 'none', id_token_hint: value });
      const { location } = await createAgent().get(url, cookies({ session: values['session cookie'] }));
      return location?.includes('code=sgc_') ?? false;
    },
  },
  'id_token_hint at logout': {
    takes: 'ID token',
    accepts: async (value) =>
      (await createAgent().get(`${signet.issuer}/oauth/logout?id_token_hint=${value}`)).status === 200,
  },
  'csrf of an account form': {
    takes: 'form token',
    accepts: async (csrf) => {
      const form = { csrf, session_id: randomUUID() };
      const session = cookies({ session: values['session cookie'] });
      return (await createAgent().post(`${signet.issuer}/account/sessions/end`, form, session)).status === 303;
    },
  },
  'token of the setup link': {
    takes: 'setup token',
    accepts: async (token) =>
      (await createAgent().get(`${signet.issuer}/setup?token=${encodeURIComponent(token)}`)).status === 200,
  },
  'token of the setup form': {
    takes: 'setup token',
    accepts: async (token) =>
      (await createAgent().post(`${signet.issuer}/setup`, { token, ...setupForm })).status === 303,
  },
  'client secret': {
    takes: 'client secret',
    accepts: async (secret) => {
      const headers = { authorization: basic('web', secret) };
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'nonsense' });
      return (await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', headers, body })).status !== 401;
    },
  },
  'password of a service account': {
    takes: 'service key',
    accepts: async (password) => (await logIn(signet, { username: 'program', password })).status === 200,
  },
};

const foreign = Object.entries(places).flatMap(([place, { takes }]) =>
  kinds.filter((kind) => kind !== takes).map((kind) => ({ kind, place })),
);

describe('M14 a value of one kind is not taken where another kind belongs', () => {
  test.each(foreign)('M14 $kind as $place: refused', async ({ kind, place }) => {
    expect(await places[place]!.accepts(values[kind])).toBe(false);
  });

  test('M14 nor is the random part of one under the prefix of another', async () => {
    const opaque = ['code', 'refresh token', 'session cookie', 'browser cookie', 'setup token', 'service key'] as const;
    for (const { takes, accepts } of Object.values(places)) {
      const prefix = values[takes].slice(0, 4);
      if (!/^sg[a-z]_$/.test(prefix)) continue;
      for (const kind of opaque.filter((other) => other !== takes))
        expect(await accepts(prefix + values[kind].slice(4)), `${kind} as ${takes}`).toBe(false);
    }
  });

  test('M14 nor do other kinds, given back at the revocation endpoint, end anything', async () => {
    for (const kind of kinds.filter((kind) => kind !== 'refresh token')) {
      const body = new URLSearchParams({ token: values[kind] });
      const headers = { authorization: basic('web', webClient.client_secret) };
      const answer = await fetch(`${signet.issuer}/oauth/revoke`, { method: 'POST', headers, body });
      expect([200, 400], kind).toContain(answer.status);
    }
  });
});

describe('M14 a JWT of one type is not taken for another, even where every claim would fit', () => {
  test('M14 an access token for a resource that is named like its client is no ID token', async () => {
    const uri = 'https://both.example/';
    const both = { ...webClient, client_id: uri };
    await signet.provision({ clients: [both], resources: [{ identifier: uri }] });
    const { tokens, agent } = await codeFlow(signet, both, { change: { resource: uri } });
    expect(claimsOf(tokens.access_token)['aud']).toBe(uri);
    const hinted = async (hint: string) =>
      agent.get(authorizationRequest(signet, both, { resource: uri, prompt: 'none', id_token_hint: hint }).url);
    expect((await hinted(tokens.access_token)).location).toContain('error=invalid_request');
    expect((await hinted(tokens.id_token)).location).toContain('code=sgc_');
    const logout = await agent.get(`${signet.issuer}/oauth/logout?id_token_hint=${tokens.access_token}`);
    expect(logout.status).toBe(400);
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });
});

describe('M14 afterwards each value is still good in its own place', () => {
  // The code and the setup token are spent by this, so each place is tried once.
  test.each(Object.entries(places).map(([place, { takes, accepts }]) => ({ place, takes, accepts })))(
    'M14 $takes as $place: taken',
    async ({ takes, accepts }) => {
      expect(await accepts(values[takes])).toBe(true);
    },
  );
});
