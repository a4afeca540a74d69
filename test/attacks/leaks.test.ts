// Nothing secret reaches the log, whatever happens; nor does the database hold it in clear (M111, M113).
import { Writable } from 'node:stream';
import { cookieName } from '../support/cookies.ts';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  alice,
  authorizationRequest,
  basic,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  spaClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { logIn } from '../support/first-party.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const canary = {
  password: 'canary-password-of-the-person',
  wrongPassword: 'canary-wrong-password',
  clientSecret: 'canary-client-secret-of-32-characters',
  cookie: 'canary-cookie-value',
  bearer: 'canary-bearer-token',
  query: 'canary-query-value',
  body: 'canary-body-value',
  serviceKey: `sgk_${'canary-service-key'.padEnd(43, 'x')}`,
  header: 'canary-header-value',
};
const person = { username: 'carol', password: canary.password };
const client = { ...webClient, client_id: 'keeper', client_secret: canary.clientSecret };

let signet: TestSignet;
let log = '';
const secrets = new Map<string, string>(Object.entries(canary));

beforeAll(async () => {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  signet = await startSignet({
    provision: { ...world, users: [...world.users, person], clients: [...world.clients, client] },
    log: pino({ level: 'trace' }, stream),
  });
  const keys = [{ name: 'first', key: canary.serviceKey }];
  await signet.provision({ service_accounts: [{ username: 'program', keys }] });
  const [key] = signet.config.secretKeys!;
  for (const encoding of ['hex', 'base64', 'base64url'] as const)
    secrets.set(`SECRET_KEY in ${encoding}`, key!.toString(encoding));
  secrets.set('the database URL', signet.database.url);
  secrets.set('the client credentials', basic(client.client_id, client.client_secret));
  secrets.set('the setup token', new URL(signet.server.setupUrl!).searchParams.get('token')!);
});
afterAll(() => signet.stop());

function expectUnseen(text: string, what: string): void {
  for (const [name, secret] of secrets) {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')];
    for (const form of forms) expect(text.includes(form), `${name} in ${what}`).toBe(false);
  }
}

function noteCookies(agent: Agent): void {
  for (const [name, value] of agent.cookies) secrets.set(`${name} ${value.slice(-4)}`, value);
}

async function walk(): Promise<void> {
  const { tokens, agent, code, asked } = await codeFlow(signet, client, { user: person });
  noteCookies(agent);
  const own = { ...tokens, code, verifier: asked.verifier };
  for (const name of ['access_token', 'refresh_token', 'id_token', 'code', 'verifier'] as const)
    secrets.set(`${name} ${own[name].slice(-4)}`, own[name]);
  secrets.set('form token', field(await agent.get(`${signet.issuer}/account`), 'csrf'));
  await getUserinfo(signet, tokens.access_token);
  await refresh(signet, client, tokens.refresh_token);

  const spa = await codeFlow(signet, spaClient, { user: person });
  noteCookies(spa.agent);
  const child = await refresh(signet, spaClient, spa.tokens.refresh_token);
  secrets.set(`child ${child.body.refresh_token}`, child.body.refresh_token);
  await refresh(signet, spaClient, child.body.refresh_token);
  // Reuse of a token and of a code, and what is refused for other reasons.
  await refresh(signet, spaClient, spa.tokens.refresh_token);
  await exchangeCode(signet, client, asked, code);
  await exchangeCode(signet, webClient, asked, code);
  await refresh(signet, { ...client, client_secret: canary.header }, tokens.refresh_token);
  await refresh(signet, webClient, tokens.refresh_token);
  await getUserinfo(signet, canary.bearer);
  await getUserinfo(signet, tokens.id_token);
  await createAgent().get(`${signet.issuer}/setup?token=${secrets.get('the setup token')}`);

  for (const username of ['program', person.username]) {
    const { status, body } = await logIn(signet, { username, password: canary.serviceKey });
    expect(status).toBe(username === 'program' ? 200 : 401);
    if (status === 200) secrets.set(`access_token ${body.token.slice(-4)}`, body.token);
  }

  const stranger = createAgent();
  const page = await stranger.follow(await stranger.get(authorizationRequest(signet, client).url), signet.issuer);
  for (let time = 0; time < 7; time += 1)
    await submitPassword(stranger, page, { ...person, password: canary.wrongPassword });
  await agent.get(`${signet.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
}

async function malformed(): Promise<void> {
  const { cookie, query: inQuery, body, header, bearer } = canary;
  const headers = {
    cookie: `${cookieName(signet, 'session')}=${cookie}; other=${cookie}`,
    authorization: `Bearer ${bearer}`,
    'x-secret': header,
    'user-agent': header,
    referer: `https://x.example/?${header}`,
  };
  const json = { ...headers, 'content-type': 'application/json' };
  const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
  const paths = [
    '/oauth/token',
    '/oauth/revoke',
    '/oauth/introspect',
    '/oauth/userinfo',
    '/oauth/authorize',
    '/sign-in',
    '/setup',
    '/nothing',
  ];
  for (const path of [
    ...paths,
    `/${inQuery}`,
    `/oauth/authorize/${inQuery}`,
    `/t/${inQuery}/sign-in`,
    `/%ff${inQuery}`,
  ]) {
    await rawRequest(signet.issuer, { path: `${path}?code=${inQuery}&access_token=${inQuery}`, headers });
    await rawRequest(signet.issuer, { path: `${path}?%ff${inQuery}`, headers });
    await rawRequest(signet.issuer, { method: 'POST', path, headers: json, body: `{"password":"${body}"` });
    await rawRequest(signet.issuer, { method: 'POST', path, headers: json, body: `{"password":{"x":"${body}"}}` });
    await rawRequest(signet.issuer, { method: 'POST', path, headers: form, body: `password=${body}&password=${body}` });
    await rawRequest(signet.issuer, { method: 'POST', path, headers: form, body: `password=${body}%ff` });
    await rawRequest(signet.issuer, {
      method: 'POST',
      path,
      headers: form,
      body: `password=${body.repeat(5000)}`,
    }).catch(() => {});
    await rawRequest(signet.issuer, { method: 'POST', path, headers: { ...headers, 'content-type': 'text/x' }, body });
  }
}

