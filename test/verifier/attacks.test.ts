// Tokens that somebody made, found or bent: none gets in, and none makes the API fetch anything but the issuer's documents.
import fc from 'fast-check';
import { CompactEncrypt, type CryptoKey, exportSPKI, importJWK } from 'jose';
import { createHmac } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { TokenError } from '../../src/verifier/verifier.ts';
import { verifySignedToken } from '../../src/verifier/signed-token.ts';
import {
  audience,
  encoded,
  type FakeIssuer,
  fakeIssuer,
  issuer,
  keysUrl,
  makePair,
  metadataUrl,
  type Pair,
  signed,
} from './issuer.ts';

let ec: Pair;
let rsa: Pair;
let stranger: Pair;
let id: FakeIssuer;
beforeAll(async () => {
  [ec, rsa, stranger] = await Promise.all([makePair('ec'), makePair('rsa', 'RS256'), makePair('ec')]);
});
beforeEach(() => {
  id = fakeIssuer(ec, rsa);
});

const refused = (token: string, verifier = id.verifier()) =>
  verifier.verify(token).then(
    () => 'taken',
    (error: unknown) => `${(error as TokenError).status} ${(error as TokenError).code}`,
  );

const header = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' };
const unsigned = (alg: string) => `${encoded({ ...header, alg })}.${encoded(id.claims())}.`;
const mac = (secret: string | Buffer, kid: string) => {
  const input = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid })}.${encoded(id.claims())}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};
const now = () => id.clock.now / 1000;

test('a good token is taken', async () => {
  expect(await refused(id.token(ec))).toBe('taken');
  expect(await refused(id.token(rsa))).toBe('taken');
  expect(await refused(id.token(ec, {}, { typ: 'application/AT+JWT' }))).toBe('taken');
  expect(await refused(id.token(ec, { aud: ['https://other.example', audience] }))).toBe('taken');
});

