// A process that does nothing but verify access tokens: with a verifier that remembers them, with one that does not, and with jose alone.
import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { deflateSync } from 'node:zlib';
import { cpuOfAll } from './machine.ts';
import { bearerToken, createVerifier, type VerifierOptions } from '../src/verifier/verifier.ts';
import { type VerifyAlg, verifyAlgs, type VerifyWay, verifyWays } from './results.ts';
import { type Timed, undisturbed } from './quiet.ts';
import { resource, resourceScope, users } from './world.ts';

/** Verifications per second of one round. */
export type VerifyRound = Readonly<Record<VerifyAlg, Readonly<Record<VerifyWay, number>>>>;

const issuer = 'https://signet.example';
const tokensOfEach = 1000;
/** Requests that are under way at once. */
const atOnce = 16;
const warmUpMilliseconds = 500;
const turnsOfRound = 5;

/** @returns the `sub` of the token in an `Authorization` header. Rejects when the token is not good. */
type Verify = (authorization: string) => Promise<string | undefined>;

/** An `Authorization` header as it comes from a socket, and whose token is in it. */
type Header = { readonly bytes: Buffer; readonly subject: string };

type Lane = { readonly headers: readonly Header[]; readonly ways: Readonly<Record<VerifyWay, Verify>> };

async function openLane(alg: VerifyAlg): Promise<Lane> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { modulusLength: 3072 });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const documents: Readonly<Record<string, object>> = {
    [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/oauth/jwks` },
    [`${issuer}/oauth/jwks`]: { keys: [{ ...jwk, kid, alg, use: 'sig' }] },
  };
  const options: VerifierOptions = {
    issuer,
    audience: resource,
    fetch: async (url) =>
      url === listAddress
        ? new Response(await makeList({ alg, kid, privateKey }), {
            headers: { 'content-type': 'application/statuslist+jwt' },
          })
        : Response.json(documents[url as string]),
  };
  const [cached, uncached] = [createVerifier(options), createVerifier({ ...options, cachedTokens: 0 })];
  await Promise.all([cached.prime(), uncached.prime()]);
  const checks = {
    issuer,
    audience: resource,
    typ: 'at+jwt',
    algorithms: [alg],
    requiredClaims: ['exp'],
    clockTolerance: 5,
  };
  const headers: Header[] = [];
  for (let i = 0; i < tokensOfEach; i += 1) headers.push(await makeHeader({ alg, kid, privateKey }, i));
  const lane: Lane = {
    headers,
    ways: {
      cached: async (authorization) => (await cached.verify(bearerToken(authorization))).subject,
      uncached: async (authorization) => (await uncached.verify(bearerToken(authorization))).subject,
      jose: async (authorization) => (await jwtVerify(bearerToken(authorization)!, publicKey, checks)).payload.sub,
    },
  };
  await check(lane);
  const first = headers[0]!;
  const shown = bearerToken(first.bytes.toString('latin1'))!;
  if (cached.verifyNow(shown)?.subject !== first.subject)
    throw new Error('the verifier with a cache remembers nothing');
  if (uncached.verifyNow(shown)) throw new Error('the verifier without a cache remembers a token');
  return lane;
}

const listAddress = `${issuer}/oauth/status/00000000-0-0`;
/** A million places, of which the last tenth is revoked. */
const lst = deflateSync(Buffer.alloc(2 ** 17, 0).fill(0xff, 118_000)).toString('base64url');

type SignedWith = { readonly alg: VerifyAlg; readonly kid: string; readonly privateKey: CryptoKey };

/** The status list of all tokens, as Signet makes it: it is asked for again each second. */
function makeList({ alg, kid, privateKey }: SignedWith): Promise<string> {
  return new SignJWT({ ttl: 2, status_list: { bits: 1, lst } })
    .setProtectedHeader({ alg, typ: 'statuslist+jwt', kid })
    .setIssuer(issuer)
    .setSubject(listAddress)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

/** The header of an access token as Signet makes it for a person. */
async function makeHeader({ alg, kid, privateKey }: SignedWith, number: number): Promise<Header> {
  const random = (bytes: number) => randomBytes(bytes).toString('base64url');
  const subject = `${number}-${random(16)}`;
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({
    sid: random(24),
    acr: 'urn:signet:acr:password',
    amr: ['pwd'],
    auth_time: now,
    client_id: users[0]!.username,
    scope: `openid profile email ${resourceScope}`,
    grant_id: random(24),
    status: { status_list: { idx: number * 500, uri: listAddress } },
  })
    .setProtectedHeader({ alg, typ: 'at+jwt', kid })
    .setIssuer(issuer)
    .setAudience(resource)
    .setSubject(subject)
    .setJti(random(16))
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(privateKey);
  return { bytes: Buffer.from(`Bearer ${token}`), subject };
}

/** Shows every token to every way once, and forged ones. @throws Error when one does not verify rightly */
async function check({ headers, ways }: Lane): Promise<void> {
  for (const way of verifyWays) {
    const verify = ways[way];
    for (const { bytes, subject } of headers)
      if ((await verify(bytes.toString('latin1'))) !== subject) throw new Error(`${way} tells of another token`);
    const good = headers[0]!.bytes.toString('latin1');
    const signature = good.lastIndexOf('.') + 1;
    const forged = good.slice(0, signature) + headers[1]!.bytes.toString('latin1').split('.')[2]!;
    const refused = await verify(forged).then(
      () => false,
      () => true,
    );
    if (!refused) throw new Error(`${way} takes a forged token`);
  }
}

/** @returns verifications per second. @throws Error when one tells of another token */
async function window({ headers, ways }: Lane, way: VerifyWay, milliseconds: number): Promise<Timed<number>> {
  const verify = ways[way];
  // The clock is asked now and then where a verification takes less than to ask it often.
  const stretch = way === 'cached' ? 64 : 1;
  let next = 0;
  let completed = 0;
  const cpu = process.cpuUsage();
  const all = cpuOfAll();
  const begun = performance.now();
  const converse = async () => {
    while (performance.now() - begun < milliseconds)
      for (let i = 0; i < stretch; i += 1) {
        const { bytes, subject } = headers[next++ % tokensOfEach]!;
        // A string of its own each time, whose hash nobody has computed yet.
        if ((await verify(bytes.toString('latin1'))) !== subject) throw new Error(`${way} tells of another token`);
        completed += 1;
      }
  };
  await Promise.all(Array.from({ length: atOnce }, converse));
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const others = all === undefined ? undefined : cpuOfAll()! - all - user - system;
  return { value: completed / seconds, seconds, others };
}

const [rounds, milliseconds] = process.argv.slice(2).map(Number) as [number, number];
const lanes = { ES256: await openLane('ES256'), RS256: await openLane('RS256') };
const turns = verifyAlgs.flatMap((alg) => verifyWays.map((way) => ({ alg, way })));
for (const { alg, way } of turns) await window(lanes[alg], way, warmUpMilliseconds);
const taken: VerifyRound[] = [];
for (let round = 0; round < rounds; round += 1) {
  const made = { ES256: { cached: 0, uncached: 0, jose: 0 }, RS256: { cached: 0, uncached: 0, jose: 0 } };
  // In short turns, so that what else the machine does falls on all of them.
  for (let turn = 0; turn < turnsOfRound; turn += 1)
    for (const { alg, way } of turns)
      made[alg][way] += (await undisturbed(() => window(lanes[alg], way, milliseconds / turnsOfRound))) / turnsOfRound;
  taken.push(made);
}
process.stdout.write(`${JSON.stringify(taken)}\n`);
