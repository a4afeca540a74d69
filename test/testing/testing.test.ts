// signet/testing: what somebody gets who tests an application.
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { type Provisioning, startSignet, type TestSignet } from '../../src/testing/testing.ts';
import { query } from '../support/database.ts';
import { authorizationRequest, claimsOf, exchangeCode, getUserinfo } from '../support/flow.ts';

const redirect_uris = ['https://app.example/cb'];
const client_secret = 'a-secret-that-has-at-least-32-characters';
const basic = { client_id: 'basic', client_secret, redirect_uris };
const api = 'https://api.example';

const world: Provisioning = {
  clients: [
    basic,
    { client_id: 'post', client_secret, token_endpoint_auth_method: 'client_secret_post', redirect_uris },
    { client_id: 'public', token_endpoint_auth_method: 'none', redirect_uris },
    { client_id: 'odd: id', client_secret: `${client_secret} %:+~*`, redirect_uris },
    { client_id: 'reader', client_secret, redirect_uris, scope: 'openid read' },
    { client_id: 'nowhere', client_secret, grant_types: ['refresh_token'] },
  ],
  users: [
    { username: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
    { username: 'bob', password: 'bob has one of his own' },
    { username: 'closed', disabled: true },
  ],
  resources: [{ identifier: api, scopes: ['read'] }],
};

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet(world);
});
afterAll(() => signet.stop());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The time in an access token, in seconds. */
function issuedAt({ access_token }: { access_token: string }): number {
  return claimsOf(access_token)['iat'] as number;
}

describe('signIn', () => {
  test.each(['basic', 'post', 'public', 'odd: id'])('gives the client "%s" tokens that work', async (client) => {
    const tokens = await signet.signIn({ client, username: 'ada' });
    expect(claimsOf(tokens.id_token!)['aud']).toBe(client);
    const { body } = await getUserinfo(signet, tokens.access_token);
    expect(body).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com' });
  });

  test('asks for the scope and the resource it is told', async () => {
    const tokens = await signet.signIn({ client: 'reader', username: 'bob', scope: 'read', resource: api });
    expect([tokens.scope, tokens.id_token]).toEqual(['read', undefined]);
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: api, client_id: 'reader', iss: signet.issuer });
  });

  test.each([
    [{ client: 'basic', username: 'bob', password: 'not his' }, /^bob could not sign in: .*password/i],
    [{ client: 'basic', username: 'closed' }, /^closed could not sign in: /],
    [{ client: 'basic', username: 'eve' }, /^no user eve was given; there are ada, bob, closed$/],
    [{ client: 'other', username: 'ada' }, /^no client other was given; there are basic, post, public, odd: id, /],
    [{ client: 'nowhere', username: 'ada' }, /^client nowhere has no redirect_uris/],
    [{ client: 'basic', username: 'ada', scope: 'write' }, /^no code came back: invalid_scope: /],
  ])('says what is wrong with %j', async (who, message) => {
    await expect(signet.signIn(who)).rejects.toThrow(message);
  });

  test('works while the application has put something else in the place of fetch and of the time', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new Error('no network in tests')));
    const before = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: 0 });
    expect(Date.now()).toBe(0);
    const tokens = await signet.signIn({ client: 'basic', username: 'ada' });
    expect(issuedAt(tokens)).toBeGreaterThanOrEqual(Math.floor(before / 1000));
  });
});

