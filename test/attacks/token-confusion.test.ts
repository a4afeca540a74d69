// Every secret value the server gives out, presented in every place that takes one: only its own place knows it (M14).
import { randomBytes, randomUUID } from 'node:crypto';
import { cookieName } from '../support/cookies.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import {
  alice,
  bob,
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
import { tokenExchangeGrant } from '../../src/domain/client.ts';
import { accessTokenTypeUri } from '../../src/domain/token-exchange.ts';
import { endpoints, firstPartyEndpoints } from '../../src/domain/endpoints.ts';
import { type OpaqueKind, opaqueKinds } from '../../src/crypto/opaque-tokens.ts';
import { assertionOf, assertionType, makeClientKey, postForm } from '../support/assertions.ts';
import { query } from '../support/database.ts';
import { type ApiAnswer, logIn, postJson } from '../support/first-party.ts';
import { bearer, enrol, type Enrolled, logInWithBoth } from '../support/second-factors.ts';
import { exchange } from '../support/exchange.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { codeIn, linkIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

const kinds = [
  'code',
  'refresh token',
  'access token',
  'access token of a program',
  'access token of the type JWT',
  'client assertion',
  'ID token',
  'session cookie',
  'browser cookie',
  'known-browser cookie',
  'attempt id',
  'form token',
  'setup token',
  'reset token',
  'verification token',
  'link token',
  'proof of a code',
  'address token',
  'client secret',
  'service key',
  'first-party access token',
  'first-party refresh token',
  'partial token',
  'recovery code',
  'TOTP secret',
] as const;
type Kind = (typeof kinds)[number];

/** Which of them is each kind of opaque token there is: a new one has a row, or this file does not compile. */
const ofOpaque: Readonly<Record<OpaqueKind, Kind>> = {
  authorizationCode: 'code',
  refreshToken: 'refresh token',
  session: 'session cookie',
  browser: 'browser cookie',
  setup: 'setup token',
  passwordReset: 'reset token',
  emailVerification: 'verification token',
  signInProof: 'proof of a code',
  emailChange: 'address token',
  clientSecret: 'client secret',
  serviceKey: 'service key',
};

/** Addresses where nothing is taken that was given out before. */
const takesNothing: readonly string[] = [
  endpoints.jwks,
  endpoints.status,
  firstPartyEndpoints.passwordForgot,
  firstPartyEndpoints.passwordlessRequest,
  firstPartyEndpoints.passwordlessCode,
];

const serviceKey = `sgk_${randomBytes(32).toString('base64url')}`;

let smtp: TestSmtp;
let signet: TestSignet;
let values: Record<Kind, string>;
let person: Enrolled;
let asked: Asked;
const name = (cookie: 'session' | 'browser' | 'known') => cookieName(signet, cookie);

beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
  await signet.provision({ service_accounts: [{ username: 'program', keys: [{ name: 'first', key: serviceKey }] }] });
  await signet.provision({ users: [{ username: 'person', password: 'the one she has had so far' }] });
  person = await enrol(signet, { username: 'person', password: 'the one she has had so far' });
  const { body: own } = await logInWithBoth(signet, person);
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
    'access token of a program': await programToken(),
    'access token of the type JWT': await plainToken(),
    'client assertion': await newAssertion(),
    'ID token': tokens.id_token,
    'session cookie': agent.cookies.get(name('session'))!,
    'browser cookie': agent.cookies.get(name('browser'))!,
    'known-browser cookie': agent.cookies.get(name('known'))!,
    'attempt id': field(signIn, 'attempt'),
    'form token': field(await agent.get(`${signet.issuer}/account`), 'csrf'),
    'setup token': new URL(signet.server.setupUrl!).searchParams.get('token')!,
    'reset token': await resetToken(),
    'verification token': await verificationToken(),
    ...(await mailedSignIn()),
    'address token': await addressToken(),
    'client secret': webClient.client_secret,
    'service key': serviceKey,
    'first-party access token': own.access_token,
    'first-party refresh token': own.refresh_token,
    'partial token': await half(),
    'recovery code': person.recoveryCodes[0]!,
    'TOTP secret': person.secret,
  };
});
afterAll(async () => {
  await signet.stop();
  await smtp.close();
});

