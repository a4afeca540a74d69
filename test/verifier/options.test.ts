// A verifier that was set up wrongly is not made, and says what to do.
import { expect, test } from 'vitest';
import { createVerifier, protectedResourceMetadata, protectedResourcePath } from '../../src/verifier/verifier.ts';
import { audience, issuer } from './issuer.ts';

const make = (options: Record<string, unknown>) => createVerifier({ issuer, audience, ...options });

test.each<[what: string, options: Record<string, unknown>, says: RegExp]>([
  ['no issuer', { issuer: undefined }, /issuer must be the URL/],
  ['an issuer that is no URL', { issuer: 'id.example' }, /issuer must be the URL/],
  ['an issuer with a query', { issuer: `${issuer}?a` }, /issuer must be the URL/],
  ['an issuer with a password', { issuer: 'https://a:b@id.example' }, /issuer must be the URL/],
  ['an issuer by http', { issuer: 'http://id.example' }, /set allowHttp/],
  ['an issuer that looks like this machine', { issuer: 'http://127.0.0.1.evil.example' }, /set allowHttp/],
  ['an issuer that begins like this machine', { issuer: 'http://localhost.evil.example' }, /set allowHttp/],
  ['an issuer in a file', { issuer: 'file:///id' }, /https:/],
  ['an issuer without its scheme', { issuer: 'localhost:3000' }, /https:/],
  ['no audience', { audience: undefined }, /audience is missing.*Give the identifier/],
  ['an empty audience', { audience: '' }, /audience is missing/],
  ['no audiences', { audience: [] }, /audience is missing/],
  ['none', { algorithms: ['none'] }, /none is no algorithm with a public key/],
  ['a secret', { algorithms: ['ES256', 'HS256'] }, /HS256 is no algorithm with a public key/],
  ['no algorithms', { algorithms: [] }, /algorithms is missing/],
  ['a type of other tokens', { types: ['logout+jwt'] }, /no type of access tokens/],
  ['an option that is none', { audiences: ['a'] }, /audiences is no option.*audience/],
  ['an option that every object has', { toString: 1 }, /toString is no option/],
  ['much tolerance', { clockTolerance: 301 }, /clockTolerance must be .* seconds from 0 to 300/],
  ['negative tolerance', { clockTolerance: -1 }, /clockTolerance/],
  ['a number as text', { cachedTokens: '10' }, /cachedTokens/],
  ['half a second', { keysMaxAge: 0.5 }, /keysMaxAge/],
  ['no timeout', { timeout: Infinity }, /timeout/],
  ['a cool-down that outlives the keys', { keysMaxAge: 20 }, /keysCooldown must not be longer/],
  ['a revocation that is none', { revocation: 'on' }, /revocation must be closed, open or off/],
  ['lists that are always asked for', { listsMaxAge: 0 }, /listsMaxAge must be .* seconds from 1 to 3600/],
  ['lists that are never asked for', { listsMaxAge: 3601 }, /listsMaxAge/],
  ['lists that count for days', { listsOfflineFor: 86_401 }, /listsOfflineFor must be .* from 0 to 86400/],
  ['metadata that is nowhere', { resourceMetadata: '/metadata' }, /resourceMetadata must be the URL/],
])('not with %s', (_what, options, says) => {
  expect(() => make(options)).toThrow(TypeError);
  expect(() => make(options)).toThrow(says);
});

test.each<[what: string, options: Record<string, unknown>]>([
  ['localhost', { issuer: 'http://localhost:3000' }],
  ['a name of this machine', { issuer: 'http://id.localhost:3000/t/a' }],
  ['127.0.0.1', { issuer: 'http://127.0.0.1:3000' }],
  ['::1', { issuer: 'http://[::1]:3000' }],
  ['http where that is wanted', { issuer: 'http://id.internal', allowHttp: true }],
  ['several audiences', { audience: [audience, 'urn:orders'] }],
  ['revocation that is closed', { revocation: 'closed', listsMaxAge: 1, listsOfflineFor: 0 }],
  ['revocation that is open', { revocation: 'open', listsMaxAge: 3600, listsOfflineFor: 86_400 }],
  ['revocation that is off', { revocation: 'off' }],
  ['options that are undefined', { algorithms: undefined, timeout: undefined, fetch: undefined, now: undefined }],
])('but with %s', (_what, options) => {
  expect(() => make(options)).not.toThrow();
});

test('what an API says of itself (RFC 9728)', () => {
  const described = { resource: audience, authorizationServers: [issuer] };
  expect(protectedResourceMetadata(described)).toEqual({
    resource: audience,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
  });
  const more = { scopes: ['orders:read'], name: 'Orders', documentation: `${audience}/docs` };
  expect(protectedResourceMetadata({ ...described, ...more })).toMatchObject({
    scopes_supported: ['orders:read'],
    resource_name: 'Orders',
    resource_documentation: `${audience}/docs`,
  });
  expect(() => protectedResourceMetadata({ ...described, resource: 'urn:orders' })).toThrow(TypeError);
  expect(() => protectedResourceMetadata({ ...described, authorizationServers: [] })).toThrow(TypeError);
});

test.each([
  ['https://orders.example', '/.well-known/oauth-protected-resource'],
  ['https://orders.example/', '/.well-known/oauth-protected-resource'],
  ['https://orders.example/api/v1', '/.well-known/oauth-protected-resource/api/v1'],
  ['https://orders.example/api?of=a', '/.well-known/oauth-protected-resource/api?of=a'],
])('the metadata of %s is at %s', (resource, path) => {
  expect(protectedResourcePath(resource)).toBe(path);
});

test.each(['orders', 'urn:orders', 'https://orders.example/#a', 'file:///a'])(
  '%s has no place for metadata',
  (resource) => {
    expect(() => protectedResourcePath(resource)).toThrow(TypeError);
  },
);
