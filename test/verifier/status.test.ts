// Tokens that were revoked: the issuer's status lists as an API sees them (Token Status List), fetched rarely and believed only when good.
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StatusUnavailable, TokenError, type Verifier, type VerifierOptions } from '../../src/verifier/verifier.ts';
import {
  encoded,
  type FakeIssuer,
  fakeIssuer,
  issuer,
  keyFetches,
  keysUrl,
  listAnswer,
  listed,
  listFetches,
  listOf,
  listUrl,
  makePair,
  metadataUrl,
  packed,
  type Pair,
} from './issuer.ts';

let pair: Pair;
let stranger: Pair;
let id: FakeIssuer;
let verifier: Verifier;
/** What `onFetchFailed` was told. */
let told: string[];
beforeAll(async () => {
  [pair, stranger] = await Promise.all([makePair('a'), makePair('a')]);
});
beforeEach(() => {
  id = fakeIssuer(pair);
  told = [];
  verifier = watched();
});

const watched = (options: Partial<VerifierOptions> = {}) =>
  id.verifier({ onFetchFailed: (cause) => told.push((cause as Error).message), ...options });
/** A token that lives long, with a place in the list. */
const token = (idx: unknown = 5, uri?: unknown) =>
  id.token(pair, { exp: id.clock.now / 1000 + 1_000_000, ...listed(idx, uri) });
const outcome = (bearer: string, by = verifier) =>
  by.verify(bearer).then(
    () => 'taken',
    (error: unknown) => {
      if (error instanceof StatusUnavailable) return 'unavailable';
      if (!(error instanceof TokenError)) return String(error);
      const { description } = error;
      return description === 'The access token was revoked.' ? 'revoked' : `${error.status} ${error.code}`;
    },
  );
const now = (bearer: string, by = verifier) => {
  try {
    return by.verifyNow(bearer) ? 'taken' : 'asks';
  } catch (error) {
    return (error as TokenError).description === 'The access token was revoked.' ? 'revoked' : String(error);
  }
};
const away = () => {
  id.answerList = () => Promise.reject(new TypeError('fetch failed'));
};
const back = () => {
  id.answerList = undefined;
};
/** The next list comes only when the function is called that this gives. */
const heldBack = () => {
  let answer: (() => void) | undefined;
  id.answerList = () =>
    new Promise((resolve) => {
      answer = () => resolve(listAnswer(id.list()));
    });
  return () => answer!();
};
const refused = '401 invalid_token';
const all = async (one: () => Promise<string>, times = 50) =>
  new Set(await Promise.all(Array.from({ length: times }, one)));

