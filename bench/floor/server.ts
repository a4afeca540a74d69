// The floor: a server that does only what no server can leave out, on the same PostgreSQL, with the same statements and libraries.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'node:querystring';
import Fastify, { type FastifyReply } from 'fastify';
import { calculateJwkThumbprint, CompactSign, compactVerify, type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import { fingerprint } from '../../src/crypto/hash.ts';
import { uuidv7 } from '../../src/domain/uuid.ts';
import type { Recorded } from '../record.ts';
import { type RecordedRow, recordedRows } from '../recording.ts';
import { api, client } from '../world.ts';
import { verifiedPassword } from './password.ts';
import { type Known, openPool, type Replay, replayOf, type Row } from './replay.ts';

export type FloorSettings = { readonly port: number; readonly databaseUrl: string; readonly recorded: Recorded };

const { port, databaseUrl, recorded } = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as FloorSettings;
const pool = openPool(databaseUrl);
const replay = Object.fromEntries(recordedRows.map((row) => [row, replayOf(pool, recorded.steps[row])])) as Record<
  RecordedRow,
  Replay
>;

type Key = {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
};

async function makeKey(alg: 'ES256' | 'RS256'): Promise<Key & { jwk: object }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 3072 });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { alg, kid, privateKey, publicKey, jwk: { ...jwk, kid, alg, use: 'sig' } };
}

const es256 = await makeKey('ES256');
const rs256 = await makeKey('RS256');
const encoder = new TextEncoder();

function sign({ alg, kid, privateKey }: Key, typ: string, claims: object): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims))).setProtectedHeader({ alg, typ, kid }).sign(privateKey);
}

const sha256 = (value: string) => createHash('sha256').update(value).digest();

const macKey = randomBytes(32);
const macOf = (secret: string) => createHmac('sha256', macKey).update(secret).digest();
const [clientMac, apiMac] = [client, api].map((one) => macOf(`${one.client_id}:${one.client_secret}`)) as [
  Buffer,
  Buffer,
];

/** `secretMac`: of the client that it must be. */
function isClient(secretMac: Buffer, authorization = ''): boolean {
  return timingSafeEqual(macOf(Buffer.from(authorization.slice(6), 'base64').toString()), secretMac);
}

type Claims = Readonly<Record<string, unknown>>;
const { accessClaims, idClaims, ownClaims, firstParty } = recorded;
const lifetimeOf = (claims: Claims) => Number(claims['exp']) - Number(claims['iat']);
const lifetimes = { access: lifetimeOf(accessClaims), id: lifetimeOf(idClaims), own: lifetimeOf(ownClaims) };

/** The answer that Signet gave when it was recorded, about this grant. */
async function tokensFor(row: Row, now: number, refreshToken: string): Promise<object> {
  const iat = Math.floor(now / 1000);
  const whose = { sub: row['user_id'], sid: row['session_id'], iat };
  const jti = randomBytes(16).toString('base64url');
  const access = { ...accessClaims, ...whose, exp: iat + lifetimes.access, jti, grant_id: row['grant_id'] };
  const accessToken = await sign(es256, 'at+jwt', access);
  const atHash = sha256(accessToken).subarray(0, 16).toString('base64url');
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: lifetimes.access,
    scope: recorded.scope,
    refresh_token: refreshToken,
    id_token: await sign(rs256, 'JWT', { ...idClaims, ...whose, exp: iat + lifetimes.id, at_hash: atHash }),
  };
}

/** The answer to a client that asks for itself. */
async function ownToken(now: number): Promise<object> {
  const iat = Math.floor(now / 1000);
  const jti = randomBytes(16).toString('base64url');
  return {
    access_token: await sign(es256, 'at+jwt', { ...ownClaims, iat, exp: iat + lifetimes.own, jti }),
    token_type: 'Bearer',
    expires_in: lifetimes.own,
    scope: ownClaims['scope'],
  };
}

type Ids = { readonly userId: string; readonly sessionId: string; readonly grantId: string };

/** The same of the first-party API, about the grant that `ids` are of. */
async function firstPartyTokens(claims: Claims, ids: Ids, now: number, refreshToken: string): Promise<object> {
  const iat = Math.floor(now / 1000);
  const token = await sign(es256, 'at+jwt', {
    ...claims,
    sub: ids.userId,
    sid: ids.sessionId,
    grant_id: ids.grantId,
    iat,
    exp: iat + lifetimeOf(claims),
    jti: randomBytes(16).toString('base64url'),
  });
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: lifetimeOf(claims),
    scope: claims['scope'],
    refresh_token: refreshToken,
    token,
  };
}

