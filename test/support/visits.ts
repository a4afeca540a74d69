// The steps of a visit, and what a browser sees at the end of one.
import { expect } from 'vitest';
import { type Agent, type Answer, createAgent } from './agent.ts';
import { alice, authorizationRequest, submitPassword, type TestClient } from './flow.ts';

/** What an answer of a browser endpoint amounts to: `code`, `sign-in`, `consent`, an error code, or `page` with one. */
export function outcomeOf(answer: Answer): string {
  if (answer.location !== undefined) {
    const params = new URL(answer.location).searchParams;
    return params.get('error') ?? (params.has('code') ? 'code' : `redirect to ${answer.location}`);
  }
  if (answer.body.includes('id="login-password"')) return 'sign-in';
  if (answer.body.includes('id="mfa-code"')) return 'second factor';
  if (answer.body.includes('id="consent-allow"')) return 'consent';
  if (answer.body.includes('id="error-code"')) return `page ${pageError(answer).code}`;
  return `${answer.status} ${answer.body.slice(0, 200)}`;
}

/** The error that a page shows. Fails when it is no error page. */
export function pageError(answer: Answer): { code: string; description: string } {
  const code = /id="error-code"[^>]*>([^<]*)</.exec(answer.body)?.[1];
  const description = /id="error-description"[^>]*>([^<]*)</.exec(answer.body)?.[1];
  expect({ code, description }, `an error page at ${answer.url}`).toEqual({
    code: expect.stringMatching(/^[a-z_]+$/) as string,
    description: expect.stringMatching(/\w/) as string,
  });
  return { code: code!, description: description! };
}

/** Signs in at the front door, without a client. */
export async function signIn(signet: { issuer: string }, user = alice, agent = createAgent()): Promise<Agent> {
  const answer = await submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), user);
  expect(answer.location, 'signed in').toBe(`${signet.issuer}/account`);
  return agent;
}

/** Sends an authorization request and follows it to the first page, or to the redirect that leaves. */
export async function ask(
  signet: { issuer: string },
  agent: Agent,
  client: TestClient,
  change: Record<string, string | undefined> = {},
): Promise<Answer> {
  const { url } = authorizationRequest(signet, client, change);
  return agent.follow(await agent.get(url), new URL(signet.issuer).origin);
}

/** The parameters of the redirect that an answer is. */
export function responseParams(answer: Answer): Record<string, string> {
  if (answer.location === undefined)
    throw new Error(`no redirect but ${answer.status} at ${answer.url}: ${answer.body.slice(0, 500)}`);
  return Object.fromEntries(new URL(answer.location).searchParams);
}