describe('a token with a place in a list', () => {
  test('is taken while its bit is not set, and refused when it is, with words for its client', async () => {
    expect(await outcome(token(5))).toBe('taken');
    id.revoked.add(6);
    const error = await id
      .verifier()
      .verify(token(6))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      status: 401,
      code: 'invalid_token',
      description: 'The access token was revoked.',
      challenge: expect.stringContaining('error_description="The access token was revoked."') as string,
    });
  });

  test('of each place the very bit counts, from the lowest of the first byte on', async () => {
    const places = fc.uniqueArray(fc.nat(63), { minLength: 1, maxLength: 63 });
    await fc.assert(
      fc.asyncProperty(places, async (revoked) => {
        id = fakeIssuer(pair);
        verifier = watched();
        id.answerList = () => listAnswer(id.list({ status_list: { bits: 1, lst: listOf(revoked, 64) } }));
        const found: number[] = [];
        for (let index = 0; index < 64; index += 1) if ((await outcome(token(index))) === 'revoked') found.push(index);
        expect(found).toEqual(revoked.toSorted((a, b) => a - b));
      }),
      { numRuns: 10 },
    );
  });

  test('a list of a million, which no compression makes shorter, is read whole', async () => {
    const bytes = randomBytes(2 ** 17);
    id.answerList = () => listAnswer(id.list({ status_list: { bits: 1, lst: packed(bytes) } }));
    for (const index of [0, 1_000_000, 2 ** 20 - 1])
      expect(await outcome(token(index))).toBe((bytes[index >> 3]! >> (index & 7)) & 1 ? 'revoked' : 'taken');
    expect(await outcome(token(2 ** 20))).toBe(refused);
    expect(told).toEqual([]);
  });

  test.each([1024, 2 ** 32, 2 ** 35, Number.MAX_SAFE_INTEGER])('no place %d in the list: refused', async (index) => {
    id.revoked.add(0);
    expect(await outcome(token(index))).toBe(refused);
    expect(await outcome(token(1023))).toBe('taken');
  });

  test('without a place: nothing is asked', async () => {
    expect(await outcome(id.token(pair))).toBe('taken');
    expect(id.calls).toEqual([metadataUrl, keysUrl]);
  });

  test('a fetch ahead is for keys alone', async () => {
    await verifier.prime();
    expect(id.calls).toEqual([metadataUrl, keysUrl]);
  });

  test.each<[what: string, status: unknown]>([
    ['null', null],
    ['a text', 'good'],
    ['a list', []],
    ['an empty object', {}],
    ['one of other means', { identifier_list: { id: 'a' } }],
    ['null for the list', { status_list: null }],
    ['a text for the list', { status_list: listUrl }],
    ['no place', { status_list: { uri: listUrl } }],
    ['a place before the first', { status_list: { idx: -1, uri: listUrl } }],
    ['half a place', { status_list: { idx: 0.5, uri: listUrl } }],
    ['a place as text', { status_list: { idx: '5', uri: listUrl } }],
    ['a place that no number counts', { status_list: { idx: 2 ** 53, uri: listUrl } }],
    ['no address', { status_list: { idx: 5 } }],
    ['an address that is a list', { status_list: { idx: 5, uri: [listUrl] } }],
    ['an address that is none', { status_list: { idx: 5, uri: '/status/1' } }],
    ['another host', { status_list: { idx: 5, uri: 'https://evil.example/status/1' } }],
    ['a host that begins like it', { status_list: { idx: 5, uri: `${issuer}.evil.example/status/1` } }],
    ['a host that is made to look like it', { status_list: { idx: 5, uri: `${issuer}@evil.example/status/1` } }],
    ['another port', { status_list: { idx: 5, uri: `${issuer}:8443/status/1` } }],
    ['another scheme', { status_list: { idx: 5, uri: 'http://id.example/status/1' } }],
    ['a file', { status_list: { idx: 5, uri: 'file:///status/1' } }],
    ['a user', { status_list: { idx: 5, uri: 'https://a@id.example/status/1' } }],
    ['a password', { status_list: { idx: 5, uri: 'https://:b@id.example/status/1' } }],
    ['a fragment', { status_list: { idx: 5, uri: `${listUrl}#a` } }],
    ['an empty fragment', { status_list: { idx: 5, uri: `${listUrl}#` } }],
  ])('a status that is %s: refused, and nothing is fetched', async (_what, status) => {
    expect(await outcome(id.token(pair, { status }))).toBe(refused);
    expect(await outcome(id.token(pair, { status }), watched({ revocation: 'open' }))).toBe(refused);
    expect(id.calls.filter((url) => url !== metadataUrl && url !== keysUrl)).toEqual([]);
    expect(await outcome(id.token(pair, { status }), watched({ revocation: 'off' }))).toBe('taken');
  });

  test('who cannot sign as the issuer makes nobody fetch a list', async () => {
    for (const made of [
      id.token(stranger, listed(5)),
      `${encoded({ alg: 'none', typ: 'at+jwt', kid: 'a' })}.${encoded(id.claims(listed(5)))}.`,
      id.token(pair, { ...listed(5), aud: 'https://elsewhere.example' }),
      id.token(pair, { ...listed(5), exp: id.clock.now / 1000 - 60 }),
      id.token(pair, { ...listed(5), client_id: undefined }),
    ])
      expect(await outcome(made)).toBe(refused);
    expect(listFetches(id)).toBe(0);
  });

  test('a list is no access token', async () => {
    const { status_list } = JSON.parse(Buffer.from(id.list().split('.')[1]!, 'base64url').toString()) as {
      status_list: unknown;
    };
    for (const types of [['at+jwt'], ['JWT'], ['at+jwt', 'JWT']] as const) {
      const made = id.token(pair, { status_list }, { typ: 'statuslist+jwt' });
      expect(await outcome(made, id.verifier({ types }))).toBe(refused);
    }
  });
});