describe('authorize', () => {
  test('brings back what the application needs to get tokens', async () => {
    const asked = authorizationRequest(signet, basic);
    const callback = await signet.authorize(asked.url, 'ada');
    expect(callback.href).toMatch(/^https:\/\/app\.example\/cb\?/);
    expect(callback.searchParams.get('state')).toBe(asked.state);
    const { status, body } = await exchangeCode(signet, basic, asked, callback.searchParams.get('code')!);
    expect([status, claimsOf(body.id_token)['nonce']]).toEqual([200, asked.nonce]);
  });

  test('denies consent when told to, and says so when nobody asked', async () => {
    const callback = await signet.authorize(authorizationRequest(signet, basic).url, 'bob', { consent: 'deny' });
    expect(callback.searchParams.get('error')).toBe('access_denied');
    await signet.authorize(authorizationRequest(signet, basic).url, 'ada');
    await expect(signet.authorize(authorizationRequest(signet, basic).url, 'ada', { consent: 'deny' })).rejects.toThrow(
      'ada was not asked to consent',
    );
  });

  test('signs in nobody but who it is told, each time in a new browser', async () => {
    const { url } = authorizationRequest(signet, basic, { prompt: 'none' });
    await signet.authorize(authorizationRequest(signet, basic).url, 'ada');
    expect((await signet.authorize(url, 'ada')).searchParams.get('error')).toBe('login_required');
    const browser = signet.openBrowser();
    await browser.authorize(authorizationRequest(signet, basic).url, 'ada');
    expect((await browser.authorize(url, 'ada')).searchParams.get('code')).toMatch(/^sgc_/);
  });

  test.each([
    [{ redirect_uri: 'https://evil.example/cb' }, /error page: \w+: .*\(https:\/\/evil\.example\/cb\)$/],
    [{ response_mode: 'form_post' }, /ask for response_mode=query/],
  ])('says what stopped it: %j', async (change, message) => {
    await expect(signet.authorize(authorizationRequest(signet, basic, change).url, 'ada')).rejects.toThrow(message);
  });

  test.each(['https://elsewhere.example/oauth/authorize', '/login', ''])('does not go to "%s"', async (url) => {
    await expect(signet.authorize(url, 'ada')).rejects.toThrow(`needs the address at ${signet.issuer}`);
  });
});

describe('provisioning', () => {
  test('every mistake at once, each with its part', async () => {
    const wrong = {
      clients: [
        { client_id: 'x', redirect_uri: 'https://app.example/cb' },
        { client_id: 'y', redirect_uris },
      ],
      user: [{ username: 'ada' }],
    };
    await expect(startSignet(wrong as never)).rejects.toThrow(
      [
        'What Signet was given has 3 mistakes:',
        'clients[0].redirect_uri is not known here: did you mean redirect_uris?',
        'clients[1] needs client_secret, or token_endpoint_auth_method none',
        'user is not known here: did you mean users?',
      ].join('\n'),
    );
  });

  test('more can be added, and what was said before need not be said again', async () => {
    await using own = await startSignet({
      clients: [basic],
      users: [{ username: 'Ada', password: 'the first password' }],
    });
    const { sub } = claimsOf((await own.signIn({ client: 'basic', username: 'ada' })).access_token);
    await own.provision({
      clients: [{ client_id: 'basic', redirect_uris: ['https://app.example/other'] }],
      users: [{ username: 'ada', name: 'Ada' }, { username: 'eve' }],
    });
    const tokens = await own.signIn({ client: 'basic', username: 'ada' });
    expect(claimsOf(tokens.access_token)['sub']).toBe(sub);
    await own.signIn({ client: 'basic', username: 'eve' });
    await own.provision({ users: [{ username: 'ada', password: 'the second password', password_reset: true }] });
    await own.signIn({ client: 'basic', username: 'ada', password: 'the second password' });
    await own.signIn({ client: 'basic', username: 'ada' });
  });

  test('what is undefined is not there', async () => {
    const user = { username: 'carol', email: undefined, password: undefined };
    await signet.provision({ users: [user as never] });
    await signet.signIn({ client: 'basic', username: 'carol' });
  });

  test('a mistake in more: what was there stays', async () => {
    const more = {
      users: [
        { username: 'ada', password: 'another password' },
        { username: 'dan', emial: 'x' },
      ],
    };
    await expect(signet.provision(more as never)).rejects.toThrow(
      'users[1].emial is not known here: did you mean email?',
    );
    await signet.signIn({ client: 'basic', username: 'ada' });
    await expect(signet.signIn({ client: 'basic', username: 'dan' })).rejects.toThrow('no user dan was given');
  });

  test('a user with a hash needs the password said', async () => {
    const password_hash =
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$qqlT1YrzcGzj3xrv1KZKhOMdf1QXUjHxKFJZ+IF0zls';
    await signet.provision({ users: [{ username: 'hashed', password_hash }] });
    await expect(signet.signIn({ client: 'basic', username: 'hashed' })).rejects.toThrow('say the password too');
  });
});

