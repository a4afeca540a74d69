// Redirect URIs: what may be registered, and that only the registered string matches, but for the port of a loopback IP.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isLoopbackHost,
  isReadableByOtherPrograms,
  matchRedirectUri,
  redirectUriProblem,
  webUriProblem,
} from '../../src/domain/redirect-uri.ts';

describe('what may be registered', () => {
  test.each([
    ['https://app.example/cb', true, true],
    ['https://app.example/cb?tenant=1', true, true],
    ['https://app.example:8443', true, true],
    ['http://localhost:3000/cb', true, true],
    ['http://127.0.0.1/cb', true, true],
    ['http://[::1]/cb', true, true],
    ['com.example.app:/cb', false, true],
    ['com.example.app://cb', false, true],
    ['http://app.example/cb', false, false],
    ['http://localhost.evil.example/cb', false, false],
    ['http://127.0.0.1.evil.example/cb', false, false],
    ['myapp://cb', false, false],
    ['javascript:alert(1)', false, false],
    ['data:text/html,x', false, false],
    ['https://app.example/cb#part', false, false],
    ['com.example.app:/cb#part', false, false],
    ['com.example.app://https:https:', false, false],
    ['com.example.app://user:pass@cb', false, false],
    ['https://user@app.example/cb', false, false],
    ['https://user:pass@app.example/cb', false, false],
    ['https://*.app.example/cb', false, false],
    ['https://app.example/*', false, false],
    ['http://localhost:4150/*', false, false],
    ['com.example.app:/*', false, false],
    ['https:app.example', false, false],
    ['https:///app.example', false, false],
    ['https:\\\\app.example', false, false],
    ['https://app.example/a b', false, false],
    ['https://app.example/\u0000', false, false],
    ['https://app.exämple/', false, false],
    ['/cb', false, false],
    ['', false, false],
    [`https://app.example/${'a'.repeat(2000)}`, false, false],
  ])('%s', (uri, confidential, open) => {
    expect([redirectUriProblem(uri, false) === undefined, redirectUriProblem(uri, true) === undefined]).toEqual([
      confidential,
      open,
    ]);
  });

  test.each([
    ['https://app.example/*', 'has a *, and there are no wildcards: write each address out'],
    ['https://münchen.example/cb', 'must be written in ASCII: https://xn--mnchen-3ya.example/cb'],
    ['https://app.example/grüße?x=1', 'must be written in ASCII: https://app.example/gr%C3%BC%C3%9Fe?x=1'],
    ['über', 'must be written in ASCII'],
  ])('%s: the reason says how to write it', (uri, problem) => {
    expect(redirectUriProblem(uri, true)).toBe(problem);
  });

  test('whatever is let through is a URI that needs no repair, without fragment and credentials', () => {
    const pieces = fc.constantFrom(
      'https:',
      'http:',
      'com.example.app:',
      '//',
      '/',
      '\\',
      'a.example',
      'localhost',
      '127.0.0.1',
      '@',
      ':',
      '8080',
      '#',
      '?',
      '*',
      ' ',
      '%20',
      'a',
      '..',
    );
    const uris = fc.oneof(
      fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join('')),
      fc.webUrl(),
      fc.string(),
    );
    fc.assert(
      fc.property(uris, fc.boolean(), (uri, isPublic) => {
        if (redirectUriProblem(uri, isPublic) !== undefined) return;
        const url = new URL(uri);
        expect(uri).toMatch(/^[\x21-\x7e]+$/);
        expect([url.hash, url.username, url.password]).toEqual(['', '', '']);
        if (url.protocol === 'http:') expect(isLoopbackHost(url.hostname)).toBe(true);
        else if (url.protocol !== 'https:') expect([isPublic, url.protocol.includes('.')]).toEqual([true, true]);
      }),
      { numRuns: 300 },
    );
  });

  test('links of clients are web addresses, never scripts', () => {
    expect(webUriProblem('javascript:alert(1)')).toBeDefined();
    expect(webUriProblem('com.example.app:/cb')).toBeDefined();
    expect(webUriProblem('https://app.example/terms')).toBeUndefined();
  });
});

describe('what matches', () => {
  test('a registered one matches itself, and no other string matches for a confidential client', () => {
    const uris = fc.oneof(
      fc.webUrl({ withQueryParameters: true }),
      fc.constantFrom('http://127.0.0.1:80/cb', 'http://127.0.0.1/cb'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(uris, { minLength: 1, maxLength: 4 }), uris, (registered, other) => {
        for (const uri of registered) expect(matchRedirectUri(registered, uri, false)).toBe(uri);
        expect(matchRedirectUri(registered, other, false)).toBe(registered.includes(other) ? other : undefined);
      }),
    );
  });

  test.each(['http://127.0.0.1', 'http://[::1]'])(
    'a public client at %s may come from any port, and nowhere else',
    (host) => {
      const registered = [`${host}/cb?a=1`];
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 99_999 }), (port) => {
          const match = matchRedirectUri(registered, `${host}:${port}/cb?a=1`, true);
          expect(match).toBe(port <= 65_535 ? registered[0] : undefined);
          expect(matchRedirectUri(registered, `${host}:${port}/cb?a=1`, false)).toBeUndefined();
        }),
      );
    },
  );

  test.each([
    ['http://127.0.0.1:5000/cb/'],
    ['http://127.0.0.1:5000/CB'],
    ['http://127.0.0.1:5000/cb#x'],
    ['http://127.0.0.1:5000/cb?x'],
    ['http://127.0.0.1:5000\\cb'],
    ['http://127.0.0.1:5000@evil.example/cb'],
    ['http://127.0.0.1:/cb'],
    ['http://127.0.0.1.evil.example:5000/cb'],
    ['http://127.0.0.2:5000/cb'],
    ['http://localhost:5000/cb'],
    ['https://127.0.0.1:5000/cb'],
    ['http://[::1]:5000/cb'],
  ])('%s is not http://127.0.0.1/cb at another port', (asked) => {
    expect(matchRedirectUri(['http://127.0.0.1/cb'], asked, true)).toBeUndefined();
  });

  test('the port of localhost does not vary: it may resolve elsewhere (RFC 8252 8.3)', () => {
    expect(matchRedirectUri(['http://localhost/cb'], 'http://localhost:5000/cb', true)).toBeUndefined();
  });
});

test.each([
  ['https://app.example/cb', false],
  ['http://127.0.0.1/cb', true],
  ['http://localhost/cb', true],
  ['https://localhost/cb', true],
  ['com.example.app:/cb', true],
])('any program on the machine could read what arrives at %s: %s', (uri, isNative) => {
  expect(isReadableByOtherPrograms(uri)).toBe(isNative);
});
