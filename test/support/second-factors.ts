// A person with an authenticator application, as it and the first-party API see them.
import { generateSync } from 'otplib';
import { type Agent, type Answer, field } from './agent.ts';
import { type ApiAnswer, logIn, postJson } from './first-party.ts';
import type { TestSignet } from './signet.ts';

type At = { readonly issuer: string };
type User = { readonly username: string; readonly password: string };

/** The code that an authenticator shows now, or so many steps of thirty seconds later. */
export function codeOf(secret: string, now: number, steps = 0): string {
  return generateSync({ secret, epoch: Math.floor(now / 1000) + 30 * steps });
}

/** A code that is not right in the steps around now. */
export function wrongCodeOf(secret: string, now: number, nth = 0): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(secret, now, steps));
  const wrong = Array.from({ length: 10 + nth }, (_, i) => String(100_000 + i)).filter((code) => !right.includes(code));
  return wrong[nth]!;
}

/** The secret on the page where a factor is added. */
export const secretOn = (page: Answer) =>
  /id="factor-secret"[^>]*>([A-Z2-7 ]+)</.exec(page.body)![1]!.replaceAll(' ', '');

/** From the page on the way that asks for the new factor's name to the one with its secret. */
export async function beginOnTheWay(agent: Agent, named: Answer, name = 'Phone'): Promise<Answer> {
  const { origin } = new URL(named.url);
  return agent.follow(await agent.post(named.url.split('?')[0]!, { attempt: field(named, 'attempt'), name }), origin);
}

/** What the page with the secret sends at `now`, in milliseconds. */
export const firstCodeOf = (page: Answer, now: number) => ({
  attempt: field(page, 'attempt'),
  factor_id: field(page, 'factor_id'),
  code: codeOf(secretOn(page), now),
});

/** Makes the first administrator with a setup link, and signs in, with the second factor that administrators need. The machine's clock. */
export async function becomeAdministrator(
  agent: Agent,
  base: string,
  link: string,
  admin: { username: string; password: string },
): Promise<void> {
  const token = field(await agent.get(link), 'token');
  const made = await agent.post(`${base}/setup`, { ...admin, token, email: 'root@example.com' });
  const named = await agent.follow(made, base);
  const secret = await beginOnTheWay(agent, named);
  const done = await agent.post(`${base}/sign-in/add-factor/confirm`, firstCodeOf(secret, Date.now()));
  if (done.status !== 200 || !done.body.includes('id="codes-kept" href="/account"'))
    throw new Error(`no factor was added: ${done.status} ${done.body}`);
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** POST /auth/mfa/verify. */
export function verifyAt({ issuer }: At, body: object, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return postJson(`${issuer}/auth/mfa/verify`, body, headers);
}

export type Enrolled = {
  readonly user: User;
  readonly id: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
  /** Of the session that added the factor. */
  readonly tokens: ApiAnswer['body'];
};

/** Adds a TOTP factor as its person does, and lets its step pass. */
export async function enrol(signet: TestSignet, user: User): Promise<Enrolled> {
  const { body: tokens } = await logIn(signet, user, { scope: 'openid' });
  const begun = await postJson(`${signet.issuer}/auth/mfa/totp`, {}, bearer(tokens.access_token));
  const { id, secret } = begun.body;
  const code = codeOf(secret, signet.clock.now);
  const confirmed = await postJson(`${signet.issuer}/auth/mfa/totp/confirm`, { code, id }, bearer(tokens.access_token));
  if (confirmed.status !== 200) throw new Error(`the factor was not added: ${confirmed.status} ${confirmed.text}`);
  signet.clock.advance(30);
  return { user, id, secret, recoveryCodes: confirmed.body.recovery_codes, tokens };
}

/** Signs in with both factors, and lets the code's step pass. */
export async function logInWithBoth(
  signet: TestSignet,
  { user, secret }: Enrolled,
  more: Record<string, unknown> = {},
  client: Record<string, unknown> = {},
): Promise<ApiAnswer> {
  const { body } = await logIn(signet, user, more);
  const answer = await verifyAt(signet, { token: body.token, code: codeOf(secret, signet.clock.now), ...client });
  signet.clock.advance(30);
  return answer;
}