/** Of the client itself, for the issuer. */
async function programToken(): Promise<string> {
  const client = {
    ...webClient,
    client_id: 'machine',
    grant_types: ['client_credentials' as const],
    response_types: [],
  };
  await signet.provision({ clients: [client] });
  return (await tokenRequest(signet, client, { grant_type: 'client_credentials' })).body.access_token;
}

const plain = 'https://plain.example';
const keeper = {
  ...webClient,
  client_id: 'keeper',
  serves: [plain],
  grant_types: ['authorization_code' as const, tokenExchangeGrant],
};

/** Somebody else's, for whom the first one can act. */
let othersPlainToken: string;
/** For a resource whose library refuses RFC 9068's type. */
async function plainToken(): Promise<string> {
  const client = { ...webClient, client_id: 'plain', scope: 'plain:read' };
  await signet.provision({
    resources: [{ identifier: plain, scopes: ['plain:read'], access_token_type: 'JWT' }],
    clients: [client, keeper],
  });
  const change = { scope: 'plain:read' };
  const other = { username: 'other', password: 'a rather long pass phrase of hers' };
  await signet.provision({ users: [other] });
  othersPlainToken = (await codeFlow(signet, client, { user: other, change })).tokens.access_token;
  return (await codeFlow(signet, client, { change })).tokens.access_token;
}

/** RFC 7523, of a client with a key of its own. */
async function newAssertion(): Promise<string> {
  const key = await makeClientKey('ES256');
  const own = { token_endpoint_auth_method: 'private_key_jwt' as const, jwks: { keys: [key.jwk] } };
  const { client_secret: _secret, ...client } = webClient;
  await signet.provision({ clients: [{ ...client, ...own, client_id: 'signs' }] });
  return assertionOf(signet, 'signs', key);
}

/** As the mail brings it. */
async function resetToken(): Promise<string> {
  await postJson(`${signet.issuer}${firstPartyEndpoints.passwordForgot}`, { email: 'bob@example.com' });
  return new URL(await linkIn(await mailTo(smtp, 'bob@example.com'))).searchParams.get('token')!;
}

/** The same of the link that verifies an address. */
async function verificationToken(): Promise<string> {
  const { agent } = await codeFlow(signet, webClient, { user: bob });
  const csrf = field(await agent.get(`${signet.issuer}/account`), 'csrf');
  await agent.post(`${signet.issuer}/account/email/verify`, { csrf });
  return new URL(await linkIn(await mailTo(smtp, 'bob@example.com', 2))).searchParams.get('token')!;
}

/** What signs somebody in by mail: a link, whose proof is kept here, and a proof, whose code is. */
let linkProof: string;
let mailedCode: string;
async function mailedSignIn(): Promise<{ 'link token': string; 'proof of a code': string }> {
  const email = 'mailed@example.com';
  await signet.provision({ users: [{ username: 'mailed', email, email_verified: true }] });
  const { passwordlessRequest, passwordlessCode } = firstPartyEndpoints;
  linkProof = (await postJson(signet.issuer + passwordlessRequest, { email })).body.proof;
  const { proof } = (await postJson(signet.issuer + passwordlessCode, { email })).body;
  mailedCode = await codeIn(await mailTo(smtp, email, 1, 'sign-in-code'));
  const address = await linkIn(await mailTo(smtp, email, 1, 'magic-link'));
  return { 'link token': new URL(address).searchParams.get('token')!, 'proof of a code': proof };
}

/** The same of the link that confirms another address. */
async function addressToken(): Promise<string> {
  const { agent } = await codeFlow(signet, webClient);
  const csrf = field(await agent.get(`${signet.issuer}/account`), 'csrf');
  await agent.post(`${signet.issuer}/account/email`, { csrf, email: 'alice@example.org' });
  return new URL(await linkIn(await mailTo(smtp, 'alice@example.org'))).searchParams.get('token')!;
}

