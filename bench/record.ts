// Makes the world in a database by a Signet in this process, and records one request of each row there.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import { readConfig } from '../src/config/read.ts';
import { opaqueBytes, opaqueToken } from '../src/crypto/opaque-tokens.ts';
import { startServer } from '../src/start/server.ts';
import { createAgent, type Agent } from '../test/support/agent.ts';
import { cookieName } from '../test/support/cookies.ts';
import { authorizeInteractively, claimsOf } from '../test/support/flow.ts';
import { type FirstParty, recordFirstParty } from './first-party.ts';
import { type Answer, ask, headerOf } from './load.ts';
import {
  countSteps,
  type Happened,
  idsIn,
  type RecordedRow,
  type Recorder,
  sha256,
  type Step,
  stepsOf,
} from './recording.ts';
import type { Counted, RowName } from './results.ts';
import * as world from './world.ts';

/** What the floor is given: all it answers with stands here. */
export type Recorded = {
  readonly issuer: string;
  readonly discovery: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  readonly jwksHeaders: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<RecordedRow, readonly Step[]>>;
  readonly accessClaims: Readonly<Record<string, unknown>>;
  readonly idClaims: Readonly<Record<string, unknown>>;
  /** Of the access token that the API gets for itself. */
  readonly ownClaims: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly counted: Readonly<Record<RowName, Counted>>;
  /** A sign-in attempt of which fresh ones are copies. */
  readonly attemptId: string;
  readonly browsers: readonly string[];
  /** The cookies of the same browsers when nobody is signed in. */
  readonly signedOutBrowsers: readonly string[];
  readonly firstParty: FirstParty;
};

