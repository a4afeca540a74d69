// Client authentication: each client by its one registered method, with secrets of any characters, never by two.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { addClientSecret } from '../../src/flows/clients/secrets.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { basic, codeFlow, spaClient, webClient, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const special = {
  client_id: 'a:b c+d%e/~',
  client_secret: 'p:a s+s%w&o=r/d?#"\'<>\\~!@-that-is-long-enough',
  redirect_uris: ['https://special.example/cb'],
};
const posting = {
  ...webClient,
  client_id: 'posting',
  token_endpoint_auth_method: 'client_secret_post' as const,
};
const first = { first_party: true, refresh_token_rotation: false };

const unencoded = [
  'a+b/c=0123456789abcdef0123456789abcdef',
  '100%zz-and-what-else-stands-in-it',
  'a%41b-and-what-else-stands-in-it',
];

let signet: TestSignet;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [{ ...webClient, ...first }, spaClient, { ...special, ...first }, { ...posting, ...first }],
    },
  });
});
beforeEach(async () => {
  for (const client of [webClient, spaClient, special])
    tokens[client.client_id] ??= (await codeFlow(signet, client)).tokens.refresh_token;
});
afterAll(() => signet.stop());

type Sent = { authorization?: string; form?: Record<string, string> };

/** A refresh for `client` with these credentials: the answer tells whether they were accepted. */
async function send({ authorization, form = {} }: Sent, client = 'web') {
  const response = await fetch(`${signet.issuer}/oauth/token`, {
    method: 'POST',
    headers: authorization === undefined ? {} : { authorization },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens[client] ?? 'none', ...form }),
  });
  const body = (await response.json()) as { error?: string };
  return { status: response.status, error: body.error, challenge: response.headers.get('www-authenticate') };
}

const refused = { status: 401, error: 'invalid_client' };
/** Shown in the body: libraries that meet a challenge show nothing of what is said. */
const refusedInBody = { status: 400, error: 'invalid_client', challenge: null };
const { client_id: id, client_secret: secret } = webClient;
const raw = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('client_secret_basic', () => {
  test('both parts are form-encoded, so that any character may stand in them', async () => {
    expect((await send({ authorization: basic(id, secret) })).status).toBe(200);
    const header = basic(special.client_id, special.client_secret);
    expect((await send({ authorization: header }, special.client_id)).status).toBe(200);
    expect(
      (await send({ authorization: header, form: { client_id: special.client_id } }, special.client_id)).status,
    ).toBe(200);
  });

  test('the scheme is case-insensitive', async () => {
    expect((await send({ authorization: basic(id, secret).replace('Basic', 'bASIC') })).status).toBe(200);
  });

  test.each([
    ['a wrong secret', raw(`${id}:wrong`)],
    ['an empty secret', raw(`${id}:`)],
    ['no colon', raw(id)],
    ['no client id', raw(`:${secret}`)],
    ['an unknown client', raw(`nobody:${secret}`)],
    ['a NUL', raw(`${id}\0:${secret}`)],
    ['bad percent-encoding', raw(`${id}:%zz`)],
    ['no base64', 'Basic !!!'],
    ['nothing', 'Basic '],
    ['another scheme', `Bearer ${secret}`],
    ['the secret of another client', raw(`${id}:${encodeURIComponent(special.client_secret)}`)],
    ['a public client with a secret', raw('spa:x')],
    ['a confidential client with an empty secret', raw(`${id}:`)],
    ['a client of client_secret_post', basic('posting', secret)],
  ])('%s: 401 with a challenge', async (_what, authorization) => {
    expect(await send({ authorization })).toEqual({
      ...refused,
      challenge: `Basic realm="${signet.issuer}", charset="UTF-8"`,
    });
  });

  test('a % that is none, and a secret that is not right either way: the words say how it is encoded', async () => {
    const answer = await fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: raw(`${id}:100%`) },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
    });
    expect([answer.status, await answer.json()]).toEqual([
      401,
      {
        error: 'invalid_client',
        error_description:
          'The client secret is wrong. In HTTP Basic both are form-encoded first, a % as %25 (RFC 6749, 2.3.1).',
      },
    ]);
  });

  test('unencoded, an id ends at its first colon', async () => {
    const { client_id, client_secret } = special;
    expect(await send({ authorization: raw(`${client_id}:${client_secret}`) }, client_id)).toMatchObject(refused);
  });

  // What `openssl rand -base64 32` makes, sent by libraries that leave the encoding out.
  test.each(unencoded)('the secret %s passes encoded and as it is', async (client_secret) => {
    const client_id = `sends ${client_secret}`;
    await signet.provision({ clients: [{ ...webClient, ...first, client_id, client_secret }] });
    for (const authorization of [basic(client_id, client_secret), raw(`${client_id}:${client_secret}`)])
      expect(await send({ authorization }, client_id)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await send({ authorization: raw(`${client_id}:${client_secret}x`) }, client_id)).toMatchObject(refused);
  });

  test('decoded or as it is, never one part so and the other so', async () => {
    const [client_id, client_secret] = ['x y', 'a+secret+of+thirty+two+characters'];
    await signet.provision({ clients: [{ ...webClient, ...first, client_id, client_secret }] });
    expect(await send({ authorization: raw(`x%20y:${client_secret}`) }, client_id)).toMatchObject(refused);
    expect((await send({ authorization: raw(`x y:${client_secret}`) }, client_id)).error).toBe('invalid_grant');
    const id = client_id.replaceAll(' ', '+');
    const encoded = encodeURIComponent(client_secret);
    expect((await send({ authorization: raw(`${id}:${encoded}`) }, client_id)).error).toBe('invalid_grant');
  });
});