describe('a list that is not good is none', () => {
  const answers =
    (change: Record<string, unknown>, header = {}, by?: Pair) =>
    () =>
      listAnswer(id.list(change, header, by));
  const lst = (text: unknown, bits: unknown = 1) => answers({ status_list: { bits, lst: text } });
  const seconds = () => id.clock.now / 1000;
  const unsigned = () => {
    const [, payload] = id.list().split('.');
    return listAnswer(`${encoded({ alg: 'none', typ: 'statuslist+jwt', kid: 'a' })}.${payload}.AAAA`);
  };
  const large = () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 1000) controller.error(new Error('read to its end'));
        else controller.enqueue(new Uint8Array(16_384).fill(0x41));
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/statuslist+jwt' } });
  };
  const good = listOf([]);

  test.each<[what: string, why: RegExp, answer: () => Response]>([
    ['an access token', /malformed/, answers({}, { typ: 'at+jwt' })],
    ['a token of no type', /malformed/, answers({}, { typ: undefined })],
    ['one that nobody signed', /malformed/, unsigned],
    ['one by another key', /malformed/, () => listAnswer(id.list({}, {}, stranger))],
    ['one by a key that nobody knows', /malformed/, answers({}, { kid: 'b' })],
    ['one of another issuer', /malformed/, answers({ iss: 'https://other.example' })],
    ['one of another tenant', /malformed/, answers({ iss: `${issuer}/t/other` })],
    ['another list', /another address/, answers({ sub: `${issuer}/status/2` })],
    ['a list with another spelling of its address', /another address/, answers({ sub: `${listUrl}/` })],
    ['a list without an address', /another address/, answers({ sub: undefined })],
    ['one that has expired', /expired/, () => answers({ exp: seconds() - 5 })()],
    ['one without an end', /malformed/, answers({ exp: undefined })],
    ['one that says not when it was made', /without iat/, answers({ iat: undefined })],
    ['one of the future', /early/, () => answers({ iat: seconds() + 61 })()],
    ['one that was signed too long ago', /too long ago/, () => answers({ iat: seconds() - 961 })()],
    ['one with a ttl of nothing', /ttl/, answers({ ttl: 0 })],
    ['one with a ttl as text', /ttl/, answers({ ttl: '30' })],
    ['no bits', /one bit/, answers({ status_list: undefined })],
    ['bits that are null', /one bit/, answers({ status_list: null })],
    ['two bits a token', /one bit/, lst(good, 2)],
    ['one bit as text', /one bit/, lst(good, '1')],
    ['no lst', /without lst/, lst(undefined)],
    ['an lst that is a list', /without lst/, lst([good])],
    ['an lst in another alphabet', /without lst/, lst(`${good}==`)],
    ['what is not packed', /incorrect header check/, lst(encoded('not packed'))],
    [
      'what is not packed to its end',
      /unexpected end of file/,
      lst(encoded(Buffer.from(good, 'base64url').subarray(0, -5))),
    ],
    ['what was bent', /incorrect data check/, lst(`${good.slice(0, -4)}AAAA`)],
    ['what unpacks to more than it may', /larger than 1048576/, lst(packed(new Uint8Array(2 ** 20 + 1)))],
    ['a redirect', /status 302/, () => new Response(null, { status: 302, headers: { location: keysUrl } })],
    ['nothing new, of nothing', /status 304/, () => new Response(null, { status: 304 })],
    [
      'an error',
      /status 500/,
      () => new Response(id.list(), { status: 500, headers: { 'content-type': 'application/statuslist+jwt' } }),
    ],
    [
      'another media type',
      /type application\/jwt/,
      () => new Response(id.list(), { headers: { 'content-type': 'application/jwt' } }),
    ],
    [
      'a media type that begins like it',
      /type application\/statuslist\+jwts/,
      () => listAnswer(id.list(), { 'content-type': 'application/statuslist+jwts' }),
    ],
    ['more than 2 MiB', /more than 2097152 bytes/, large],
  ])('%s', async (_what, why, answer) => {
    id.answerList = answer;
    const error = await verifier.verify(token()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StatusUnavailable);
    expect(((error as StatusUnavailable).cause as Error).message).toMatch(why);
    expect((error as StatusUnavailable).message).toMatch(/^The status list of the token cannot be had: /);
    expect((error as StatusUnavailable).retryAfter).toBe(1);
    expect(told).toEqual([expect.stringMatching(why)]);
    expect(listFetches(id)).toBe(1);
  });

  test('but with parameters of its media type, in any case, and just as large as it may be', async () => {
    const large = packed(new Uint8Array(2 ** 20));
    id.answerList = () =>
      listAnswer(id.list({ status_list: { bits: 1, lst: large }, ttl: undefined, exp: seconds() - 4 }), {
        'content-type': 'Application/StatusList+JWT; charset=utf-8',
      });
    expect(await outcome(token())).toBe('taken');
  });

  test('it is asked for as what it is, no redirect is followed, and it is given up in time', async () => {
    let how: RequestInit | undefined;
    id.answerList = (init) => {
      how = init;
      return new Promise((_resolve, reject) => {
        init.signal!.addEventListener('abort', () => reject(init.signal!.reason as Error));
      });
    };
    expect(await outcome(token(), watched({ timeout: 1 }))).toBe('unavailable');
    expect(how).toMatchObject({ redirect: 'manual', headers: { accept: 'application/statuslist+jwt' } });
    expect(how!.headers).not.toHaveProperty('if-none-match');
  });

  test('it does not replace the one that is held', async () => {
    const bearer = token();
    expect(await outcome(bearer)).toBe('taken');
    id.revoked.add(5);
    id.answerList = answers({}, {}, stranger);
    id.advance(30);
    expect(await outcome(bearer)).toBe('taken');
    expect(told).toHaveLength(1);
  });

  test('one that is kept back on the way is found out when its issuer would long have signed it anew', async () => {
    const bearer = token();
    const old = id.list();
    id.advance(900);
    expect(await outcome(bearer)).toBe('taken');
    id.revoked.add(5);
    id.answerList = () => listAnswer(old);
    id.advance(61);
    expect(await outcome(bearer)).toBe('taken');
    expect(told).toEqual([expect.stringMatching(/signed too long ago/)]);
    id.advance(300);
    expect(await outcome(bearer)).toBe('unavailable');
  });

  test('nor is it renewed for ever by whoever says that nothing is new', async () => {
    id.answerList = ({ headers }) =>
      'if-none-match' in headers! ? new Response(null, { status: 304 }) : listAnswer(id.list(), { etag: 'W/"1"' });
    const bearer = token();
    await outcome(bearer);
    id.advance(930);
    expect(await outcome(bearer)).toBe('taken');
    expect(told).toEqual([]);
    id.advance(31);
    expect(await outcome(bearer)).toBe('taken');
    expect(told).toEqual([expect.stringMatching(/signed too long ago/)]);
  });

  test('the clock of its issuer may be a minute ahead', async () => {
    id.answerList = () => listAnswer(id.list({ iat: seconds() + 59 }));
    expect(await outcome(token())).toBe('taken');
  });

  test('one that another server of the issuer signed a quarter of an hour earlier is not, however often they take turns', async () => {
    const bearer = token();
    const earlier = id.list();
    id.revoked.add(6);
    id.advance(200);
    for (let n = 0; n < 20; n += 1) {
      id.answerList = n % 2 === 0 ? undefined : () => listAnswer(earlier);
      id.advance(30);
      expect([await outcome(bearer), await outcome(token(6))]).toEqual(['taken', 'revoked']);
    }
    expect(told).toEqual([]);
  });

  test('one of the same second is not', async () => {
    const same = id.list();
    id.answerList = () => listAnswer(same);
    await outcome(token());
    id.advance(30);
    expect(await outcome(token())).toBe('taken');
    expect(told).toEqual([]);
  });

  test('under whatever algorithm its issuer signs lists, and whatever the API takes for tokens', async () => {
    const rsa = await makePair('r', 'RS256');
    id = fakeIssuer(pair, rsa);
    id.revoked.add(6);
    const only = watched({ algorithms: ['RS256'] });
    const under = (idx: number, by: Pair) => id.token(by, listed(idx));
    expect(await outcome(under(5, rsa), only)).toBe('taken');
    expect(await outcome(under(6, rsa), only)).toBe('revoked');
    expect(await outcome(under(5, pair), only)).toBe(refused);
    expect(told).toEqual([]);
  });

  test('one whose key cannot be had is not good either', async () => {
    await verifier.prime();
    id.answerList = answers({}, { kid: 'b' });
    id.answerKeys = () => Promise.reject(new TypeError('fetch failed'));
    id.advance(30);
    expect(await outcome(token())).toBe('unavailable');
    expect(told).toEqual(['fetch failed', expect.stringMatching(/^The keys of the issuer cannot be had/)]);
  });
});

