// Auth.js as it is published, through the second factor's page: its session has the person whom Signet knows.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { alice, submitConsent, submitPassword, world } from '../support/flow.ts';
import { codeOf, enrol, type Enrolled } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf } from '../support/visits.ts';

// Its types bring those of browsers, which would then hold for every file here.
const published: string = '@auth/core';
const { Auth } = (await import(published)) as {
  Auth: (request: Request, config: object) => Promise<Response>;
};

const application = 'https://auth-js.example';
const secret = 'a-secret-that-has-at-least-32-characters';

let signet: TestSignet;
let enrolled: Enrolled;
let config: object;
beforeAll(async () => {
  const clients = [
    { client_id: 'auth-js', client_secret: secret, redirect_uris: [`${application}/auth/callback/signet`] },
  ];
  signet = await startSignet({ provision: { users: world.users, clients } });
  enrolled = await enrol(signet, alice);
  config = {
    basePath: '/auth',
    secret: 'what the cookies of the application are sealed with',
    trustHost: true,
    logger: { error: () => undefined },
    providers: [
      {
        id: 'signet',
        name: 'Signet',
        type: 'oidc',
        issuer: signet.issuer,
        clientId: 'auth-js',
        clientSecret: secret,
        checks: ['pkce', 'state', 'nonce'],
        // Names are at UserInfo.
        idToken: false,
      },
    ],
  };
});
afterAll(() => signet.stop());

/** The application, as a browser with cookies of its own sees it. */
function applicationIn(): (path: string, body?: Record<string, string>) => Promise<Response> {
  const cookies = new Map<string, string>();
  return async (path, body) => {
    const request = new Request(new URL(path, application), {
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body && { method: 'POST', body: new URLSearchParams(body) }),
    });
    const response = await Auth(request, config);
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      cookies.set(name!, value!);
    }
    return response;
  };
}

/** Begins the sign-in: the address of Signet that the application sends the browser to. */
async function begin(open: ReturnType<typeof applicationIn>): Promise<string> {
  const { csrfToken } = (await (await open('/auth/csrf')).json()) as { csrfToken: string };
  return (await open('/auth/signin/signet', { csrfToken, callbackUrl: `${application}/home` })).headers.get(
    'location',
  )!;
}

/** Password and code; the address that Signet leads back to. */
async function prove(agent: Agent, url: string): Promise<string> {
  const page = await agent.follow(await agent.get(url), signet.issuer);
  const factor = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expect(outcomeOf(factor)).toBe('second factor');
  const proven = await agent.post(`${signet.issuer}/sign-in/second-factor`, {
    attempt: field(factor, 'attempt'),
    method: 'totp',
    code: codeOf(enrolled.secret, signet.clock.now),
  });
  const consent = await agent.follow(proven, signet.issuer);
  const answered = outcomeOf(consent) === 'consent' ? await submitConsent(agent, consent) : consent;
  return (await agent.follow(answered, signet.issuer)).location!;
}

test('password, code, consent: signed in at the application', async () => {
  const open = applicationIn();
  const back = await prove(createAgent(), await begin(open));
  const response = await open(back);
  expect([response.status, response.headers.get('location')]).toEqual([302, `${application}/home`]);
  const session = await (await open('/auth/session')).json();
  expect(session).toMatchObject({ user: { name: 'Alice Adams', email: 'alice@example.com' } });
});

test('the answer that another browser was given signs nobody in', async () => {
  signet.clock.advance(30);
  const open = applicationIn();
  await begin(open);
  const other = applicationIn();
  const response = await open(await prove(createAgent(), await begin(other)));
  expect(response.headers.get('location')).toContain('error=');
  expect(await (await open('/auth/session')).json()).toBeNull();
});
