// Who has an account cannot be told from what a sign-in answers, nor from what it makes the server do (M76).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Answer, createAgent, field } from '../support/agent.ts';
import { countHashes, type HashCount } from '../support/counted-hasher.ts';
import { alice, authorizationRequest, codeFlow, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const people = {
  known: 'alice',
  'known by e-mail': 'BOB@example.com',
  unknown: 'nobody',
  'unknown by e-mail': 'nobody@example.com',
  disabled: 'dora',
  passwordless: 'paul',
  'disabled without a password': 'dan',
};
type Person = keyof typeof people;
const others = (Object.keys(people) as Person[]).filter((person) => person !== 'unknown');

let signet: TestSignet;
let sent: string[] = [];
// What the sign-in itself asks; polling and purging go on beside it.
const ofSignIn = /\b(?:users|limits|audit_events|sessions)\b/;
const ofWorkers = /horizon|ctid/;
let hashes: HashCount;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      users: [
        ...world.users,
        { username: 'dora', password: alice.password, disabled: true },
        { username: 'paul' },
        { username: 'dan', disabled: true },
      ],
    },
    observe: ({ text }) => {
      if (ofSignIn.test(text) && !ofWorkers.test(text)) sent.push(text);
    },
  });
  hashes = countHashes(signet);
});
afterAll(() => signet.stop());

type Trial = { status: number; body: string; headers: Record<string, string>; statements: string[]; hashes: HashCount };

/** Tries passwords in one browser of its own, and gives what each try showed and cost. */
async function tryPasswords(username: string, passwords: readonly string[], cookies: Record<string, string> = {}) {
  const agent = createAgent();
  for (const [name, value] of Object.entries(cookies)) agent.cookies.set(name, value);
  const url = authorizationRequest(signet, webClient, { state: 'same', nonce: 'same', login_hint: username }).url;
  const page = await agent.follow(await agent.get(url), signet.issuer);
  const attempt = field(page, 'attempt');
  const shown: Trial[] = [];
  for (const password of passwords) {
    sent = [];
    const before = { ...hashes };
    const answer = await agent.post(`${signet.issuer}/sign-in`, { attempt, username, password });
    shown.push({
      ...visible(answer, username, attempt),
      statements: [...sent],
      hashes: { verified: hashes.verified - before.verified, hashed: hashes.hashed - before.hashed },
    });
  }
  return { page: visible(page, username, attempt), shown };
}

function visible(answer: Answer, username: string, attempt: string) {
  const { date: _date, ...headers } = Object.fromEntries(answer.headers);
  // Lengths follow from what was typed, not from who it is.
  delete headers['content-length'];
  const body = answer.body.replaceAll(username, 'USERNAME').replaceAll(attempt, 'ATTEMPT');
  return { status: answer.status, body, headers };
}

describe('M76 whoever it is that signs in with a wrong password', () => {
  const passwords = Array.from({ length: 8 }, (_, i) => `wrong password ${i}`);

  test.each(others)(
    'M76 %s: every page, status and header as for somebody unknown, also when it becomes too many',
    async (person) => {
      const stranger = await tryPasswords(`${people.unknown}-${person.replaceAll(' ', '-')}`, passwords);
      const tried = await tryPasswords(people[person], passwords);
      expect(tried.page).toEqual(stranger.page);
      expect(tried.shown.map(({ status }) => status)).toEqual(stranger.shown.map(({ status }) => status));
      expect(tried.shown.map(({ body }) => body)).toEqual(stranger.shown.map(({ body }) => body));
      expect(tried.shown.map(({ headers }) => headers)).toEqual(stranger.shown.map(({ headers }) => headers));
      // The same work: as many hashes, and the same statements in the same order.
      expect(tried.shown.map((trial) => trial.hashes)).toEqual(stranger.shown.map((trial) => trial.hashes));
      expect(tried.shown.map(({ statements }) => statements)).toEqual(
        stranger.shown.map(({ statements }) => statements),
      );

      expect(stranger.shown[0]!.hashes).toEqual({ verified: 1, hashed: 0 });
      expect(stranger.shown.at(-1)).toMatchObject({ status: 429, hashes: { verified: 0, hashed: 0 } });
      signet.clock.advance(25 * 3600);
    },
  );

  test('M76 the right password of a disabled person: as a wrong one, and no session', async () => {
    const right = await tryPasswords(people.disabled, [alice.password]);
    const stranger = await tryPasswords('nobody-else', [alice.password]);
    expect(right).toEqual(stranger);
    expect(right.shown[0]!.headers['set-cookie']).toBeUndefined();
    signet.clock.advance(25 * 3600);
  });

  test.each(['', ' ', 'x'.repeat(301), 'x'.repeat(4097), 'é'.repeat(2049)])(
    'M76 a password or a name out of bounds is refused alike (%#)',
    async (odd) => {
      const [asPassword, asPasswordOfNobody] = [
        await tryPasswords('alice', [odd]),
        await tryPasswords('nobody', [odd]),
      ];
      expect(asPassword).toEqual(asPasswordOfNobody);
      expect(asPassword.shown[0]!.status).toBe(403);
      signet.clock.advance(25 * 3600);
    },
  );
});

describe('M76 what else could tell', () => {
  test('M76 a known-browser cookie says nothing of names it was not made for', async () => {
    const { agent } = await codeFlow(signet, webClient);
    const known = { [cookieName(signet, 'known')]: agent.cookies.get(cookieName(signet, 'known'))! };
    const [bob, nobody] = [await tryPasswords('bob', ['wrong'], known), await tryPasswords('nobody', ['wrong'], known)];
    expect(bob).toEqual(nobody);
    signet.clock.advance(25 * 3600);
  });

  test('M76 a forged known-browser cookie with a guessed user id buys no other answer', async () => {
    const forged = `01900000-0000-7000-8000-000000000000~${'A'.repeat(16)}~${'A'.repeat(43)}`;
    const cookies = { [cookieName(signet, 'known')]: forged };
    expect(await tryPasswords('alice', ['wrong'], cookies)).toEqual(await tryPasswords('nobody', ['wrong'], cookies));
    signet.clock.advance(25 * 3600);
  });

  test('M76 authorize with prompt=none answers alike whoever login_hint names', async () => {
    const answers = new Set<string>();
    for (const login_hint of Object.values(people)) {
      const change = { prompt: 'none', login_hint, state: 'same', nonce: 'same' };
      const answer = await createAgent().get(authorizationRequest(signet, webClient, change).url);
      answers.add(`${answer.status} ${answer.location}`);
    }
    expect(answers.size).toBe(1);
  });
});