describe('when a list is fetched', () => {
  test('once for however many tokens at once', async () => {
    expect(await all(() => outcome(token()))).toEqual(new Set(['taken']));
    expect(listFetches(id)).toBe(1);
    id.advance(30);
    const bearer = token();
    expect(await all(() => outcome(bearer))).toEqual(new Set(['taken']));
    expect(listFetches(id)).toBe(2);
  });

  test('each list for itself', async () => {
    const other = `${issuer}/status/2`;
    id.answerList = (_init, url) =>
      listAnswer(id.list({ sub: url, status_list: { bits: 1, lst: listOf(url === other ? [5] : []) } }));
    expect([await outcome(token(5)), await outcome(token(5, other))]).toEqual(['taken', 'revoked']);
    expect([listFetches(id), listFetches(id, other)]).toEqual([1, 1]);
  });

  test.each([
    ['its ttl', 10, {}, 10],
    ['the ceiling', 86_400, {}, 30],
    ['the ceiling, where it does not say', undefined, {}, 30],
    ['another ceiling', 86_400, { listsMaxAge: 3600, keysMaxAge: 86_400 }, 3600],
    ['a second at least', 0.001, {}, 1],
  ])('again after %s', async (_what, ttl, options, seconds) => {
    id.answerList = () => listAnswer(id.list({ ttl }));
    verifier = watched(options);
    const bearer = token();
    await outcome(bearer);
    id.advance(seconds / 2 - 0.001);
    expect(now(bearer)).toBe('taken');
    expect(listFetches(id)).toBe(1);
    id.advance(seconds / 2 + 0.001);
    expect(now(bearer)).toBe('asks');
    id.revoked.add(5);
    expect(await outcome(bearer)).toBe('revoked');
    expect(listFetches(id)).toBe(2);
  });

  test('past half its time beside the requests, which do not wait', async () => {
    const bearer = token();
    await outcome(bearer);
    id.revoked.add(5);
    const answer = heldBack();
    id.advance(15);
    expect([now(bearer), now(bearer), await outcome(bearer)]).toEqual(['taken', 'taken', 'taken']);
    expect(listFetches(id)).toBe(2);
    answer();
    await expect.poll(() => now(bearer), { interval: 1 }).toBe('revoked');
    expect(await outcome(bearer)).toBe('revoked');
    expect(listFetches(id)).toBe(2);
  });

  test('who comes past its time waits for the fetch that is under way', async () => {
    const bearer = token();
    await outcome(bearer);
    id.revoked.add(5);
    const answer = heldBack();
    id.advance(15);
    expect(now(bearer)).toBe('taken');
    id.advance(15);
    expect(now(bearer)).toBe('asks');
    const waiting = outcome(bearer);
    answer();
    expect(await waiting).toBe('revoked');
    expect(listFetches(id)).toBe(2);
  });

  test('who waits waits for the list, not for another look at the signature', async () => {
    const bearer = token();
    const verified = await verifier.verify(bearer);
    id.advance(30);
    expect(await verifier.verify(bearer)).toBe(verified);
    expect(listFetches(id)).toBe(2);
    id.advance(15);
    expect(verifier.verifyNow(bearer)).toBe(verified);
  });

  test('what a request needs is looked at after the wait as well', async () => {
    const bearer = token();
    await outcome(bearer);
    id.advance(30);
    const asked = verifier.verify(bearer, { scopes: ['orders:write'] });
    await expect(asked).rejects.toThrow('insufficient_scope');
  });

  test('with the mark of the one that is held: 304 renews it', async () => {
    const asked: unknown[] = [];
    id.answerList = ({ headers }) => {
      const mark = (headers as Record<string, string>)['if-none-match'];
      asked.push(mark);
      return mark === 'W/"1"' ? new Response(null, { status: 304 }) : listAnswer(id.list(), { etag: 'W/"1"' });
    };
    id.revoked.add(6);
    const bearer = token();
    await outcome(bearer);
    id.revoked.add(5);
    for (let n = 0; n < 3; n += 1) {
      id.advance(30);
      expect(await outcome(bearer)).toBe('taken');
      expect(await outcome(token(6))).toBe('revoked');
      id.advance(14);
      expect(now(bearer)).toBe('taken');
    }
    expect(asked).toEqual([undefined, 'W/"1"', 'W/"1"', 'W/"1"']);
    expect(told).toEqual([]);
    // What has expired is not renewed: it is asked for whole.
    id.advance(3600);
    expect(await outcome(bearer)).toBe('revoked');
    expect(asked.at(-1)).toBeUndefined();
  });

  test('when it expires, though its ttl says later', async () => {
    id.answerList = () => listAnswer(id.list({ exp: id.clock.now / 1000 + 5 }));
    const bearer = token();
    await outcome(bearer);
    id.advance(9);
    away();
    expect(now(bearer)).toBe('taken');
    await expect.poll(() => told.length, { interval: 1 }).toBe(1);
    id.advance(1);
    expect(now(bearer)).toBe('asks');
    expect(await outcome(bearer)).toBe('unavailable');
  });

  test('a clock that was set back makes it no younger', async () => {
    const bearer = token();
    const made = { iat: id.clock.now / 1000 };
    id.answerList = () => listAnswer(id.list(made));
    id.advance(3);
    await outcome(bearer);
    id.advance(-3);
    expect(now(bearer)).toBe('asks');
    expect(await outcome(bearer)).toBe('taken');
    expect(listFetches(id)).toBe(2);
    id.advance(3);
    await outcome(bearer);
    away();
    id.advance(27);
    await outcome(bearer);
    id.advance(-31);
    expect(await outcome(bearer)).toBe('unavailable');
  });
});

