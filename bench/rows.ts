// The rows: what the connections of each say, and the one-time inputs that are made for it beforehand.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { credentialsOf } from './first-party.ts';
import { makeHalfDone } from './half-done.ts';
import { type Answer, ask, drive, headerOf, type Script } from './load.ts';
import { sha256 } from './recording.ts';
import type { RowName, ServerName } from './results.ts';
import type { Bench } from './targets.ts';
import * as world from './world.ts';

/** One row at one server, through all its rounds. `units`: about how many the window that comes now will need. */
export type Lane = (units: number) => Promise<Script>;

export type Row = {
  readonly connections: number;
  readonly servers: readonly ServerName[];
  open(bench: Bench, target: world.Target): Promise<Lane>;
};

const all = ['floor', 'signet', 'peer'] as const;
const connections = world.mostConnections;

export const rows: Readonly<Record<RowName, Row>> = {
  discovery: {
    connections,
    servers: all,
    open: (_bench, target) => document(target, '/.well-known/openid-configuration'),
  },
  jwks: { connections, servers: all, open: (_bench, target) => document(target, '/oauth/jwks') },
  authorize: {
    connections,
    servers: all,
    open: async (_bench, target) => {
      const requests = authorizeRequests(target);
      return () => Promise.resolve({ next: (i) => requests[i], read: (_i, answer) => codeIn(answer) !== '' });
    },
  },
  code: {
    connections,
    servers: all,
    open: async (_bench, target) => async (units) => {
      const codes = await makeCodes(target, units);
      return {
        next: () => {
          const code = codes.pop();
          return code === undefined ? undefined : world.tokenRequest(target, world.codeForm(code));
        },
        read: (_i, answer) => tokenIn(answer, 'id_token') !== '' && tokenIn(answer, 'refresh_token') !== '',
      };
    },
  },
  refresh: {
    connections,
    servers: all,
    open: async (_bench, target) => {
      const tokens = (await makeTokens(target)).map((answer) => tokenIn(answer, 'refresh_token'));
      const script: Script = {
        next: (i) => world.tokenRequest(target, world.refreshForm(tokens[i]!)),
        read(i, answer) {
          const token = tokenIn(answer, 'refresh_token');
          if (token === tokens[i]) throw new Error('the refresh token was not rotated');
          tokens[i] = token;
          return tokenIn(answer, 'id_token') !== '';
        },
      };
      return () => Promise.resolve(script);
    },
  },
  userinfo: {
    connections,
    servers: all,
    open: async (_bench, target) => {
      const answers = await makeTokens(target, world.pathForUserinfo());
      const requests = answers.map((answer) => userinfoRequest(target, tokenIn(answer, 'access_token')));
      const script: Script = {
        next: (i) => requests[i],
        read: (_i, answer) => expect(answer, 200).body.includes('"email_verified":true'),
      };
      return () => Promise.resolve(script);
    },
  },
  flow: {
    connections,
    servers: all,
    open: async (_bench, target) => {
      const requests = authorizeRequests(target);
      const codes: (string | undefined)[] = [];
      const script: Script = {
        next: (i) => (codes[i] === undefined ? requests[i] : world.tokenRequest(target, world.codeForm(codes[i]))),
        read(i, answer) {
          if (codes[i] === undefined) {
            codes[i] = codeIn(answer);
            return false;
          }
          codes[i] = undefined;
          return tokenIn(answer, 'id_token') !== '' && tokenIn(answer, 'refresh_token') !== '';
        },
      };
      return () => Promise.resolve(script);
    },
  },
  'client-credentials': {
    connections,
    servers: all,
    open: (_bench, target) => {
      const request = world.ownTokenRequest(target);
      const last: string[] = [];
      const script: Script = {
        next: () => request,
        read(i, answer) {
          const token = tokenIn(answer, 'access_token');
          if (token === last[i]) throw new Error('the same access token came twice');
          last[i] = token;
          return true;
        },
      };
      return Promise.resolve(() => Promise.resolve(script));
    },
  },
  introspect: {
    connections,
    servers: all,
    open: async (_bench, target) => {
      const answers = await makeTokens(target, world.pathForIntrospect(target.name));
      const requests = answers.map((answer) => world.introspectRequest(target, tokenIn(answer, 'access_token')));
      const script: Script = {
        next: (i) => requests[i],
        read: (_i, answer) => {
          if (!expect(answer, 200).body.includes('"active":true')) throw new Error('a token that stands is not active');
          return true;
        },
      };
      return () => Promise.resolve(script);
    },
  },
  password: {
    connections: 4,
    servers: ['floor', 'signet'],
    open: async (bench, target) => {
      const { signedOutBrowsers: browsers } = bench.recorded;
      return async (units) => {
        const attempts = await makeAttempts(bench, target, [0, 1, 2, 3], units);
        return {
          next: (i) => {
            const attempt = attempts[i]!.pop();
            return attempt === undefined ? undefined : signInRequest(target, i, attempt, browsers[i]!);
          },
          read: (_i, answer) => /signet-default-session-\d+=sgs_/.test(expect(answer, 303).head),
        };
      };
    },
  },
  'auth-login': {
    connections: 4,
    servers: ['floor', 'signet'],
    open: (bench, target) => {
      const requests = [0, 1, 2, 3].map((user) => loginRequest(bench, target, user));
      const read = (_i: number, answer: Answer) => tokenIn(answer, 'refresh_token') !== '';
      return Promise.resolve(() => Promise.resolve({ next: (i) => requests[i], read }));
    },
  },
  'auth-refresh': {
    connections,
    servers: ['floor', 'signet'],
    open: async (bench, target) => {
      const tokens: string[] = [];
      for (let user = 0; user < connections; user += 1)
        tokens.push(tokenIn(await ask(target, loginRequest(bench, target, user)), 'refresh_token'));
      const script: Script = {
        next: (i) => world.postJson(target, '/auth/refresh', { refresh_token: tokens[i]! }),
        read(i, answer) {
          const token = tokenIn(answer, 'refresh_token');
          if (token === tokens[i]) throw new Error('the refresh token was not rotated');
          tokens[i] = token;
          return tokenIn(answer, 'access_token') !== '';
        },
      };
      return () => Promise.resolve(script);
    },
  },
  'auth-mfa': {
    connections,
    servers: ['floor', 'signet'],
    open: async (bench, target) => async (units) => {
      const halves = await makeHalfDone(bench, target, units);
      return {
        next: () => {
          const half = halves.pop();
          return half && verifyRequest(target, half.token, half.codes[0]!);
        },
        read: (_i, answer) => tokenIn(answer, 'refresh_token') !== '' && answer.body.includes('"mfa_verified":true'),
      };
    },
  },
};

