// The decision of the authorize endpoint: who signs in, who consents, who gets an answer, and what silence allows.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuthorizationRequest, Prompt } from '../../src/domain/authorization-request.ts';
import { type Client, authMethodsOf, completeMetadata, type RegisteredMetadata } from '../../src/domain/client.ts';
import { type AttemptProgress, nextStep, type Situation } from '../../src/domain/next-step.ts';
import type { Session } from '../../src/domain/session.ts';

const now = 1_900_000_000_000;

const session: Session = {
  id: 'session-1',
  userId: 'alice',
  username: 'alice',
  adminRoles: [],
  authentication: {
    at: now - 100_000,
    amr: ['pwd'],
    acr: 'urn:signet:acr:1fa',
    mfaMethod: undefined,
    mfaVerifiedAt: undefined,
  },
  startedAt: now - 100_000,
  lastSeenAt: now,
  idleExpiresAt: now + 1000,
  expiresAt: now + 1000,
  persistent: false,
  ended: false,
  userDisabled: false,
};
const everything = { scopes: ['openid', 'profile'], resources: ['https://api.example'] };

function client(metadata: RegisteredMetadata = {}): Client {
  const given = { redirect_uris: ['https://app.example/cb'], ...metadata };
  return {
    id: 'app',
    metadata: completeMetadata(given),
    authMethods: authMethodsOf(given),
    registeredTokenLifetime: undefined,
    secrets: [],
    adminRoles: [],
    version: 1,
    createdAt: 0,
    disabled: false,
  };
}

function request(change: Partial<AuthorizationRequest> = {}): AuthorizationRequest {
  const target = { redirectUri: 'https://app.example/cb', responseMode: 'query' } as const;
  return { clientId: 'app', target, scopes: ['openid'], resources: [], prompt: [], acrValues: [], ...change };
}

function situation(change: Partial<Situation> = {}): Situation {
  return {
    request: request(),
    client: client(),
    session,
    attempt: undefined,
    consent: everything,
    mfa: 'optional',
    now,
    ...change,
  };
}

const justSignedIn: AttemptProgress = {
  sessionId: 'session-1',
  authenticatedAt: now,
  consentedSessionId: undefined,
  leavingSessionId: undefined,
};
const native = { target: { redirectUri: 'http://127.0.0.1:5000/cb', responseMode: 'query' } } as const;

describe('signing in', () => {
  test.each<[string, Partial<Situation>, string]>([
    ['nobody is signed in', { session: undefined }, 'sign-in'],
    ['somebody is', {}, 'respond'],
    ['prompt=login', { request: request({ prompt: ['login'] }) }, 'sign-in'],
    ['prompt=select_account', { request: request({ prompt: ['select_account'] }) }, 'sign-in'],
    [
      'prompt=login, done in this attempt',
      { request: request({ prompt: ['login'] }), attempt: justSignedIn },
      'respond',
    ],
    [
      'prompt=login, done in this attempt, but the session is another one now',
      { request: request({ prompt: ['login'] }), attempt: { ...justSignedIn, sessionId: 'session-2' } },
      'sign-in',
    ],
    [
      'the person wants to go on as somebody else',
      { attempt: { ...justSignedIn, sessionId: undefined, leavingSessionId: 'session-1' } },
      'sign-in',
    ],
    ['somebody else went on', { attempt: { ...justSignedIn, leavingSessionId: 'session-0' } }, 'respond'],
    ['max_age not reached', { request: request({ maxAge: 101 }) }, 'respond'],
    ['max_age reached', { request: request({ maxAge: 100 }) }, 'sign-in'],
    ['max_age=0', { request: request({ maxAge: 0 }) }, 'sign-in'],
    ['max_age=0, done in this attempt', { request: request({ maxAge: 0 }), attempt: justSignedIn }, 'respond'],
    [
      'max_age not reached since the sign-in in this attempt',
      { request: request({ maxAge: 60 }), attempt: { ...justSignedIn, authenticatedAt: now - 59_999 } },
      'respond',
    ],
    [
      'max_age reached since the sign-in in this attempt',
      { request: request({ maxAge: 60 }), attempt: { ...justSignedIn, authenticatedAt: now - 60_000 } },
      'sign-in',
    ],
    [
      'max_age=1, signed in in this attempt less than ten seconds ago',
      { request: request({ maxAge: 1 }), attempt: { ...justSignedIn, authenticatedAt: now - 9999 } },
      'respond',
    ],
    [
      'max_age=1, signed in in this attempt ten seconds ago',
      { request: request({ maxAge: 1 }), attempt: { ...justSignedIn, authenticatedAt: now - 10_000 } },
      'sign-in',
    ],
    [
      'default_max_age=60, signed in in this attempt a minute ago',
      { client: client({ default_max_age: 60 }), attempt: { ...justSignedIn, authenticatedAt: now - 60_000 } },
      'sign-in',
    ],
    [
      'prompt=login, signed in in this attempt five minutes ago',
      { request: request({ prompt: ['login'] }), attempt: { ...justSignedIn, authenticatedAt: now - 300_000 } },
      'sign-in',
    ],
    ['default_max_age reached', { client: client({ default_max_age: 60 }) }, 'sign-in'],
    [
      'max_age goes before default_max_age',
      { client: client({ default_max_age: 60 }), request: request({ maxAge: 3600 }) },
      'respond',
    ],
    ['the hint means somebody else', { request: request({ hintedUserId: 'bob' }) }, 'sign-in'],
    [
      'the hint means somebody else who has not just signed in',
      { request: request({ hintedUserId: 'bob' }), attempt: justSignedIn },
      'sign-in',
    ],
    ['the hint means this user', { request: request({ hintedUserId: 'alice' }) }, 'respond'],
  ])('%s', (_what, change, expected) => {
    const step = nextStep(situation(change));
    expect(step.kind).toBe(expected);
  });
});