/** The end of a sign-in of the first-party API: its tokens signed, then written. @returns undefined when nothing was written. */
async function beginFirstParty(
  { after }: Replay,
  { known, userId, claims, now }: { known: Known; userId: string; claims: Claims; now: number },
): Promise<object | undefined> {
  const ids = { userId, sessionId: uuidv7(now, randomBytes(10)), grantId: uuidv7(now, randomBytes(10)) };
  const child = `sgr_${randomBytes(32).toString('base64url')}`;
  const session = sha256(`sgs_${randomBytes(32).toString('base64url')}`);
  const tokens = await firstPartyTokens(claims, ids, now, child);
  const written = await after.run({ ...known, ...ids, child: sha256(child), session }, now);
  return written.at(-1)?.length === 1 ? tokens : undefined;
}

type Form = Readonly<Record<string, string>>;

const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, parse(body as string)),
);
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
  done(null, JSON.parse(body as string)),
);

const discovery = Buffer.from(recorded.discovery.body);
app.get('/.well-known/openid-configuration', (_request, reply) =>
  reply.headers(recorded.discovery.headers).send(discovery),
);
const jwks = Buffer.from(JSON.stringify({ keys: [rs256.jwk, es256.jwk] }));
app.get('/oauth/jwks', (_request, reply) => reply.headers(recorded.jwksHeaders).send(jwks));

const issuerPort = new URL(recorded.issuer).port;
const secretIn = (cookies: string, name: string) =>
  new RegExp(`signet-default-${name}-\\d+=([^;]+)`).exec(cookies)?.[1] ?? '';

app.get('/oauth/authorize', async (request, reply) => {
  const now = Date.now();
  const { redirect_uri: redirectUri, state } = request.query as Form;
  const presented = sha256(secretIn(request.headers.cookie ?? '', 'session'));
  const code = `sgc_${randomBytes(32).toString('base64url')}`;
  const [[session] = [], ...rest] = await replay.authorize.before.run({ presented, code: sha256(code) }, now, (row) =>
    row['user_id'] === undefined ? {} : { sessionId: row['id']!, userId: row['user_id'] },
  );
  if (!session || rest.at(-1)?.length !== 1) return refuse(reply);
  const answer = new URLSearchParams({ code, state: state!, iss: recorded.issuer });
  return reply.header('cache-control', 'no-store').redirect(`${redirectUri}?${answer.toString()}`, 303);
});

app.post('/oauth/token', async (request, reply) => {
  const now = Date.now();
  const form = request.body as Form;
  if (form['grant_type'] === 'client_credentials') {
    if (!isClient(apiMac, request.headers.authorization)) return refuse(reply);
    return reply.header('cache-control', 'no-store').send(await ownToken(now));
  }
  if (!isClient(clientMac, request.headers.authorization)) return refuse(reply);
  const isRefresh = form['grant_type'] === 'refresh_token';
  const { before, after } = isRefresh ? replay.refresh : replay.code;
  const presented = sha256((isRefresh ? form['refresh_token'] : form['code'])!);
  const [[row] = []] = await before.run({ presented }, now);
  if (!row) return refuse(reply);
  if (!isRefresh && sha256(form['code_verifier']!).toString('base64url') !== row['code_challenge'])
    return refuse(reply);
  const child = `sgr_${randomBytes(32).toString('base64url')}`;
  const tokens = await tokensFor(row, now, child);
  const written = await after.run({ presented, child: sha256(child), grantId: row['grant_id']! }, now);
  if (written.at(-1)?.length !== 1) return refuse(reply);
  return reply.header('cache-control', 'no-store').send(tokens);
});

/** What tokens say that were verified before. */
const verified = new Map<string, Claims>();

async function verifiedAnew(token: string): Promise<Claims | undefined> {
  try {
    const { payload } = await compactVerify(token, es256.publicKey);
    const claims = JSON.parse(new TextDecoder().decode(payload)) as Claims;
    verified.set(token, claims);
    return claims;
  } catch {
    return undefined;
  }
}

/** Where the statement of a row stands, which hangs on whether Signet verified the recorded token again. */
const standingOf = (row: 'userinfo' | 'introspect') =>
  replay[row][recorded.steps[row].some(({ is }) => is === 'verify') ? 'after' : 'before'];

app.get('/oauth/userinfo', async (request, reply) => {
  const now = Date.now();
  const token = request.headers.authorization!.slice(7);
  const claims = verified.get(token) ?? (await verifiedAnew(token));
  if (!claims || Number(claims['exp']) * 1000 <= now) return refuse(reply);
  const known = { grantId: String(claims['grant_id']), jti: String(claims['jti']) };
  const [[user] = []] = await standingOf('userinfo').run(known, now);
  if (!user) return refuse(reply);
  return reply.header('cache-control', 'no-store').send({
    sub: user['id'],
    ...(JSON.parse(user['claims']!) as object),
    preferred_username: user['username'],
    updated_at: Math.floor(Date.parse(user['updated_at']!) / 1000),
    email: user['email'],
    email_verified: user['email_verified'] === 't',
  });
});