export function expect(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} instead of ${status}:\n${answer.head}\n\n${answer.body.toString().slice(0, 1000)}`);
}

export function userinfoRequest(target: world.Target, accessToken: string): string {
  return world.get(target, '/oauth/userinfo', { authorization: `Bearer ${accessToken}` });
}

export function signInRequest(target: world.Target, user: number, attempt: string, cookie: string): string {
  const { username, password } = world.users[user]!;
  return world.post(target, '/sign-in', { attempt, username, password }, { cookie });
}

/** POST /auth/login of a device that the account knows. */
export function loginRequest({ recorded }: Bench, target: world.Target, user: number): string {
  const device = recorded.firstParty.devices[user]!;
  return world.postJson(target, '/auth/login', { ...credentialsOf(world.users[user]!), device });
}

/** POST /auth/mfa/verify. */
export function verifyRequest(target: world.Target, token: string, code: string): string {
  return world.postJson(target, '/auth/mfa/verify', { token, code });
}

function document(target: world.Target, path: string): Promise<Lane> {
  const request = world.get(target, path);
  const read = (_i: number, answer: Answer) => expect(answer, 200).body.length > 100;
  return Promise.resolve(() => Promise.resolve({ next: () => request, read }));
}

/** The authorization request of each connection's browser. */
export function authorizeRequests(target: world.Target, path = world.pathFor(target.name)): string[] {
  return target.browsers.map((cookie) => world.get(target, path, { cookie }));
}

/** @throws Error when the answer is not a redirect with a code. */
export function codeIn(answer: Answer): string {
  const location = headerOf(expect(answer, 303), 'location') ?? '';
  const code = /[?&]code=([^&]+)/.exec(location)?.[1];
  if (code === undefined) throw new Error(`no code in ${location}`);
  return code;
}

/** The value of one member, without parsing the rest. @throws Error when it is not there. */
export function tokenIn(answer: Answer, name: 'access_token' | 'refresh_token' | 'id_token'): string {
  const { body } = expect(answer, 200);
  const begin = body.indexOf(`"${name}":"`);
  if (begin < 0) throw new Error(`no ${name} in ${body.toString()}`);
  const from = begin + name.length + 4;
  return body.toString('latin1', from, body.indexOf('"', from));
}

/** Fresh codes, each to be spent within a minute. */
async function makeCodes(target: world.Target, count: number, path?: string): Promise<string[]> {
  const requests = authorizeRequests(target, path);
  const codes: string[] = [];
  let asked = 0;
  const script: Script = {
    next: (i) => (asked++ < count ? requests[i] : undefined),
    read: (_i, answer) => codes.push(codeIn(answer)) > 0,
  };
  await drive(target, { connections: Math.min(count, connections), milliseconds: 60_000 }, script);
  return codes;
}

/** A token response for each connection, in the order of the browsers. */
export async function makeTokens(target: world.Target, path?: string): Promise<Answer[]> {
  const requests = authorizeRequests(target, path);
  const codes: string[] = [];
  const answers: Answer[] = [];
  const script: Script = {
    next: (i) => {
      if (answers[i]) return undefined;
      return codes[i] === undefined ? requests[i] : world.tokenRequest(target, world.codeForm(codes[i]));
    },
    read: (i, answer) => {
      if (codes[i] !== undefined) return (answers[i] = expect(answer, 200)) !== undefined;
      codes[i] = codeIn(answer);
      return false;
    },
  };
  await drive(target, { connections, milliseconds: 60_000 }, script);
  return answers;
}

/** Fresh sign-in attempts for each browser: copies of the recorded one, made behind the server's back. */
export async function makeAttempts(
  { databases, recorded }: Bench,
  { name }: world.Target,
  browsers: readonly number[],
  units: number,
): Promise<string[][]> {
  const client = new pg.Client({ connectionString: databases[name as 'floor' | 'signet'] });
  await client.connect();
  try {
    const made: string[][] = [];
    for (const i of browsers) {
      // One connection may be faster than the others.
      const ids = Array.from({ length: units }, () => randomBytes(18).toString('base64url'));
      const browser = /signet-default-browser-\d+=([^;]+)/.exec(recorded.signedOutBrowsers[i]!)![1]!;
      const hash = `\\x${sha256(browser).toString('hex')}`;
      await client.query(
        `INSERT INTO sign_in_attempts
         SELECT (jsonb_populate_record(a, jsonb_build_object('id', fresh.id, 'browser_hash', $3::text, 'finished_at', NULL))).*
         FROM sign_in_attempts a, unnest($2::text[]) AS fresh (id) WHERE a.id = $1`,
        [recorded.attemptId, ids, hash],
      );
      made.push(ids);
    }
    return made;
  } finally {
    await client.end();
  }
}