describe('the clock', () => {
  let own: TestSignet;
  const begin = Date.parse('2031-05-06T07:08:09Z');
  beforeAll(async () => {
    own = await startSignet({ clients: [basic], users: [{ username: 'ada' }], now: new Date(begin) });
  });
  afterAll(() => own.stop());

  test('begins at the real time unless told otherwise, and goes on', async () => {
    const before = Math.floor(Date.now() / 1000);
    const at = issuedAt(await signet.signIn({ client: 'basic', username: 'ada' }));
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    expect(issuedAt(await own.signIn({ client: 'basic', username: 'ada' }))).toBeGreaterThanOrEqual(begin / 1000);
    const now = own.clock.now;
    await expect.poll(() => own.clock.now).toBeGreaterThan(now);
  });

  test('moved on: an access token is over, another is not', async () => {
    const { access_token } = await own.signIn({ client: 'basic', username: 'ada' });
    own.clock.advance(890);
    expect((await getUserinfo(own, access_token)).status).toBe(200);
    own.clock.advance(20);
    expect((await getUserinfo(own, access_token)).status).toBe(401);
    const later = await own.signIn({ client: 'basic', username: 'ada' });
    expect((await getUserinfo(own, later.access_token)).status).toBe(200);
  });

  test('moved back: a token that has ended by the time of the application', async () => {
    own.clock.now = Date.now();
    own.clock.advance(-3600);
    const { access_token } = await own.signIn({ client: 'basic', username: 'ada' });
    expect(claimsOf(access_token)['exp']).toBeLessThan(Date.now() / 1000);
  });

  test('frozen: it moves only when it is moved, until it is resumed', async () => {
    own.clock.freeze();
    own.clock.now = begin + 500;
    const first = issuedAt(await own.signIn({ client: 'basic', username: 'ada' }));
    expect([first, own.clock.now]).toEqual([begin / 1000, begin + 500]);
    own.clock.advance(60);
    expect(own.clock.now).toBe(begin + 60_500);
    own.clock.resume();
    await expect.poll(() => own.clock.now).toBeGreaterThan(begin + 60_500);
    expect(own.clock.now).toBeLessThan(begin + 3_600_000);
  });

  test('no time at all is refused', async () => {
    await expect(startSignet({ now: new Date('no date') })).rejects.toThrow('now must be milliseconds since 1970');
    expect(() => own.clock.advance(Number.NaN)).toThrow('milliseconds since 1970');
  });
});

describe('several', () => {
  test('at once in one process: each has its own issuer, users and keys', async () => {
    const [one, other] = await Promise.all([
      startSignet({ clients: [basic], users: [{ username: 'ada' }] }),
      startSignet({ clients: [basic], users: [{ username: 'bob' }] }),
    ]);
    try {
      const { access_token } = await one.signIn({ client: 'basic', username: 'ada' });
      expect((await getUserinfo(one, access_token)).status).toBe(200);
      expect((await getUserinfo(other, access_token)).status).toBe(401);
      await expect(other.signIn({ client: 'basic', username: 'ada', password: 'x' })).rejects.toThrow(
        'could not sign in',
      );
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
    await expect(fetch(one.issuer)).rejects.toThrow();
  });

  test('one after another: the second starts though the first took everything away', async () => {
    for (let round = 0; round < 2; round += 1) {
      await using own = await startSignet({ clients: [basic], users: [{ username: 'ada' }] });
      await own.signIn({ client: 'basic', username: 'ada' });
      await own.stop();
    }
  });
});

test('a port that is asked for is the issuer’s; one that is taken is named', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, 'localhost', resolve));
  const { port } = taken.address() as { port: number };
  await expect(startSignet({ port })).rejects.toThrow(`port ${port} of localhost is taken`);
  await new Promise((resolve) => taken.close(resolve));
  await using own = await startSignet({ port });
  expect([own.issuer, own.url]).toEqual([`http://localhost:${port}`, `http://localhost:${port}`]);
});