describe('client_secret_post', () => {
  test('in the form', async () => {
    const { tokens: issued } = await codeFlowPosting();
    const form = { client_id: 'posting', client_secret: secret, refresh_token: issued };
    expect((await send({ form })).status).toBe(200);
    expect(await send({ form: { ...form, client_secret: 'wrong' } })).toEqual(refusedInBody);
    expect(await send({ form: { ...form, client_secret: '' } })).toMatchObject(refused);
  });

  test('by a client that is registered for Basic: 400', async () => {
    expect(await send({ form: { client_id: id, client_secret: secret } })).toEqual(refusedInBody);
  });
});

describe('none', () => {
  test('a public client says who it is', async () => {
    const answer = await send({ form: { client_id: 'spa' } }, 'spa');
    expect(answer.status).toBe(200);
  });

  test('with an empty secret in HTTP Basic too, as in a form', async () => {
    const { refresh_token } = (await codeFlow(signet, spaClient)).tokens;
    const answer = await send({ authorization: raw('spa:'), form: { refresh_token } });
    expect(answer.status).toBe(200);
  });

  test('a public client with a secret, a confidential one without: refused', async () => {
    expect(await send({ form: { client_id: 'spa', client_secret: 'x' } }, 'spa')).toEqual(refusedInBody);
    expect(await send({ form: { client_id: id } })).toMatchObject(refused);
    expect(await send({})).toMatchObject(refused);
  });
});

describe('two ways at once', () => {
  test.each<[string, Record<string, string>]>([
    ['the secret in the form as well', { client_secret: secret }],
    ['another client in the form', { client_id: 'spa' }],
  ])('Basic and %s: invalid_request', async (_what, form) => {
    expect(await send({ authorization: basic(id, secret), form })).toMatchObject({
      status: 400,
      error: 'invalid_request',
    });
  });

  test('two Authorization headers are not one of them', async () => {
    const answer = await rawRequest(signet.issuer, {
      method: 'POST',
      path: '/oauth/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: [raw(`${id}:wrong`), basic(id, secret)],
      },
      body: 'grant_type=refresh_token&refresh_token=x',
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toContain('invalid_grant');
  });

  test('credentials in the query count for nothing', async () => {
    const query = new URLSearchParams({ client_id: 'spa', grant_type: 'refresh_token', refresh_token: tokens['spa']! });
    const response = await fetch(`${signet.issuer}/oauth/token?${query.toString()}`, { method: 'POST' });
    expect(response.status).toBe(400);
  });
});

test('a new secret of a client replaces the old one at once', async () => {
  const client_secret = 'quite-another-secret-of-more-than-32-characters';
  await signet.provision({ clients: [{ ...webClient, ...first, client_secret }] });
  expect(await send({ authorization: basic(id, secret) })).toMatchObject(refused);
  expect((await send({ authorization: basic(id, client_secret) })).status).toBe(200);
});

test('a secret that was added at one process is right at another from the first moment on', async () => {
  const client = { ...webClient, ...first, client_id: 'quick' };
  await signet.provision({ clients: [client] });
  const second = await startSignet({ beside: signet });
  const ask = async (authorization: string) => {
    const form = { grant_type: 'refresh_token', refresh_token: 'none' };
    const request = { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) };
    return ((await (await fetch(`${second.server.url}/oauth/token`, request)).json()) as { error: string }).error;
  };
  try {
    // It knows the client by now.
    expect(await ask(basic('quick', secret))).toBe('invalid_grant');
    const { deps } = signet.server;
    const tenant = (await tenantBySlug(deps, 'default'))!;
    const context = contextWithoutRequest({ actor: 'server' }, tenant, signet.clock.now);
    const added = await addClientSecret(deps, context, 'quick', undefined);
    expect(await ask(basic('quick', added.secret))).toBe('invalid_grant');
    expect(await ask(basic('quick', `${added.secret}x`))).toBe('invalid_client');
  } finally {
    await second.stop();
  }
});

/** The code flow of the client that posts its secret; the kit's own speaks Basic. */
async function codeFlowPosting(): Promise<{ tokens: string }> {
  await signet.provision({ clients: [{ ...posting, ...first, token_endpoint_auth_method: 'client_secret_basic' }] });
  const { tokens: issued } = await codeFlow(signet, posting);
  await signet.provision({ clients: [{ ...posting, ...first }] });
  return { tokens: issued.refresh_token };
}
