// Before a row is timed: the server gives the right answers, and refuses what it must.
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { firstPartyClientId } from '../src/domain/client.ts';
import { makeHalfDone } from './half-done.ts';
import { type Answer, ask } from './load.ts';
import type { RowName } from './results.ts';
import {
  authorizeRequests,
  codeIn,
  expect,
  loginRequest,
  makeAttempts,
  signInRequest,
  tokenIn,
  userinfoRequest,
  verifyRequest,
} from './rows.ts';
import type { Bench } from './targets.ts';
import * as world from './world.ts';

type Check = (bench: Bench, target: world.Target) => Promise<void>;

/** @throws Error that says what the server got wrong. */
export async function check(row: RowName, bench: Bench, target: world.Target): Promise<void> {
  try {
    await checks[row](bench, target);
  } catch (error) {
    throw new Error(`${target.name} does not answer ${row} rightly: ${(error as Error).message}`, { cause: error });
  }
}

const checks: Readonly<Record<RowName, Check>> = {
  async discovery({ recorded }, target) {
    const body = expect(await ask(target, world.get(target, '/.well-known/openid-configuration')), 200).body.toString();
    const document = JSON.parse(body) as Record<string, unknown>;
    demand(document['issuer'] === target.issuer, 'its issuer is another');
    demand(target.name === 'peer' || body === recorded.discovery.body, 'it is not the recorded document');
  },
  async jwks(_bench, target) {
    const { keys } = await keySet(target);
    demand(keys.length === 2 && keys.every((key) => key['d'] === undefined), 'it is not two public keys');
  },
  async authorize(_bench, target) {
    const code = codeIn(await ask(target, authorizeRequests(target)[0]!));
    demand(code.length >= 43, 'its code is short');
    const signedOut = await ask(target, world.get(target, world.pathFor(target.name)));
    demand(!/[?&]code=/.test(signedOut.head), 'it needs no session');
  },
  async code(_bench, target) {
    const form = world.codeForm(codeIn(await ask(target, authorizeRequests(target)[world.userForChecks]!)));
    const wrong = world.tokenRequest(target, { ...form, code_verifier: 'a'.repeat(43) });
    demand((await ask(target, wrong)).status === 400, 'it takes any code verifier');
    const fresh = world.codeForm(codeIn(await ask(target, authorizeRequests(target)[world.userForChecks]!)));
    demand(
      (await ask(target, world.post(target, '/oauth/token', fresh, wrongSecret))).status >= 400,
      'it takes any secret',
    );
    await tokensAreRight(target, await ask(target, world.tokenRequest(target, fresh)));
    demand((await ask(target, world.tokenRequest(target, fresh))).status === 400, 'it takes a code twice');
  },
  async refresh(_bench, target) {
    const code = codeIn(await ask(target, authorizeRequests(target)[0]!));
    const first = tokenIn(await ask(target, world.tokenRequest(target, world.codeForm(code))), 'refresh_token');
    const answer = await ask(target, world.tokenRequest(target, world.refreshForm(first)));
    await tokensAreRight(target, answer);
    demand(tokenIn(answer, 'refresh_token') !== first, 'it does not rotate');
    const unknown = world.refreshForm(otherThan(first));
    demand((await ask(target, world.tokenRequest(target, unknown))).status === 400, 'it takes any refresh token');
  },
  async userinfo(_bench, target) {
    const path = world.pathForUserinfo();
    const code = codeIn(await ask(target, authorizeRequests(target, path)[0]!));
    const token = tokenIn(await ask(target, world.tokenRequest(target, world.codeForm(code))), 'access_token');
    const { body } = expect(await ask(target, userinfoRequest(target, token)), 200);
    const claims = JSON.parse(body.toString()) as Record<string, unknown>;
    const { name, email } = world.users[0]!;
    demand(claims['name'] === name && claims['email'] === email, 'the claims are of somebody else');
    demand((await ask(target, userinfoRequest(target, forgedOf(token)))).status >= 400, 'it takes any token');
  },
  async flow(_bench, target) {
    const code = codeIn(await ask(target, authorizeRequests(target)[0]!));
    await tokensAreRight(target, await ask(target, world.tokenRequest(target, world.codeForm(code))));
  },
  async 'client-credentials'(_bench, target) {
    const request = world.ownTokenRequest(target);
    const [answer, another] = [await ask(target, request), await ask(target, request)];
    const access = await accessTokenIsRight(target, tokenIn(answer, 'access_token'), world.api.client_id);
    demand(access.aud === world.resource, 'its access token is for another resource');
    demand(access['scope'] === world.resourceScope, 'its access token has another scope');
    demand(!/"(?:refresh|id)_token"/.test(answer.body.toString()), 'it gives more than an access token');
    demand(tokenIn(another, 'access_token') !== tokenIn(answer, 'access_token'), 'it gives a token twice');
    const wrong = world.ownTokenRequest(target, world.basicOf(world.api, 'wrong'));
    demand((await ask(target, wrong)).status >= 400, 'it takes any secret');
  },
  async introspect(_bench, target) {
    const code = codeIn(await ask(target, authorizeRequests(target, world.pathForIntrospect(target.name))[0]!));
    const token = tokenIn(await ask(target, world.tokenRequest(target, world.codeForm(code))), 'access_token');
    const askAbout = async (what: string) => ask(target, world.introspectRequest(target, what));
    // Twice: the second answer may come from what was kept of the first.
    for (const answer of [await askAbout(token), await askAbout(token)]) {
      const said = JSON.parse(expect(answer, 200).body.toString()) as Record<string, unknown>;
      const { sub, exp } =
        target.name === 'peer' ? { sub: world.users[0]!.username, exp: said['exp'] } : decodeJwt(token);
      demand(said['active'] === true && said['client_id'] === world.client.client_id, 'it does not know the token');
      demand(said['sub'] === sub && said['exp'] === exp && Number(exp) > 0, 'it tells of another token');
    }
    const forged = expect(await askAbout(forgedOf(token)), 200).body.toString();
    demand(forged === '{"active":false}', 'it takes a forged access token');
    const wrong = world.introspectRequest(target, token, world.basicOf(world.api, 'wrong'));
    demand((await ask(target, wrong)).status >= 400, 'it takes any secret');
  },
  async password(bench, target) {
    const cookie = bench.recorded.signedOutBrowsers[0]!;
    const [[right, wrong] = []] = await makeAttempts(bench, target, [0], 2);
    const request = signInRequest(target, 0, right!, cookie);
    demand(/signet-default-session-\d+=sgs_/.test(expect(await ask(target, request), 303).head), 'it gives no session');
    const mistyped = signInRequest(target, 0, wrong!, cookie).replace('the+long', 'the+lone');
    demand((await ask(target, mistyped)).status >= 400, 'it takes any password');
    // A right one again, so that nothing is counted against the browser.
    const [[again] = []] = await makeAttempts(bench, target, [0], 1);
    expect(await ask(target, signInRequest(target, 0, again!, cookie)), 303);
  },
  async 'auth-login'(bench, target) {
    const request = loginRequest(bench, target, 0);
    const mistyped = request.replace('the long', 'the lone');
    demand((await ask(target, mistyped)).status >= 400, 'it takes any password');
    // A right one after it, so that nothing is counted against the device.
    const answer = await ask(target, request);
    await accessTokenIsRight(target, tokenIn(answer, 'access_token'), firstPartyClientId);
    demand(tokenIn(answer, 'refresh_token').length >= 43, 'its refresh token is short');
  },
  async 'auth-refresh'(bench, target) {
    const first = tokenIn(await ask(target, loginRequest(bench, target, 0)), 'refresh_token');
    const request = world.postJson(target, '/auth/refresh', { refresh_token: first });
    const answer = await ask(target, request);
    await accessTokenIsRight(target, tokenIn(answer, 'access_token'), firstPartyClientId);
    demand(tokenIn(answer, 'refresh_token') !== first, 'it does not rotate');
    const unknown = request.replace(first, otherThan(first));
    demand((await ask(target, unknown)).status >= 400, 'it takes any refresh token');
  },
  async 'auth-mfa'(bench, target) {
    const [half, another] = await makeHalfDone(bench, target, 2);
    const [code, next] = half!.codes;
    const foreign = verifyRequest(target, half!.token, another!.codes[0]!);
    demand((await ask(target, foreign)).status >= 400, 'it takes any code');
    const answer = await ask(target, verifyRequest(target, half!.token, code!));
    const access = await accessTokenIsRight(target, tokenIn(answer, 'access_token'), firstPartyClientId);
    demand(access['mfa_verified'] === true, 'its access token says nothing of the second factor');
    demand((await ask(target, verifyRequest(target, half!.token, next!))).status >= 400, 'it takes a token twice');
    const forged = verifyRequest(target, otherThan(another!.token), another!.codes[0]!);
    demand((await ask(target, forged)).status >= 400, 'it takes any partial token');
  },
};