test('a PostgreSQL that is given holds one database more, until stop', async () => {
  const adminUrl = inject('adminUrl');
  const role = `signet_tester_${process.pid}`;
  await query(adminUrl, `CREATE ROLE ${role} LOGIN CREATEDB PASSWORD 'for tests only'`);
  const databaseUrl = new URL(adminUrl);
  databaseUrl.username = role;
  databaseUrl.password = 'for tests only';
  const owned = () =>
    query(adminUrl, 'SELECT datname FROM pg_database WHERE datdba = (SELECT oid FROM pg_roles WHERE rolname = $1)', [
      role,
    ]);
  try {
    const given = { clients: [basic], users: [{ username: 'ada' }], databaseUrl: databaseUrl.href };
    const own = await startSignet(given);
    await own.signIn({ client: 'basic', username: 'ada' });
    expect(await owned()).toHaveLength(1);
    await own.stop();
    expect(await owned()).toEqual([]);
  } finally {
    await query(adminUrl, `DROP ROLE ${role}`);
  }
});

describe('text messages', () => {
  test('what does not come is said', async () => {
    expect(signet.sms).toEqual([]);
    await expect(signet.smsTo('+15550100123', 'sign-in-code')).rejects.toThrow(
      'No text message of the purpose sign-in-code came to +15550100123. There are: none.',
    );
  }, 20_000);

  test('codes are there to be sent back: of a sign-in by mail, and of a number that is added with its token', async () => {
    await signet.provision({
      users: [{ username: 'coded', email: 'coded@example.com', email_verified: true }],
    });
    const post = async (path: string, body: object, token?: string) => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await fetch(signet.issuer + path, init)).json() as Promise<{ token: string; method: string }>;
    };
    await post('/auth/passwordless/code', { email: 'coded@example.com' });
    const { code } = await signet.mailTo('coded@example.com', 'sign-in-code');
    const { token } = await post('/auth/passwordless/verify', { email: 'coded@example.com', code });
    await post('/auth/mfa/sms', { phone: '+15550100124' }, token);
    const sms = await signet.smsTo('+15550100124', 'verify-phone');
    expect(await post('/auth/mfa/sms/confirm', { code: sms.code }, token)).toMatchObject({ method: 'sms' });
  });
});

describe('mails', () => {
  test('a forgotten password: the mail is there, with its link; and what does not come is said', async () => {
    await signet.provision({ users: [{ username: 'forgetful', email: 'forgetful@example.com' }] });
    const response = await fetch(`${signet.issuer}/auth/password/forgot`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'forgetful@example.com' }),
    });
    expect(response.status).toBe(202);
    const mail = await signet.mailTo('forgetful@example.com', 'reset-password');
    expect(mail).toMatchObject({ subject: 'Choose another password', purpose: 'reset-password' });
    expect((await fetch(mail.link!)).status).toBe(200);
    expect(signet.mails).toContain(mail);
    await expect(signet.mailTo('nobody@example.com')).rejects.toThrow(
      /^No mail came to nobody@example\.com\. There are: .*\breset-password to forgetful@example\.com/,
    );
  }, 20_000);
});