app.post('/oauth/introspect', async (request, reply) => {
  const now = Date.now();
  if (!isClient(apiMac, request.headers.authorization)) return refuse(reply);
  // Without waiting where nothing is to be waited for.
  const token = (request.body as Form)['token']!;
  const claims = verified.get(token) ?? (await verifiedAnew(token));
  reply.header('cache-control', 'no-store');
  if (!claims || Number(claims['exp']) * 1000 <= now) return reply.send({ active: false });
  const known = { grantId: String(claims['grant_id']), jti: String(claims['jti']) };
  const [[user] = []] = await standingOf('introspect').run(known, now);
  const stands = user !== undefined && user['id'] === claims['sub'];
  return reply.send(stands ? { active: true, token_type: 'Bearer', ...claims } : { active: false });
});

app.post('/sign-in', async (request, reply) => {
  const now = Date.now();
  const form = request.body as Form;
  const cookies = request.headers.cookie ?? '';
  const [userId = '', device = ''] = secretIn(cookies, 'known').split('~');
  const known = {
    userId,
    attempt: form['attempt']!,
    browser: sha256(secretIn(cookies, 'browser')),
    identifier: form['username']!.toLowerCase(),
    limitKey: `password account ${userId} browser ${device}`,
  };
  const read = await replay.password.before.run(known, now);
  const user = read.flat().find((row) => row['password_hash'] !== undefined);
  if (!user || !(await verifiedPassword(form['password']!, user['password_hash']!))) return refuse(reply);
  const secret = `sgs_${randomBytes(32).toString('base64url')}`;
  await replay.password.after.run({ ...known, session: sha256(secret) }, now);
  return reply
    .headers({
      'cache-control': 'no-store',
      'set-cookie': `signet-default-session-${issuerPort}=${secret}; Path=/; HttpOnly; SameSite=Lax`,
    })
    .redirect(`/oauth/authorize/${form['attempt']}`, 303);
});

app.post('/auth/login', async (request, reply) => {
  const now = Date.now();
  const { username, password, device } = request.body as Form;
  const [userId = '', deviceId = ''] = device!.split('~');
  const known = {
    userId,
    identifier: username!.toLowerCase(),
    limitKey: `password account ${userId} browser ${deviceId}`,
  };
  const read = await replay['auth-login'].before.run(known, now);
  const user = read.flat().find((row) => row['password_hash'] !== undefined);
  if (!user || !(await verifiedPassword(password!, user['password_hash']!))) return refuse(reply);
  const tokens = await beginFirstParty(replay['auth-login'], { known, userId, claims: firstParty.claims.one, now });
  return tokens ? reply.header('cache-control', 'no-store').send({ ...tokens, device }) : refuse(reply);
});

app.post('/auth/refresh', async (request, reply) => {
  const now = Date.now();
  const { before, after } = replay['auth-refresh'];
  const presented = sha256((request.body as Form)['refresh_token']!);
  const [[row] = []] = await before.run({ presented }, now);
  if (!row) return refuse(reply);
  const ids = { userId: row['user_id']!, sessionId: row['session_id']!, grantId: row['grant_id']! };
  const child = `sgr_${randomBytes(32).toString('base64url')}`;
  const tokens = await firstPartyTokens(firstParty.claims.one, ids, now, child);
  const written = await after.run({ presented, child: sha256(child), grantId: ids.grantId }, now);
  if (written.at(-1)?.length !== 1) return refuse(reply);
  return reply.header('cache-control', 'no-store').send(tokens);
});

const partialTokenKey = Buffer.from(firstParty.partialTokenKey, 'base64');

app.post('/auth/mfa/verify', async (request, reply) => {
  const now = Date.now();
  const { token, code } = request.body as Form;
  const { payload } = await compactVerify(token!, partialTokenKey);
  const claims = JSON.parse(new TextDecoder().decode(payload)) as Record<string, string>;
  const userId = claims['sub']!;
  let device: string | undefined;
  // Where the attempt is counted hangs on the device, which the first statement reads.
  let limitKey = `code account ${userId}`;
  const known = { userId, attempt: claims['jti']!, presented: fingerprint([token!]) };
  const read = await replay['auth-mfa'].before.run({ ...known, limitKey }, now, (row) => {
    if (row['request'] === undefined) return {};
    device = (JSON.parse(row['request']) as { device: string }).device;
    limitKey = `code account ${userId} browser ${device.split('~')[1]}`;
    return { limitKey };
  });
  const hash = sha256(code!.replaceAll('-', '')).toString('base64url');
  const factor = read.flat().find((row) => row['kind'] === 'recovery_code' && row['secret'] === hash);
  if (device === undefined || !factor) return refuse(reply);
  const tokens = await beginFirstParty(replay['auth-mfa'], {
    known: { ...known, limitKey, credential: factor['id']! },
    userId,
    claims: firstParty.claims.two,
    now,
  });
  if (!tokens) return refuse(reply);
  return reply.header('cache-control', 'no-store').send({ ...tokens, device, mfa_verified: true });
});

function refuse(reply: FastifyReply) {
  return reply.code(400).send({ error: 'refused' });
}

process.on('SIGINT', () => process.exit(0));
await app.listen({ host: 'localhost', port });
process.stdout.write('ready\n');