describe('what was revoked stays so', () => {
  test('a bit never goes back, whatever a later list says', async () => {
    const bearer = token();
    expect(await outcome(bearer)).toBe('taken');
    id.revoked.add(5);
    id.advance(30);
    expect(await outcome(bearer)).toBe('revoked');
    id.revoked.delete(5);
    for (const length of [1024, 8, 4096]) {
      id.answerList = () => listAnswer(id.list({ status_list: { bits: 1, lst: listOf([], length) } }));
      id.advance(30);
      expect(await outcome(token(0))).toBe('taken');
      expect([now(bearer), await outcome(bearer), await outcome(token(5))]).toEqual(['revoked', 'revoked', 'revoked']);
    }
    expect(await outcome(token(4095))).toBe('taken');
    expect(told).toEqual([]);
  });

  test('also beyond the end of a shorter list', async () => {
    id.revoked.add(1000);
    expect(await outcome(token(1000))).toBe('revoked');
    id.answerList = () => listAnswer(id.list({ status_list: { bits: 1, lst: listOf([], 8) } }));
    id.advance(30);
    expect(await outcome(token(5))).toBe('taken');
    expect(await outcome(token(1000))).toBe('revoked');
  });

  test('whatever the age of the list, without waiting', async () => {
    verifier = watched({ keysMaxAge: 86_400 });
    const bearer = token();
    await outcome(bearer);
    id.revoked.add(5);
    id.advance(30);
    expect(await outcome(bearer)).toBe('revoked');
    const asked = listFetches(id);
    away();
    id.advance(80_000);
    expect(now(bearer)).toBe('revoked');
    expect([await outcome(bearer), await outcome(token(5))]).toEqual(['revoked', 'revoked']);
    expect(listFetches(id)).toBe(asked);
  });

  test('who is revoked is not remembered in the place of another', async () => {
    verifier = watched({ cachedTokens: 1 });
    id.revoked.add(5);
    const good = token(6);
    await outcome(good);
    expect(await outcome(token(5))).toBe('revoked');
    expect(now(good)).toBe('taken');
  });

  test('whatever comes in whatever order: remembered or not, it is the same', async () => {
    const lists = await makePair('lists');
    const pairs = await Promise.all([makePair('x'), makePair('y')]);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ token: fc.nat(7), scope: fc.constantFrom('orders:read', 'orders:write') }) },
      // A list is fresh or past its time, never between: what happens beside the requests has no order.
      { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: -1, max: 12 }).map((n) => 30 * n) }) },
      { weight: 2, arbitrary: fc.record({ revoke: fc.nat(7) }) },
      { weight: 1, arbitrary: fc.record({ keys: fc.subarray([0, 1]) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 2, 100), async (steps, cachedTokens) => {
        id = fakeIssuer(lists, ...pairs);
        const [remembering, forgetting] = [watched({ cachedTokens }), watched({ cachedTokens: 0 })];
        const seconds = id.clock.now / 1000;
        const tokens = Array.from({ length: 8 }, (_, n) =>
          id.token(pairs[n % 2]!, {
            exp: seconds + 200 * (n + 1),
            ...(n < 7 && listed(n < 6 ? n : 5000, `${issuer}/status/${n % 3}`)),
          }),
        );
        for (const it of steps) {
          if ('advance' in it) id.advance(it.advance);
          else if ('revoke' in it) id.revoked.add(it.revoke);
          else if ('keys' in it) id.keys = [lists, ...it.keys.map((n) => pairs[n]!)].map(({ jwk }) => jwk);
          else {
            const said = (by: Verifier) =>
              by.verify(tokens[it.token], { scopes: [it.scope] }).then(
                ({ claims }) => claims['jti'],
                (error: Error) => error.message,
              );
            const expected = await said(forgetting);
            expect(await said(remembering)).toBe(expected);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('while a list cannot be had', () => {
  test('closed: what was never had lets nobody pass, and is not asked for on each request', async () => {
    away();
    const bearer = token();
    expect(await all(() => outcome(bearer))).toEqual(new Set(['unavailable']));
    expect(await outcome(bearer)).toBe('unavailable');
    expect([listFetches(id), keyFetches(id), told]).toEqual([1, 1, ['fetch failed']]);
    back();
    id.advance(1);
    expect(await outcome(bearer)).toBe('taken');
  });

  test('closed: what is held counts for its time and a while beyond, and no longer', async () => {
    const bearer = token();
    await outcome(bearer);
    away();
    for (let n = 0; n < 32; n += 1) {
      id.advance(10);
      expect(await outcome(bearer)).toBe('taken');
    }
    id.advance(9.999);
    expect(await outcome(bearer)).toBe('taken');
    id.advance(0.001);
    expect(now(bearer)).toBe('asks');
    expect(await outcome(bearer)).toBe('unavailable');
    back();
    id.advance(5);
    expect(await outcome(bearer)).toBe('taken');
  });

  test('closed: what was left alone for long is not believed unasked', async () => {
    const bearer = token();
    await outcome(bearer);
    away();
    id.advance(330);
    expect(await outcome(bearer)).toBe('unavailable');
  });

  test('closed: not beyond its time where that is not wanted', async () => {
    verifier = watched({ listsOfflineFor: 0 });
    const bearer = token();
    await outcome(bearer);
    away();
    id.advance(29.999);
    expect(await outcome(bearer)).toBe('taken');
    await expect.poll(() => told.length, { interval: 1 }).toBe(1);
    id.advance(0.001);
    expect(await outcome(bearer)).toBe('unavailable');
  });

  test('1, 2, 4 and then 5 seconds between two attempts, beside the requests', async () => {
    const bearer = token();
    await outcome(bearer);
    away();
    id.advance(30);
    expect(await outcome(bearer)).toBe('taken');
    let asked = 2;
    for (const seconds of [1, 2, 4, 5, 5]) {
      expect(listFetches(id)).toBe(asked);
      id.advance(seconds - 0.001);
      expect([now(bearer), listFetches(id)]).toEqual(['taken', asked]);
      id.advance(0.001);
      asked += 1;
      expect([now(bearer), listFetches(id)]).toEqual(['taken', asked]);
      await expect.poll(() => told.length, { interval: 1 }).toBe(asked - 1);
    }
    id.revoked.add(5);
    back();
    id.advance(5);
    expect(now(bearer)).toBe('taken');
    await expect.poll(() => now(bearer), { interval: 1 }).toBe('revoked');
  });

  test('after a pause it is asked first: what was revoked meanwhile is refused', async () => {
    const bearer = token();
    await outcome(bearer);
    away();
    id.advance(30);
    expect(await outcome(bearer)).toBe('taken');
    back();
    id.revoked.add(5);
    id.advance(30);
    expect(now(bearer)).toBe('asks');
    expect(await outcome(bearer)).toBe('revoked');
  });

  test('when to try again is said', async () => {
    away();
    for (const seconds of [1, 2, 4, 5, 5]) {
      const error = (await verifier.verify(token()).catch((thrown: unknown) => thrown)) as StatusUnavailable;
      expect(error.retryAfter).toBe(seconds);
      id.advance(seconds);
    }
  });

  test('open: it is taken, but only for a while after fetching began to fail', async () => {
    verifier = watched({ revocation: 'open' });
    away();
    const bearer = token();
    for (let n = 0; n < 30; n += 1) {
      expect(await outcome(bearer)).toBe('taken');
      id.advance(10);
    }
    expect(now(bearer)).toBe('asks');
    expect(await outcome(bearer)).toBe('unavailable');
    expect(told.length).toBeGreaterThan(5);
    back();
    id.advance(5);
    expect(await outcome(bearer)).toBe('taken');
    // The next failure begins anew.
    away();
    id.advance(5000);
    expect(await outcome(bearer)).toBe('taken');
    id.advance(300);
    expect(await outcome(bearer)).toBe('unavailable');
  });

  test('open: what is known to be revoked is refused', async () => {
    verifier = watched({ revocation: 'open' });
    id.revoked.add(5);
    expect(await outcome(token(5))).toBe('revoked');
    away();
    id.advance(5000);
    expect([await outcome(token(6)), await outcome(token(5)), await outcome(token(1024))]).toEqual([
      'taken',
      'revoked',
      refused,
    ]);
  });

  test('off: nobody looks', async () => {
    verifier = watched({ revocation: 'off' });
    id.revoked.add(5);
    const bearer = token();
    expect([await outcome(bearer), now(bearer)]).toEqual(['taken', 'taken']);
    expect(listFetches(id)).toBe(0);
  });
});

describe('how many lists are held', () => {
  const address = (n: number) => `${issuer}/status/${n}`;
  const fill = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) expect(await outcome(token(5, address(n)))).toBe('taken');
  };

  test('a thousand; the one that was not used for the longest time goes first, and is fetched again', async () => {
    const [first, second] = [token(5, address(0)), token(5, address(1))];
    for (const bearer of [first, second]) await outcome(bearer);
    await fill(2, 1000);
    expect(now(first)).toBe('taken');
    await fill(1000, 1001);
    expect([now(first), now(second)]).toEqual(['taken', 'asks']);
    id.revoked.add(5);
    expect(await outcome(second)).toBe('revoked');
    expect([listFetches(id, address(0)), listFetches(id, address(1))]).toEqual([1, 2]);
    expect(now(second)).toBe('revoked');
  });

  test('none that was over a day ago', async () => {
    const [over, used] = [token(5, address(0)), token(5, address(1))];
    for (const bearer of [over, used]) await outcome(bearer);
    id.revoked.add(5);
    id.advance(3600);
    expect(await outcome(over)).toBe('revoked');
    id.revoked.delete(5);
    id.advance(90_006);
    // It is still held: what is known of it is known.
    await verifier.prime();
    expect(now(over)).toBe('revoked');
    await outcome(token(6, address(2)));
    expect(now(over)).toBe('asks');
    expect([await outcome(over), await outcome(used)]).toEqual(['taken', 'taken']);
  });
});