const wrongSecret = world.basicOf(world.client, 'wrong');

function demand(isRight: boolean, otherwise: string): void {
  if (!isRight) throw new Error(otherwise);
}

/** The same but for its last four letters. */
function forgedOf(token: string): string {
  return `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
}

/** The same but for its last letter, also when that is decoded. */
function otherThan(token: string): string {
  return token.replace(/.$/, (last) => (last === 'A' ? 'Z' : 'A'));
}

async function keySet(target: world.Target): Promise<JSONWebKeySet> {
  return JSON.parse(expect(await ask(target, world.get(target, '/oauth/jwks')), 200).body.toString()) as JSONWebKeySet;
}

/** RFC 9068 and OpenID Connect Core 1.0 2: signed with the keys it publishes, by the algorithms that are compared. */
async function tokensAreRight(target: world.Target, answer: Answer): Promise<void> {
  const keys = createLocalJWKSet(await keySet(target));
  const idToken = tokenIn(answer, 'id_token');
  const { payload } = await jwtVerify(idToken, keys, { issuer: target.issuer, audience: world.client.client_id });
  demand(decodeProtectedHeader(idToken).alg === 'RS256', 'its ID token is not signed with RS256');
  const isRefreshed = payload['nonce'] === undefined;
  demand(isRefreshed || payload['nonce'] === world.nonce, 'the nonce is another');
  await accessTokenIsRight(target, tokenIn(answer, 'access_token'), world.client.client_id);
}

/** @returns its claims. */
async function accessTokenIsRight(target: world.Target, accessToken: string, clientId: string): Promise<JWTPayload> {
  const keys = createLocalJWKSet(await keySet(target));
  const { payload, protectedHeader } = await jwtVerify(accessToken, keys, { issuer: target.issuer, typ: 'at+jwt' });
  demand(protectedHeader.alg === 'ES256', 'its access token is not signed with ES256');
  demand(payload['client_id'] === clientId, 'its access token is for another client');
  return payload;
}
