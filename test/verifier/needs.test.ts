// What a call needs beside a good token, and how a refusal is said to clients (RFC 6750 3, RFC 9470 3).
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bearerChallenge } from '../../src/verifier/challenge.ts';
import { bearerToken, type Needs, type TokenError } from '../../src/verifier/verifier.ts';
import { audience, type FakeIssuer, fakeIssuer, makePair, type Pair } from './issuer.ts';

let pair: Pair;
let id: FakeIssuer;
beforeAll(async () => {
  pair = await makePair('a');
});
beforeEach(() => {
  id = fakeIssuer(pair);
});

/** RFC 9110 11.6.1, as a client reads it. */
function parsed(challenge: string): Record<string, string> {
  const [, scheme, rest] = /^(\w+) (.*)$/.exec(challenge)!;
  expect(scheme).toBe('Bearer');
  const parameter = /^(\w+)="((?:[^"\\]|\\.)*)"(?:, (?=\w)|$)/;
  const found: Record<string, string> = {};
  for (let left = rest!; left !== '';) {
    const [all, name, value] = parameter.exec(left) ?? [];
    if (all === undefined) throw new Error(`no parameter: ${left}`);
    expect(found).not.toHaveProperty(name!);
    found[name!] = value!.replaceAll(/\\(.)/g, '$1');
    left = left.slice(all.length);
  }
  return found;
}

const ask = async (needs: Needs, change: Record<string, unknown> = {}) => {
  const error = await id
    .verifier()
    .verify(id.token(pair, change), needs)
    .then(
      () => undefined,
      (thrown: TokenError) => thrown,
    );
  return error && { status: error.status, description: error.description, ...parsed(error.challenge) };
};
const person = (seconds: number, acr = 'urn:signet:acr:1fa') => ({ auth_time: id.clock.now / 1000 - seconds, acr });

test('what a token says, under names for people', async () => {
  const change = { ...person(60), roles: ['reader', 1], groups: ['sales'], amr: ['pwd'] };
  const claims = id.claims(change);
  expect(await id.verifier().verify(id.token(pair, { ...claims, jti: 'j' }))).toEqual({
    subject: 'alice',
    clientId: 'web',
    scopes: ['orders:read', 'stock:read'],
    roles: ['reader'],
    groups: ['sales'],
    audience: [audience],
    expiresAt: claims['exp'],
    issuedAt: claims['iat'],
    authenticatedAt: change.auth_time,
    acr: change.acr,
    amr: ['pwd'],
    isClient: false,
    claims: { ...claims, jti: 'j' },
  });
  const ofClient = await id.verifier().verify(id.token(pair, { sub: 'web', scope: undefined, iat: undefined }));
  expect(ofClient).toMatchObject({ isClient: true, scopes: [], roles: [], groups: [], amr: [] });
  expect([ofClient.issuedAt, ofClient.authenticatedAt, ofClient.acr]).toEqual([undefined, undefined, undefined]);
  expect((await id.verifier().verify(id.token(pair, { scope: '' }))).scopes).toEqual([]);
});

describe('scopes and roles', () => {
  test('all of the scopes', async () => {
    expect(await ask({ scopes: ['orders:read', 'stock:read'] })).toBeUndefined();
    expect(await ask({ scopes: ['orders:read', 'orders:write'] })).toEqual({
      status: 403,
      description: 'This needs the scope orders:read orders:write.',
      realm: audience,
      error: 'insufficient_scope',
      error_description: 'This needs the scope orders:read orders:write.',
      scope: 'orders:read orders:write',
    });
  });

  test('a scope is a whole word: neither a part of one nor in another case', async () => {
    for (const scope of ['orders', 'orders:rea', 'Orders:read', 'orders:read stock:read', 'read'])
      expect(await ask({ scopes: [scope] }), scope).toMatchObject({ status: 403 });
  });

  test('one of the scopes, and the challenge names what is enough', async () => {
    expect(await ask({ anyScope: ['orders:write', 'stock:read'] })).toBeUndefined();
    const refused = await ask({ scopes: ['orders:read'], anyScope: ['a', 'b'] });
    expect(refused).toMatchObject({ status: 403, error: 'insufficient_scope', scope: 'orders:read a' });
  });

  test('all of the roles; a token without any has none', async () => {
    expect(await ask({ roles: ['reader'] }, { roles: ['reader', 'writer'] })).toBeUndefined();
    const refused = (description: string) => ({
      status: 403,
      description,
      realm: audience,
      error: 'insufficient_scope',
      error_description: description,
    });
    for (const roles of [['reader'], 'writer', { writer: true }])
      expect(await ask({ roles: ['reader', 'writer'] }, { roles })).toEqual(
        refused('This needs the role reader writer.'),
      );
    // Whoever wrote the client is told that it never asked.
    expect(await ask({ roles: ['writer'] })).toEqual(
      refused(
        'This needs the role writer, and the token says nothing of roles: its client must ask for the scope roles.',
      ),
    );
  });
});