describe('M111 the log at its most talkative level', () => {
  test('M111 happy paths, refusals and reuse: none of the secrets is in it', async () => {
    await walk();
    expect(log.split('\n').length).toBeGreaterThan(20);
    expect(log.includes('"route":"/oauth/token"')).toBe(true);
    expectUnseen(log, 'the log');
  });

  test('M111 malformed requests of every kind: nothing of them is repeated', async () => {
    await malformed();
    expectUnseen(log, 'the log');
  });

  test('M111 a database that refuses every row: the failure is logged, what the row held is not', async () => {
    const hashes = await query<{ secret: string }>(signet.database.url, 'SELECT secret FROM credentials');
    expect(hashes.length).toBeGreaterThan(0);
    hashes.forEach(({ secret }, i) => secrets.set(`password hash ${i}`, secret));
    const tables = [
      'sessions',
      'refresh_tokens',
      'authorization_codes',
      'sign_in_attempts',
      'grants',
      'audit_events',
      'users',
      'credentials',
    ];
    const change = (clause: string) =>
      Promise.all(tables.map((table) => query(signet.database.url, `ALTER TABLE ${table} ${clause}`)));
    const { tokens, agent } = await codeFlow(signet, spaClient, { user: alice });
    noteCookies(agent);
    secrets.set('refresh token before the failure', tokens.refresh_token);
    const page = await agent.follow(
      await agent.get(authorizationRequest(signet, client, { prompt: 'login' }).url),
      signet.issuer,
    );
    await change('ADD CONSTRAINT refuse_all CHECK (false) NOT VALID');
    const failed = [
      await submitPassword(agent, page, alice),
      await agent.get(authorizationRequest(signet, spaClient, { state: canary.query, prompt: 'none' }).url),
      await agent.get(authorizationRequest(signet, client, { state: canary.query, prompt: 'consent' }).url),
      await refresh(signet, spaClient, tokens.refresh_token),
    ];
    await change('DROP CONSTRAINT refuse_all');
    for (const answer of failed) {
      expect(answer.status).toBe(500);
      expectUnseen(JSON.stringify(answer.body), 'the answer');
      expect(JSON.stringify(answer.body)).not.toMatch(/refuse_all|node_modules|\.ts:|Failing row/);
    }
    expect(log.includes('a request failed unexpectedly')).toBe(true);
    expect(log.includes('Failing row')).toBe(false);
    expectUnseen(log, 'the log');
  });

  test('M111 when the database takes rows again, everything works as before', async () => {
    signet.clock.advance(25 * 3600);
    await walk();
    expectUnseen(log, 'the log');
  });
});

test('M113 no row of the database holds a secret that opens anything', async () => {
  const tables = await query<{ name: string }>(
    signet.database.url,
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  // The stored hash of a password is where it belongs.
  for (const name of secrets.keys()) if (name.startsWith('password hash')) secrets.delete(name);
  for (const { name } of tables) {
    const rows = await query<{ text: string }>(signet.database.url, `SELECT t::text AS text FROM "${name}" t`);
    expectUnseen(rows.map(({ text }) => text).join('\n'), `the table ${name}`);
  }
  const keys = await query<{ text: string }>(signet.database.url, 'SELECT t::text AS text FROM signing_keys t');
  expect(keys.length).toBeGreaterThan(0);
  for (const { text } of keys) expect(text).not.toMatch(/"{1,2}(?:d|p|q|dp|dq|qi)"{1,2}\s*:/);
});