describe('consent', () => {
  const publicClient = client({ token_endpoint_auth_method: 'none' });
  const ownPublicClient = client({ token_endpoint_auth_method: 'none', first_party: true });
  const consented: AttemptProgress = { ...justSignedIn, consentedSessionId: 'session-1' };
  test.each<[string, Partial<Situation>, string]>([
    ['never given', { consent: undefined }, 'consent'],
    ['given for all', { request: request(everything) }, 'respond'],
    ['a new scope', { request: request({ scopes: ['openid', 'email'] }) }, 'consent'],
    ['a new resource', { request: request({ resources: ['https://other.example'] }) }, 'consent'],
    ['prompt=consent', { request: request({ prompt: ['consent'] }) }, 'consent'],
    [
      'prompt=consent, given in this attempt',
      { request: request({ prompt: ['consent'] }), attempt: consented },
      'respond',
    ],
    [
      'given in this attempt by the session before',
      { consent: undefined, attempt: { ...consented, consentedSessionId: 'session-2' } },
      'consent',
    ],
    ['a first-party client', { consent: undefined, client: client({ first_party: true }) }, 'respond'],
    [
      'a first-party client with prompt=consent',
      { client: client({ first_party: true }), request: request({ prompt: ['consent'] }) },
      'consent',
    ],
    [
      'a first-party public client that other programs can pose as',
      { client: ownPublicClient, request: request(native) },
      'consent',
    ],
    [
      'the same, given in this attempt',
      { client: ownPublicClient, request: request(native), attempt: consented },
      'respond',
    ],
    [
      'a first-party confidential client at a loopback address',
      { client: client({ first_party: true }), request: request(native) },
      'respond',
    ],
    ['a native public client, though given before', { client: publicClient, request: request(native) }, 'consent'],
    [
      'a native public client, given in this attempt',
      { client: publicClient, request: request(native), attempt: consented },
      'respond',
    ],
    ['a public client at its https address, given before', { client: publicClient }, 'respond'],
  ])('%s', (_what, change, expected) => {
    expect(nextStep(situation(change)).kind).toBe(expected);
  });
});

const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    prompt: fc.subarray<Prompt>(['login', 'consent', 'select_account']),
    silent: fc.boolean(),
    scopes: fc.subarray(['openid', 'profile', 'offline_access'], { minLength: 1 }),
    stored: fc.option(fc.subarray(['openid', 'profile', 'offline_access']), { nil: undefined }),
    maxAge: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    hintedUserId: fc.option(fc.constantFrom('alice', 'bob'), { nil: undefined }),
    isSignedIn: fc.boolean(),
    attempt: fc.option(fc.constantFrom(justSignedIn, { ...justSignedIn, consentedSessionId: 'session-1' }), {
      nil: undefined,
    }),
    firstParty: fc.boolean(),
  })
  .map((given) =>
    situation({
      request: request({
        prompt: given.silent ? ['none'] : given.prompt,
        scopes: given.scopes,
        ...(given.maxAge === undefined ? {} : { maxAge: given.maxAge }),
        ...(given.hintedUserId === undefined ? {} : { hintedUserId: given.hintedUserId }),
      }),
      client: client({ first_party: given.firstParty }),
      session: given.isSignedIn ? session : undefined,
      attempt: given.attempt,
      consent: given.stored && { scopes: given.stored, resources: [] },
    }),
  );

describe('in every situation', () => {
  test('prompt=none never shows a page, and only prompt=none ends in an error', () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const { kind } = nextStep(given);
        expect(
          given.request.prompt.includes('none') ? ['respond', 'error'] : ['respond', 'sign-in', 'consent'],
        ).toContain(kind);
      }),
    );
  });

  test('an answer needs a session of whom was hinted, fresh enough, and consent to every scope', () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const step = nextStep(given);
        if (step.kind !== 'respond') return;
        expect(given.session).toBeDefined();
        expect([undefined, given.session!.userId]).toContain(given.request.hintedUserId);
        const isFresh = given.attempt?.authenticatedAt !== undefined;
        if (given.request.prompt.some((prompt) => prompt === 'login' || prompt === 'select_account'))
          expect(isFresh).toBe(true);
        if (given.request.maxAge !== undefined && given.request.maxAge <= 100) expect(isFresh).toBe(true);
        const hasConsented = given.attempt?.consentedSessionId === given.session!.id;
        const known = given.consent?.scopes ?? [];
        const covers = given.request.scopes.every((scope) => known.includes(scope));
        expect(hasConsented || given.client.metadata.first_party || covers).toBe(true);
      }),
    );
  });
});