describe('how and when the user signed in', () => {
  test('a sign-in that is not strong enough', async () => {
    const acr = ['urn:signet:acr:2fa'];
    expect(await ask({ acr }, person(0, 'urn:signet:acr:2fa'))).toBeUndefined();
    expect(await ask({ acr, maxAge: 60 }, person(0))).toMatchObject({
      status: 401,
      error: 'insufficient_user_authentication',
      error_description: 'This needs a stronger sign-in.',
      acr_values: 'urn:signet:acr:2fa',
      max_age: '60',
    });
  });

  test('a sign-in that is too long ago, to the second and with the tolerance', async () => {
    expect(await ask({ maxAge: 60 }, person(65))).toBeUndefined();
    const refused = await ask({ maxAge: 60 }, person(66));
    expect(refused).toMatchObject({ status: 401, error: 'insufficient_user_authentication', max_age: '60' });
    expect(refused).not.toHaveProperty('acr_values');
    expect(await ask({ maxAge: 0 }, person(6))).toMatchObject({ max_age: '0' });
  });

  test('a token that does not say meets neither, nor does a client by itself, whatever it says', async () => {
    const acr = ['urn:signet:acr:1fa'];
    expect(await ask({ acr })).toMatchObject({ status: 401 });
    expect(await ask({ maxAge: 60 })).toMatchObject({ status: 401 });
    expect(await ask({ acr }, { ...person(0), sub: 'web' })).toMatchObject({ status: 401 });
    expect(await ask({ maxAge: 60 }, { ...person(0), sub: 'web' })).toMatchObject({ status: 401 });
  });
});

test.each<[what: string, needs: unknown]>([
  ['a misspelt need', { scope: ['a'] }],
  ['a text for a list', { scopes: 'a' }],
  ['an empty list', { anyScope: [] }],
  ['an empty name', { roles: [''] }],
  ['a negative age', { maxAge: -1 }],
  ['an age without end', { maxAge: Infinity }],
  ['an age that is no number', { maxAge: '60' }],
])('%s lets nobody pass: it is the API’s mistake', async (_what, needs) => {
  const verifier = id.verifier();
  const token = id.token(pair);
  await expect(verifier.verify(token, needs as Needs)).rejects.toThrow(TypeError);
  await verifier.verify(token);
  expect(() => verifier.verifyNow(token, needs as Needs)).toThrow(TypeError);
  await expect(verifier.verify(undefined, needs as Needs)).rejects.toThrow(TypeError);
});

describe('challenges', () => {
  test('without a token: no error, but where the metadata is', async () => {
    const verifier = id.verifier({ resourceMetadata: `${audience}/.well-known/oauth-protected-resource` });
    for (const token of [undefined, '']) {
      const error = (await verifier.verify(token).catch((thrown: unknown) => thrown)) as TokenError;
      expect(error).toMatchObject({ status: 401, code: 'missing_token' });
      expect(parsed(error.challenge)).toEqual({
        realm: audience,
        resource_metadata: `${audience}/.well-known/oauth-protected-resource`,
      });
    }
    expect(id.calls).toEqual([]);
  });

  test('whatever is said, a client reads it back, and no header ends early', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const challenge = bearerChallenge({ realm: value, left: undefined, error: 'x' });
        expect(challenge).toMatch(/^[\x20-\x7e]*$/);
        expect(parsed(challenge)).toEqual({ realm: value.replaceAll(/[^\x20-\x7e]/g, '?'), error: 'x' });
      }),
    );
    expect(bearerChallenge({ realm: 'a"\r\nSet-Cookie: b' })).toBe(String.raw`Bearer realm="a\"??Set-Cookie: b"`);
  });
});

test.each<[header: string | null | undefined, token: string | undefined]>([
  ['Bearer abc', 'abc'],
  ['bearer abc.def-_~+/==', 'abc.def-_~+/=='],
  ['BEARER  abc ', 'abc'],
  [undefined, undefined],
  [null, undefined],
  ['', undefined],
  ['Bearer', undefined],
  ['Bearer ', undefined],
  ['Bearerabc', undefined],
  ['Basic abc', undefined],
  ['DPoP abc', undefined],
  ['Bearer abc def', undefined],
  ['Bearer abc, Bearer def', undefined],
  ['Bearer =abc', undefined],
  ['Bearer abc\n', undefined],
  ['x Bearer abc', undefined],
])('the token of the header %j is %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

test.each([[[]], [5], ['orders:read'], [new Map()], [() => ({})]])(
  '%s is no list of needs: a mistake, not a pass',
  async (needs) => {
    const verifier = id.verifier();
    await expect(verifier.verify(id.token(pair), needs as never)).rejects.toThrow(/plain object/);
  },
);