const cookies = (pairs: Partial<Record<'session' | 'browser' | 'known', string>>) => ({
  cookie: Object.entries(pairs)
    .map(([key, value]) => `${name(key as 'session')}=${value}`)
    .join('; '),
});
const half = async () => (await logIn(signet, person.user)).body.token;
/** Nobody waits for somebody else's guesses here. */
const forgetGuesses = () => query(signet.database.url, 'DELETE FROM limits');
const ask = async (path: string, body: object | undefined, token?: string, method = 'POST') => {
  await forgetGuesses();
  return postJson(`${signet.issuer}${path}`, body, token === undefined ? {} : bearer(token), method);
};
/** Whatever is wrong besides, it is not the token. */
const isTaken = async (answer: Promise<ApiAnswer>) => {
  const { status, body } = await answer;
  return (
    !(status === 401 && ['invalid_token', 'insufficient_user_authentication'].includes(body.code!)) && status !== 400
  );
};
const living = async () => (await query(signet.database.url, 'SELECT 1 FROM grants WHERE revoked_at IS NULL')).length;
const setupForm = { username: 'root', email: 'root@example.com', password: 'a password of enough characters' };

/** Each place, the kind that belongs there, and whether it takes the value. `at`: the address, where the name does not say it. */
const places: Record<string, { takes: Kind; at?: string; accepts: (value: string) => Promise<boolean> }> = {
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
  'token at introspection, for the API that it is for': {
    takes: 'access token of the type JWT',
    accepts: async (token) => (await introspected(token, keeper.client_id))['active'] === true,
  },
  'subject_token at the token endpoint': {
    takes: 'access token of the type JWT',
    accepts: async (value) => (await exchange(signet, keeper, value)).status === 200,
  },
  'actor_token at the token endpoint': {
    takes: 'access token of the type JWT',
    accepts: async (value) => {
      const actor = { actor_token: value, actor_token_type: accessTokenTypeUri };
      return (await exchange(signet, keeper, othersPlainToken, actor)).status === 200;
    },
  },
  'client_assertion at the token endpoint': {
    takes: 'client assertion',
    accepts: async (client_assertion) => {
      const form = { client_assertion, client_assertion_type: assertionType };
      const { body } = await postForm(`${signet.issuer}${endpoints.token}`, { grant_type: 'refresh_token', ...form });
      // Whatever is wrong besides, it is not who asks.
      return body['error'] === 'invalid_request';
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
      const url = `${signet.issuer}/oauth/authorize/continue?attempt=${encodeURIComponent(value)}`;
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
    // It says which client asks, and so where its people may be sent.
    accepts: async (value) => {
      const [bye] = webClient.post_logout_redirect_uris;
      const query = new URLSearchParams({ id_token_hint: value, post_logout_redirect_uri: bye! }).toString();
      return (await createAgent().get(`${signet.issuer}/oauth/logout?${query}`)).location === bye;
    },
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
  'token of the link to another password': {
    takes: 'reset token',
    accepts: async (token) =>
      (await createAgent().get(`${signet.issuer}/reset-password?token=${encodeURIComponent(token)}`)).status === 200,
  },
  'token of the form for another password': {
    takes: 'reset token',
    // One that is refused for its password, not for its token.
    accepts: async (token) => {
      const form = { token, new_password: 'short', new_password_repeat: 'short' };
      return (await createAgent().post(`${signet.issuer}/reset-password`, form)).status === 422;
    },
  },
  'token of the link that verifies an address': {
    takes: 'verification token',
    accepts: async (token) =>
      (await createAgent().get(`${signet.issuer}/verify-email?token=${encodeURIComponent(token)}`)).status === 200,
  },
  'token of the form that verifies an address': {
    takes: 'verification token',
    // One that is refused for the browser that has nobody signed in, not for its token.
    accepts: async (token) => (await createAgent().post(`${signet.issuer}/verify-email`, { token })).status === 403,
  },
  'token of the link that confirms another address': {
    takes: 'address token',
    accepts: async (token) =>
      (await createAgent().get(`${signet.issuer}/change-email?token=${encodeURIComponent(token)}`)).status === 200,
  },
  'token of the form that confirms another address': {
    takes: 'address token',
    accepts: async (token) => (await createAgent().post(`${signet.issuer}/change-email`, { token })).status === 403,
  },
  // Of the client that asks: what is told to others has tests of its own (test/oauth/introspect.test.ts).
  'access token at the introspection endpoint': {
    takes: 'access token',
    accepts: async (token) => (await introspected(token))['token_type'] === 'Bearer',
  },
  'refresh token at the introspection endpoint': {
    takes: 'refresh token',
    accepts: async (token) => {
      const answer = await introspected(token);
      return answer['active'] === true && answer['token_type'] === undefined;
    },
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
    at: firstPartyEndpoints.login,
    accepts: async (password) => (await logIn(signet, { username: 'program', password })).status === 200,
  },
  'device at login': {
    takes: 'known-browser cookie',
    at: firstPartyEndpoints.login,
    accepts: async (device) => {
      await forgetGuesses();
      for (let guess = 0; guess < 5; guess += 1) await logIn(signet, { ...alice, password: 'wrong' });
      const { status } = await logIn(signet, alice, { device });
      await forgetGuesses();
      return status === 200;
    },
  },
  'token at /auth/mfa/challenge': {
    takes: 'partial token',
    at: firstPartyEndpoints.mfaChallenge,
    accepts: (token) => isTaken(ask(firstPartyEndpoints.mfaChallenge, { token })),
  },
  'Bearer at /auth/mfa/challenge': {
    takes: 'first-party access token',
    at: firstPartyEndpoints.mfaChallenge,
    accepts: (token) => isTaken(ask(firstPartyEndpoints.mfaChallenge, {}, token)),
  },
  'token at /auth/mfa/verify': {
    takes: 'partial token',
    at: firstPartyEndpoints.mfaVerify,
    accepts: (token) => isTaken(ask(firstPartyEndpoints.mfaVerify, { token, code: '000000' })),
  },
  'Bearer at /auth/mfa/verify': {
    takes: 'first-party access token',
    at: firstPartyEndpoints.mfaVerify,
    accepts: (token) => isTaken(ask(firstPartyEndpoints.mfaVerify, { code: '000000' }, token)),
  },
  'code at /auth/mfa/verify': {
    takes: 'recovery code',
    at: firstPartyEndpoints.mfaVerify,
    accepts: async (value) => {
      const code = value.slice(0, 100);
      return (await ask(firstPartyEndpoints.mfaVerify, { token: await half(), code })).status === 200;
    },
  },
  ...Object.fromEntries(
    (
      [
        ['GET', firstPartyEndpoints.mfa, undefined],
        ['POST', firstPartyEndpoints.mfaTotp, {}],
        ['POST', firstPartyEndpoints.mfaTotpConfirm, { code: '000000' }],
        ['POST', firstPartyEndpoints.mfaSms, { phone: '+4915112345678' }],
        ['POST', firstPartyEndpoints.mfaSmsConfirm, { code: '000000' }],
        ['POST', firstPartyEndpoints.mfaEmail, {}],
        ['POST', firstPartyEndpoints.mfaEmailConfirm, { code: '000000' }],
        ['POST', firstPartyEndpoints.mfaRecoveryCodes, {}],
        ['DELETE', firstPartyEndpoints.mfaFactor, {}],
        ['POST', firstPartyEndpoints.password, { current_password: 'wrong', new_password: 'wrong as well' }],
      ] as const
    ).map(([method, at, body]) => [
      `Bearer at ${method} ${at}`,
      { takes: 'first-party access token', at, accepts: (token: string) => isTaken(ask(at, body, token, method)) },
    ]),
  ),
  'token at /auth/verify': {
    takes: 'link token',
    at: firstPartyEndpoints.verify,
    accepts: async (token) => (await ask(firstPartyEndpoints.verify, { token, proof: linkProof })).status === 200,
  },
  'proof at /auth/passwordless/verify': {
    takes: 'proof of a code',
    at: firstPartyEndpoints.passwordlessVerify,
    accepts: async (proof) => {
      const given = { email: 'mailed@example.com', code: mailedCode, proof };
      return (await ask(firstPartyEndpoints.passwordlessVerify, given)).status === 200;
    },
  },
  'refresh_token at /auth/refresh': {
    takes: 'first-party refresh token',
    at: firstPartyEndpoints.refresh,
    accepts: async (refresh_token) => (await ask(firstPartyEndpoints.refresh, { refresh_token })).status === 200,
  },
  'refresh_token at /auth/logout': {
    takes: 'first-party refresh token',
    at: firstPartyEndpoints.logout,
    accepts: async (refresh_token) => {
      const before = await living();
      await ask(firstPartyEndpoints.logout, { refresh_token });
      const isEnded = (await living()) < before;
      // The Bearer below is of the same family.
      if (isEnded) values['first-party access token'] = (await logInWithBoth(signet, person)).body.access_token;
      return isEnded;
    },
  },
  'Bearer at /auth/logout': {
    takes: 'first-party access token',
    at: firstPartyEndpoints.logout,
    accepts: async (token) => (await ask(firstPartyEndpoints.logout, {}, token)).status === 204,
  },
};

async function introspected(token: string, clientId = 'web'): Promise<Record<string, unknown>> {
  const body = new URLSearchParams({ token });
  const headers = { authorization: basic(clientId, webClient.client_secret) };
  const answer = await fetch(`${signet.issuer}/oauth/introspect`, { method: 'POST', headers, body });
  return (await answer.json()) as Record<string, unknown>;
}

const foreign = Object.entries(places).flatMap(([place, { takes }]) =>
  kinds.filter((kind) => kind !== takes).map((kind) => ({ kind, place })),
);

test('every kind of opaque token has its row, and every address that takes something its place', () => {
  expect(Object.keys(ofOpaque).toSorted()).toEqual([...opaqueKinds].toSorted());
  const covered = new Set(Object.values(places).map(({ at }) => at));
  const oauth = Object.keys(places).join(' ');
  for (const address of Object.values(firstPartyEndpoints))
    if (!takesNothing.includes(address)) expect(covered, address).toContain(address);
  for (const [name, address] of Object.entries(endpoints))
    if (!takesNothing.includes(address))
      expect(oauth.toLowerCase(), address).toContain({ revoke: 'token', token: 'token endpoint' }[name] ?? name);
});

describe('M14 a value of one kind is not taken where another kind belongs', () => {
  test.each(foreign)('M14 $kind as $place: refused', async ({ kind, place }) => {
    expect(await places[place]!.accepts(values[kind])).toBe(false);
  });

  test('M14 nor is the random part of one under the prefix of another', async () => {
    const opaque = [
      'code',
      'refresh token',
      'session cookie',
      'browser cookie',
      'setup token',
      'reset token',
      'verification token',
      'address token',
      'service key',
    ] as const;
    for (const { takes, accepts } of Object.values(places)) {
      const prefix = values[takes].slice(0, 4);
      if (!/^sg[a-z]_$/.test(prefix)) continue;
      for (const kind of opaque.filter((other) => other !== takes))
        expect(await accepts(prefix + values[kind].slice(4)), `${kind} as ${takes}`).toBe(false);
    }
  });

  test('M14 nor do other kinds, given back at the revocation endpoint, end anything', async () => {
    for (const kind of kinds.filter((kind) => kind !== 'refresh token' && kind !== 'access token')) {
      const body = new URLSearchParams({ token: values[kind] });
      const headers = { authorization: basic('web', webClient.client_secret) };
      const answer = await fetch(`${signet.issuer}/oauth/revoke`, { method: 'POST', headers, body });
      expect([200, 400], kind).toContain(answer.status);
    }
  });
});

describe('M14 a JWT of one type is not taken for another, even where every claim would fit', () => {
  test.each(['at+jwt', 'JWT'])(
    'M14 an access token of the type %s for a resource that is named like its client is no ID token',
    async (type) => {
      const uri = `https://both.example/${type}`;
      const both = { ...webClient, client_id: uri };
      await signet.provision({ clients: [both] });
      // Refused today; one that is there from before is no danger either.
      await query(
        signet.database.url,
        `INSERT INTO resources (tenant_id, identifier, scopes, access_token_type, version, created_at, updated_at)
       SELECT id, $1, '[]', $2, 1, now(), now() FROM tenants`,
        [uri, type],
      );
      await signet.provision({ resources: [{ identifier: `https://another.example/${type}` }] });
      const { tokens, agent } = await codeFlow(signet, both, { change: { resource: uri } });
      expect(claimsOf(tokens.access_token)['aud']).toBe(uri);
      const hinted = async (hint: string) =>
        agent.get(authorizationRequest(signet, both, { resource: uri, prompt: 'none', id_token_hint: hint }).url);
      expect((await hinted(tokens.access_token)).location).toContain('error=login_required');
      expect((await hinted(tokens.id_token)).location).toContain('code=sgc_');
      const logout = await agent.get(`${signet.issuer}/oauth/logout?id_token_hint=${tokens.access_token}`);
      expect(logout.body).toContain('id="logout-confirm"');
      expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
    },
  );
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