test.each<[who: string, token: () => string | Promise<string>]>([
  ['M36 anybody who writes alg none', () => unsigned('none')],
  ['M36 anybody who writes alg None', () => unsigned('None')],
  ['M36 anybody who writes alg NONE', () => unsigned('NONE')],
  ['M36 anybody who writes alg nOnE, with a signature', () => `${unsigned('nOnE')}AAAA`],
  ['M36 anybody who writes no alg', () => `${encoded({ typ: 'at+jwt', kid: 'ec' })}.${encoded(id.claims())}.AAAA`],
  [
    'M37 who takes the public key for a secret, as PEM',
    async () => mac(await exportSPKI((await importJWK(rsa.jwk)) as CryptoKey), 'rsa'),
  ],
  ['M37 who takes the public key for a secret, as JWK', () => mac(JSON.stringify(rsa.jwk), 'rsa')],
  ['M37 who takes the public key for a secret, as its modulus', () => mac(Buffer.from(rsa.jwk.n!, 'base64url'), 'rsa')],
  ['who signs with an empty secret', () => mac('', 'ec')],
  ['who signs with a key of their own under the same name', () => id.token(stranger)],
  ['M38 who brings the key along (jwk)', () => id.token(stranger, {}, { jwk: stranger.jwk })],
  ['M38 who says where the key is (jku)', () => id.token(stranger, {}, { jku: 'https://evil.example/jwks' })],
  ['M38 who says where the certificate is (x5u)', () => id.token(stranger, {}, { x5u: 'https://evil.example/x5u' })],
  ['M38 who brings a certificate along (x5c)', () => id.token(stranger, {}, { x5c: ['MIIB'] })],
  ['M42 who has an ID token', () => id.token(ec, {}, { typ: 'JWT' })],
  ['M42 who has a logout token', () => id.token(ec, {}, { typ: 'logout+jwt' })],
  ['M42 who has a token without a type', () => id.token(ec, {}, { typ: undefined })],
  ['who has a type that is a list', () => id.token(ec, {}, { typ: ['at+jwt'] })],
  ['who has a token for another API', () => id.token(ec, { aud: 'https://stock.example' })],
  ['who has a token for an API with a longer name', () => id.token(ec, { aud: `${audience}/` })],
  ['who has a token for several other APIs', () => id.token(ec, { aud: ['https://a.example', 'https://b.example'] })],
  ['who has a token for nobody', () => id.token(ec, { aud: [] })],
  ['who has a token without an audience', () => id.token(ec, { aud: undefined })],
  ['who has a token of another issuer', () => id.token(ec, { iss: 'https://other.example' })],
  ['who has a token of another tenant', () => id.token(ec, { iss: `${issuer}/t/other` })],
  ['who has a token of the issuer with a slash', () => id.token(ec, { iss: `${issuer}/` })],
  ['who has a token of no issuer', () => id.token(ec, { iss: undefined })],
  ['who finds an old token', () => id.token(ec, { exp: now() - 5 })],
  ['who has a token without an end', () => id.token(ec, { exp: undefined })],
  ['who has a token with a text for an end', () => id.token(ec, { exp: '9999999999' })],
  [
    'who has a token that ends after all time',
    () => signed(header, JSON.stringify(id.claims({ exp: 0 })).replace('"exp":0', '"exp":1e999'), ec),
  ],
  ['who has a token with a text for a beginning', () => id.token(ec, { nbf: '1' })],
  ['who has a token with a text for its making', () => id.token(ec, { iat: '1' })],
  ['who has a token for later', () => id.token(ec, { nbf: now() + 6 })],
  ['who has a token of the future', () => id.token(ec, { iat: now() + 6 })],
  ['who has a token about nobody', () => id.token(ec, { sub: undefined })],
  ['who has a token of no client', () => id.token(ec, { client_id: undefined })],
  ['who has a list of scopes', () => id.token(ec, { scope: ['orders:read'] })],
  ['who asks for an extension (crit)', () => id.token(ec, {}, { crit: ['exp'], exp: 1 })],
  ['who asks for one that jose knows (b64)', () => id.token(ec, {}, { crit: ['b64'], b64: true })],
  ['who mentions b64', () => id.token(ec, {}, { b64: true })],
  ['who names no key', () => id.token(ec, {}, { kid: undefined })],
  ['who names a key by a number', () => id.token(ec, {}, { kid: 1 })],
  ['who names what every object has (__proto__)', () => id.token(ec, {}, { kid: '__proto__' })],
  ['who names what every object has (constructor)', () => id.token(ec, {}, { kid: 'constructor' })],
  ['who signs with RS256 under the name of an ES256 key', () => id.token(rsa, {}, { kid: 'ec' })],
  ['who says RS256 of an ES256 key', () => id.token(ec, {}, { alg: 'RS256' })],
  ['who says PS256 of an RS256 key', () => id.token(rsa, {}, { alg: 'PS256' })],
  ['who writes alg twice', () => signed(`{"alg":"ES256","kid":"ec","typ":"at+jwt","alg":"none"}`, id.claims(), ec)],
  ['who writes a header that is no JSON', () => signed('{"alg":"ES256"', id.claims(), ec)],
  ['who signs what is no JSON', () => signed(header, '{"iss"', ec)],
  [
    'who signs what is no UTF-8',
    () => signed(header, Buffer.from(JSON.stringify(id.claims()).replace('alice', 'al\u00efce'), 'latin1'), ec),
  ],
  ['who signs a list', () => signed(header, [], ec)],
  ['who signs null', () => signed(header, 'null', ec)],
  ['M44 who sends a megabyte', () => id.token(ec, { pad: 'x'.repeat(1_000_000) })],
  ['who sends one character too many', () => id.token(ec).padEnd(16_385, 'A')],
  ['who sends nothing like a token', () => 'opaque'],
  ['who sends five parts', () => `${id.token(ec)}.a.b`],
  ['who sends letters of another alphabet', () => `${id.token(ec).slice(0, -1)}é`],
  ['who sends a line more', () => `${id.token(ec)}\n`],
  [
    'M44 who lets it derive a key for long (PBES2) and unpack much (zip)',
    async () => {
      const jwe = await new CompactEncrypt(Buffer.from('{}'))
        .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1000, kid: 'ec' })
        .encrypt(Buffer.from('secret'), { crit: {} });
      const changed = {
        alg: 'PBES2-HS256+A128KW',
        enc: 'A128GCM',
        p2c: 2_000_000_000,
        p2s: 'AAAA',
        zip: 'DEF',
        kid: 'ec',
      };
      return [encoded(changed), ...jwe.split('.').slice(1)].join('.');
    },
  ],
])('stays outside: %s', async (_who, token) => {
  const made = await token();
  for (const verifier of [id.verifier(), id.verifier({ cachedTokens: 0 })])
    expect(await refused(made, verifier)).toBe('401 invalid_token');
  expect(id.calls.filter((url) => url !== metadataUrl && url !== keysUrl)).toEqual([]);
});