/** `directory` gets the provisioning file. The database must be empty; its issuer has `port` from now on. */
export async function recordSignet(
  databaseUrl: string,
  secretKey: string,
  port: number,
  directory: string,
): Promise<Recorded> {
  const provision = join(directory, 'world.json');
  await writeFile(
    provision,
    JSON.stringify({
      users: [...world.users, world.userOfTwoFactors],
      clients: [world.client, world.api],
      resources: [{ identifier: world.resource, scopes: [world.resourceScope] }],
    }),
  );
  const { config } = readConfig({
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    SECRET_KEY: secretKey,
    PROVISION: provision,
    LOG_LEVEL: 'silent',
  });
  // A clock that stands still during a request: what of it is in a value is known for certain.
  let now = Date.now();
  let happened: Happened[] = [];
  const requestIds = new Set<string>();
  let newest: Buffer = Buffer.alloc(opaqueBytes);
  const random = (bytes: number) => {
    const made = randomBytes(bytes);
    if (bytes === 9) requestIds.add(made.toString('base64url'));
    if (bytes === opaqueBytes) newest = made;
    return made;
  };
  const unwatch = watchSignatures((step) => happened.push(step));
  const server = await startServer(config, {
    clock: () => now,
    random,
    log: pino({ level: 'silent' }),
    observe: (statement) => happened.push({ statement }),
  });
  try {
    const { hasher } = server.deps;
    const verify: typeof hasher.verify = (password, phc) => {
      happened.push({ is: 'hash' });
      return hasher.verify(password, phc);
    };
    Object.assign(server.deps, { hasher: { ...hasher, verify } });
    const issuer = config.publicUrl;
    const agents = await signIn(issuer);
    const named = (name: 'session' | 'browser' | 'known') => cookieName({ issuer }, name);
    const target: world.Target = {
      name: 'signet',
      host: config.host,
      port,
      issuer,
      pid: process.pid,
      browsers: agents.map(cookiesOf),
    };
    await server.settled();
    const steps: Partial<Record<RecordedRow, Step[]>> = {};
    const meet = async (request: string, status: number): Promise<Answer> => {
      happened = [];
      now += 1000;
      const answer = await ask(target, request);
      if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}:\n${answer.head}`);
      return answer;
    };
    const keep: Recorder['keep'] = (row, known) => {
      steps[row] = stepsOf(happened, { now, known, requestIds });
    };

    const cookies = agents[0]!.cookies;
    const authorize = world.get(target, world.authorizePath(), { cookie: target.browsers[0]! });
    const token = (form: Record<string, string>) => world.tokenRequest(target, form);
    // Once unrecorded, so that everything that is kept in memory is there.
    const firstCode = codeIn(await meet(authorize, 303));
    await meet(token(world.codeForm(firstCode)), 200);
    const answered = await meet(authorize, 303);
    const atAuthorize = { happened, now };
    const code = codeIn(answered);
    const tokens = tokensIn(await meet(token(world.codeForm(code)), 200));
    const access = claimsOf(tokens.access_token);
    const ids = idsIn(access);
    keep('code', { ...ids, presented: sha256(code), child: sha256(tokens.refresh_token) });
    steps.authorize = stepsOf(atAuthorize.happened, {
      now: atAuthorize.now,
      known: {
        presented: sha256(cookies.get(named('session'))!),
        sessionId: ids.sessionId,
        userId: ids.userId,
        code: sha256(code),
      },
      requestIds,
    });
    const child = tokensIn(await meet(token(world.refreshForm(tokens.refresh_token)), 200));
    keep('refresh', { ...ids, presented: sha256(tokens.refresh_token), child: sha256(child.refresh_token) });
    await meet(world.get(target, '/oauth/userinfo', { authorization: `Bearer ${child.access_token}` }), 200);
    keep('userinfo', ids);

    await meet(world.ownTokenRequest(target), 200);
    const own = tokensIn(await meet(world.ownTokenRequest(target), 200));
    keep('client-credentials', {});
    const forResource = world.get(target, world.pathForResource(), { cookie: target.browsers[0]! });
    const codeForResource = codeIn(await meet(forResource, 303));
    const { access_token: shown } = tokensIn(await meet(token(world.codeForm(codeForResource)), 200));
    await meet(world.introspectRequest(target, shown), 200);
    await meet(world.introspectRequest(target, shown), 200);
    keep('introspect', { ...idsIn(claimsOf(shown)), jti: String(claimsOf(shown)['jti']) });

    const signedOut = agents.map(({ cookies: all }) =>
      headerFor((['browser', 'known'] as const).map((name) => [named(name), all.get(named(name))!])),
    );
    const attempt = await keptAttempt(databaseUrl, cookies.get(named('browser'))!);
    const form = { attempt, username: world.users[0]!.username, password: world.users[0]!.password };
    const signedIn = await meet(world.post(target, '/sign-in', form, { cookie: signedOut[0]! }), 303);
    const [, deviceId = ''] = decodeURIComponent(cookies.get(named('known'))!).split('~');
    keep('password', {
      userId: ids.userId,
      attempt,
      browser: sha256(cookies.get(named('browser'))!),
      identifier: world.users[0]!.username,
      limitKey: `password account ${ids.userId} browser ${deviceId}`,
      session: sha256(/signet-default-session-\d+=([^;]+)/.exec(signedIn.head)![1]!),
    });
    const firstParty = await recordFirstParty({
      databaseUrl,
      box: server.deps.box,
      target,
      meet,
      keep,
      sessionHash: () => opaqueToken('session', newest).hash,
    });
    const discovery = await meet(world.get(target, '/.well-known/openid-configuration'), 200);
    const jwks = await meet(world.get(target, '/oauth/jwks'), 200);
    const all = steps as Record<RecordedRow, Step[]>;
    const counted = Object.fromEntries(
      Object.entries({ ...all, discovery: [], jwks: [], flow: [...all.authorize, ...all.code] }).map(([row, taken]) => [
        row,
        countSteps(taken),
      ]),
    ) as Record<RowName, Counted>;
    return {
      issuer,
      discovery: { headers: ownHeaders(discovery), body: discovery.body.toString() },
      jwksHeaders: ownHeaders(jwks),
      steps: all,
      accessClaims: access,
      idClaims: claimsOf(tokens.id_token),
      ownClaims: claimsOf(own.access_token),
      scope: tokens.scope,
      counted,
      attemptId: attempt,
      browsers: target.browsers,
      signedOutBrowsers: signedOut,
      firstParty,
    };
  } finally {
    unwatch();
    await server.stop(0);
  }
}

/** Every user in a browser of their own. */
async function signIn(issuer: string): Promise<Agent[]> {
  const agents: Agent[] = [];
  for (const user of world.users) {
    const agent = createAgent();
    await authorizeInteractively(agent, { url: `${issuer}${world.authorizePath()}` }, user);
    agents.push(agent);
  }
  return agents;
}

export function cookiesOf(agent: Agent): string {
  return headerFor(agent.cookies);
}

function headerFor(cookies: Iterable<readonly [string, string]>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

function codeIn(answer: Answer): string {
  return new URL(headerOf(answer, 'location')!).searchParams.get('code')!;
}

type Tokens = { access_token: string; refresh_token: string; id_token: string; scope: string };

function tokensIn(answer: Answer): Tokens {
  return JSON.parse(answer.body.toString()) as Tokens;
}

/** What the answer says of itself, without what belongs to the connection. */
function ownHeaders(answer: Answer): Record<string, string> {
  const lines = answer.head.split('\r\n').slice(1);
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return Object.fromEntries(
    pairs.filter(([name]) => !['date', 'connection', 'keep-alive', 'content-length'].includes(name)),
  );
}

/** Sees what jose asks of Web Crypto in this process. @returns how to stop. */
function watchSignatures(see: (step: Exclude<Step, { is: 'statement' }>) => void): () => void {
  const subtle = crypto.subtle as unknown as Record<'sign' | 'verify', unknown>;
  const watch = (name: 'sign' | 'verify', stepOf: (algorithm: string) => Exclude<Step, { is: 'statement' }>) => {
    const original = subtle[name] as (...args: unknown[]) => unknown;
    subtle[name] = (...args: unknown[]) => {
      const [algorithm] = args as [string | { name: string }];
      see(stepOf(typeof algorithm === 'string' ? algorithm : algorithm.name));
      return original.apply(subtle, args);
    };
    return () => {
      subtle[name] = original;
    };
  };
  const ends = [
    watch('sign', (algorithm) => ({ is: 'sign', algorithm: algorithm === 'ECDSA' ? 'ES256' : 'RS256' })),
    watch('verify', () => ({ is: 'verify' })),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** An attempt that has its row before its password comes, so that the statements of the row name it: a copy of one that was signed in by. */
async function keptAttempt(databaseUrl: string, browser: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const id = randomBytes(18).toString('base64url');
    const { rowCount } = await client.query(
      `INSERT INTO sign_in_attempts (tenant_id, id, browser_hash, request, client_id, proven, created_at, expires_at)
       SELECT tenant_id, $1, $2, request, client_id, '[]', created_at, expires_at
       FROM sign_in_attempts WHERE request IS NOT NULL AND token_hash IS NULL LIMIT 1`,
      [id, sha256(browser)],
    );
    if (rowCount !== 1) throw new Error('nobody has signed in yet');
    return id;
  } finally {
    await client.end();
  }
}
