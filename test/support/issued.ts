// One of everything that a Signet gives out, and whether it still works.
import { expect } from 'vitest';
import { type Agent, createAgent } from './agent.ts';
import {
  alice,
  type Asked,
  authorizationRequest,
  authorizeInteractively,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  ownClient,
  refresh,
  type Tokens,
  webClient,
} from './flow.ts';

export type Issued = {
  readonly agent: Agent;
  /** Of a family that outlives its session, and of one that ends with it. */
  readonly offline: Tokens;
  readonly online: Tokens;
  /** Not exchanged yet. */
  readonly code: string;
  readonly asked: Asked;
};

type At = { readonly issuer: string };

/** Signs alice in and gets one of everything for the clients `web` and `own`. */
export async function issueEverything(signet: At, user = alice): Promise<Issued> {
  const agent = createAgent();
  const offline = await codeFlow(signet, webClient, {
    agent,
    user,
    change: { scope: 'openid offline_access', prompt: 'consent' },
  });
  const online = await codeFlow(signet, ownClient, { agent, user });
  const asked = authorizationRequest(signet, webClient);
  const code = (await authorizeInteractively(agent, asked, user)).get('code')!;
  return { agent, offline: offline.tokens, online: online.tokens, code, asked };
}

/** What of it works, by name; the code and the refresh tokens may be used up by asking. */
export async function working(signet: At, issued: Issued): Promise<Record<string, boolean>> {
  const silent = await issued.agent.get(authorizationRequest(signet, ownClient, { prompt: 'none' }).url);
  return {
    'access token of an offline grant': (await getUserinfo(signet, issued.offline.access_token)).status === 200,
    'access token of an online grant': (await getUserinfo(signet, issued.online.access_token)).status === 200,
    'refresh token of an offline grant':
      (await refresh(signet, webClient, issued.offline.refresh_token)).status === 200,
    'refresh token of an online grant': (await refresh(signet, ownClient, issued.online.refresh_token)).status === 200,
    'authorization code': (await exchangeCode(signet, webClient, issued.asked, issued.code)).status === 200,
    'session cookie at the account': (await issued.agent.get(`${signet.issuer}/account`)).status === 200,
    'session cookie at authorize': new URL(silent.location!).searchParams.has('code'),
    'signing key of the ID token': (await publishedKeys(signet)).has(keyOf(issued.online.id_token)),
    'signing key of the access token': (await publishedKeys(signet)).has(keyOf(issued.online.access_token)),
  };
}

/** All of it works, or nothing does; `without` names what is not looked at. */
export async function expectAll(signet: At, issued: Issued, works: boolean, without?: string): Promise<void> {
  const { [without ?? '']: _, ...found } = await working(signet, issued);
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, works])));
}

/** Somebody signs in anew, and everything that is issued then works. */
export async function expectSignIn(signet: At, user = alice): Promise<void> {
  const issued = await issueEverything(signet, user);
  expect(claimsOf(issued.online.id_token)['iss']).toBe(signet.issuer);
  await expectAll(signet, issued, true);
}

export async function publishedKeys(signet: At): Promise<Set<string>> {
  const response = await fetch(`${signet.issuer}/oauth/jwks`);
  const { keys } = (await response.json()) as { keys: { kid: string }[] };
  return new Set(keys.map(({ kid }) => kid));
}

function keyOf(jwt: string): string {
  return (JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
}