test('a member that stands twice counts as its last: as for whoever signed it', async () => {
  const text = JSON.stringify(id.claims()).replace('{', '{"sub":"mallory",');
  expect((await id.verifier().verify(signed(header, text, ec))).subject).toBe('alice');
});

test('where types are not told apart, an ID token stays outside by its claims', async () => {
  const verifier = id.verifier({ types: ['JWT'], audience: ['web', audience] });
  const typ = 'JWT';
  expect(await refused(id.token(ec, {}, { typ }), verifier)).toBe('taken');
  expect(await refused(id.token(ec), verifier)).toBe('401 invalid_token');
  for (const missing of ['client_id', 'jti', 'scope', 'aud'])
    expect(await refused(id.token(ec, { [missing]: undefined }, { typ }), verifier), missing).toBe('401 invalid_token');
  const idToken = { aud: 'web', client_id: undefined, jti: undefined, scope: undefined, nonce: 'n', at_hash: 'h' };
  expect(await refused(id.token(ec, idToken, { typ }), verifier)).toBe('401 invalid_token');
});

test('the tolerance is for both clocks, and to the second', async () => {
  const taken = { exp: now() - 4, nbf: now() + 5, iat: now() + 5 };
  expect(await refused(id.token(ec, taken))).toBe('taken');
  expect(await refused(id.token(ec, taken), id.verifier({ clockTolerance: 4 }))).toBe('401 invalid_token');
});

test('why is said of tokens that the issuer signed, and of no others', async () => {
  const why = (token: string) =>
    id
      .verifier()
      .verify(token)
      .catch((error: TokenError) => error.description);
  expect(await why(id.token(ec, { exp: now() - 60 }))).toBe('The access token has expired.');
  expect(await why(id.token(ec, { nbf: now() + 60 }))).toBe('The access token is not valid yet.');
  expect(await why(id.token(ec, { iat: now() + 60 }))).toBe('The access token is not valid yet.');
  expect(await why(id.token(ec, { aud: 'x' }))).toBe('The access token is for another audience.');
  expect(await why(id.token(stranger, { exp: now() - 60 }))).toBe('The access token is not valid here.');
});

test('whatever text comes, it is refused and nothing breaks', async () => {
  const verifier = id.verifier();
  const good = id.token(ec);
  const bent = fc
    .tuple(fc.nat(good.length - 1), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1 + text.length));
  const part = fc.oneof(fc.string(), fc.json().map(encoded), fc.base64String());
  const parts = fc.array(part, { minLength: 1, maxLength: 5 }).map((all) => all.join('.'));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bent, parts), async (text) => {
      // The last character of a signature has bits that say nothing.
      if (text === '' || text.slice(0, -1) === good.slice(0, -1)) return;
      expect(await refused(text, verifier)).toBe('401 invalid_token');
    }),
    { numRuns: 300 },
  );
});

test('who checks by other keys: a fault of theirs is thrown on, a fault of the token is not', async () => {
  const key = { alg: 'ES256', key: (await importJWK(ec.jwk)) as CryptoKey };
  const rules = { types: ['at+jwt'], issuer, algorithms: ['ES256'], now: id.clock.now, clockTolerance: 0 };
  const anywhere = id.token(ec, { aud: 'https://elsewhere.example' });
  expect(await verifySignedToken(anywhere, { ...rules, keyNamed: () => key })).toMatchObject({ sub: 'alice' });
  expect(await verifySignedToken(anywhere, { ...rules, audience, keyNamed: () => key })).toBeUndefined();
  expect(await verifySignedToken(id.token(rsa), { ...rules, keyNamed: () => key })).toBeUndefined();
  expect(await verifySignedToken(anywhere, { ...rules, algorithms: ['RS256'], keyNamed: () => key })).toBeUndefined();
  const broken = () => {
    throw new RangeError('of the database');
  };
  await expect(verifySignedToken(anywhere, { ...rules, keyNamed: broken })).rejects.toThrow(RangeError);
});
