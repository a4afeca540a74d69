// `signet keys ...`: what rotations and revocations do at running servers.
import { decodeProtectedHeader } from 'jose';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { confirm } from '../../src/cli/frame/confirm.ts';
import { makeSigningKey } from '../../src/crypto/jwt.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import type { Refusal } from '../../src/domain/errors.ts';
import { advanceKeys } from '../../src/flows/keys/advance.ts';
import { listKeys } from '../../src/flows/keys/change.ts';
import { replaceAllKeys } from '../../src/flows/keys/replace.ts';
import { revokeKey } from '../../src/flows/keys/revoke.ts';
import { rotateAtOnce, scheduleRotation } from '../../src/flows/keys/rotate.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { keysForNewTenant } from '../../src/flows/tenants/create.ts';
import { type CommandLine, commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import { alice, codeFlow, getUserinfo, ownClient, refresh, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

// Each command is a process, and several of them take as long as the machine lets them.
vi.setConfig({ testTimeout: 120_000 });

type Shown = { kid: string; alg: string; state: string; since: string; next?: { step: string; at: string } };
type Rotated = { alg: string; kid: string; active_at: string; retires?: string };

let running: TestSignet;
let beside: TestSignet;
let signet: CommandLine;
beforeAll(async () => {
  running = await startSignet({ provision: world });
  beside = await startSignet({ beside: running });
  signet = commandLine(settingsOf(running));
});
afterAll(async () => {
  await beside.stop();
  await running.stop();
});

/** A tenant of its own for a test, and the options that name it. */
async function tenant(slug: string) {
  await running.provision({ ...world, tenant: slug });
  const found = (await tenantBySlug(running.server.deps, slug))!;
  return {
    issuer: `${running.issuer}/t/${slug}`,
    /** The same at the other process. */
    elsewhere: `${beside.server.url}/t/${slug}`,
    options: ['--tenant', slug],
    context: () => contextWithoutRequest(running.server.deps, found, running.clock.now),
    published: async (at = running.server.url) => {
      const { keys } = (await (await fetch(`${at}/t/${slug}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
      return keys.map(({ kid }) => kid);
    },
    keys: () => resultOf<Shown[]>(signet, ['keys', 'list', '--tenant', slug]),
    events: async () => {
      const rows = await query<{ type: string; data: { kid?: string } }>(
        running.database.url,
        `SELECT type, data FROM audit_events WHERE tenant_id = $1 AND type LIKE 'key.%' ORDER BY at, id`,
        [found.id],
      );
      return rows.map(({ type, data }) => `${type} ${data.kid}`);
    },
  };
}

const signedWith = (jwt: string) => decodeProtectedHeader(jwt).kid!;
const active = (keys: readonly Shown[], alg: string) =>
  keys.find((key) => key.alg === alg && key.state === 'active')!.kid;

test('list: every published key and its next step, nothing private; a tenant that is not there is 3', async () => {
  const there = await tenant('listed');
  const keys = await there.keys();
  expect(keys.map(({ alg, state }) => `${alg} ${state}`).toSorted()).toEqual(['ES256 active', 'RS256 active']);
  expect(keys.map(({ kid }) => kid).toSorted()).toEqual((await there.published()).toSorted());
  for (const { since, next } of keys) {
    expect(next!.step).toBe('successor is published');
    expect(Date.parse(next!.at) - Date.parse(since)).toBe(89 * 24 * 3600_000);
  }
  const { stdout } = await signet(['keys', 'list', ...there.options]);
  expect(stdout).toMatch(/^Key +Algorithm +State +Since +Next$/m);
  for (const { kid } of keys)
    expect(stdout).toMatch(
      new RegExp(`^${kid.slice(-8)} .* active +just now +successor is published in 8\\d days$`, 'm'),
    );
  const sealed = await query<{ sealed: string }>(
    running.database.url,
    'SELECT private_jwk_sealed AS sealed FROM signing_keys',
  );
  for (const { sealed: secret } of sealed) expect(stdout + JSON.stringify(keys)).not.toContain(secret);
  expect((await signet(['keys', 'list', '--tenant', 'nowhere'])).code).toBe(3);
});

test('no key has an id that a command line would take for an option', async () => {
  const made = await Promise.all(Array.from({ length: 400 }, () => makeSigningKey('ES256')));
  expect(made.filter(({ kid }) => kid.startsWith('-'))).toEqual([]);
});

test('rotate: the next key is published now, signs after a day, and a second rotation meanwhile is refused', async () => {
  const there = await tenant('ahead');
  const before = active(await there.keys(), 'ES256');
  const [made, ...rest] = await resultOf<Rotated[]>(signet, ['keys', 'rotate', '--alg', 'ES256', ...there.options]);
  expect(rest).toEqual([]);
  expect(made).toMatchObject({ alg: 'ES256', retires: before });
  await expect.poll(() => there.published(beside.server.url)).toContain(made!.kid);
  const { tokens } = await codeFlow({ issuer: there.elsewhere }, ownClient);
  expect(signedWith(tokens.access_token)).toBe(before);
  expect((await there.keys()).find(({ kid }) => kid === before)!.next).toEqual({
    step: 'retires',
    at: made!.active_at,
  });

  const again = await signet(['keys', 'rotate', '--alg', 'ES256', ...there.options]);
  expect([again.code, again.output]).toEqual([4, expect.stringContaining(made!.kid)]);
  expect(await there.published()).toHaveLength(3);

  // The command's clock is the machine's, and a little ahead of the one that stands still.
  running.clock.advance(25 * 3600);
  try {
    await advanceKeys(running.server.deps);
    const { tokens: later } = await codeFlow(there, ownClient);
    expect(signedWith(later.access_token)).toBe(made!.kid);
    expect(await there.published()).toContain(before);
    expect(await there.events()).toContain(`key.retired ${before}`);
  } finally {
    running.clock.advance(-25 * 3600);
  }
});

test('rotate --now: new tokens have the new key, the old ones stay valid, and who caches is warned', async () => {
  const there = await tenant('hurried');
  const { tokens } = await codeFlow(there, ownClient);
  const before = active(await there.keys(), 'ES256');
  const done = await signet(['keys', 'rotate', '--now', ...there.options]);
  expect([done.code, done.output]).toEqual([0, expect.stringContaining('up to 5 minutes')]);
  const after = await there.keys();
  for (const alg of ['ES256', 'RS256'])
    expect(done.stdout).toContain(`The ${alg} key ${active(after, alg)} is active now.`);
  expect(after.find(({ kid }) => kid === before)!.state).toBe('retired');
  const signs = async () => signedWith((await codeFlow({ issuer: there.elsewhere }, ownClient)).tokens.access_token);
  await expect.poll(signs).toBe(active(after, 'ES256'));
  expect((await getUserinfo(there, tokens.access_token)).status).toBe(200);
  const erased = await query(
    running.database.url,
    `SELECT 1 FROM signing_keys WHERE kid = $1 AND private_jwk_sealed IS NULL`,
    [before],
  );
  expect(erased).toHaveLength(1);
});

test('rotate --now where a next key is published: that one signs, and no other is made', async () => {
  const there = await tenant('known');
  const [next] = await resultOf<Rotated[]>(signet, ['keys', 'rotate', '--alg', 'RS256', ...there.options]);
  const [now] = await resultOf<Rotated[]>(signet, ['keys', 'rotate', '--alg', 'RS256', '--now', ...there.options]);
  expect(now!.kid).toBe(next!.kid);
  expect((await there.published()).length).toBe(3);
});

test('rotate without --alg: a key of each algorithm that the tenant signs with, and of no other', async () => {
  const there = await tenant('several');
  const clients = [{ ...ownClient, id_token_signed_response_alg: 'EdDSA' as const }];
  await running.provision({ tenant: 'several', clients });
  const algs = async (options: string[]) =>
    (await resultOf<Rotated[]>(signet, ['keys', 'rotate', ...options, ...there.options])).map(({ alg }) => alg);
  expect((await algs([])).toSorted()).toEqual(['ES256', 'EdDSA', 'RS256']);
  const before = active(await there.keys(), 'EdDSA');
  expect(await algs(['--now', '--alg', 'EdDSA'])).toEqual(['EdDSA']);
  const signs = async () => signedWith((await codeFlow(there, ownClient)).tokens.id_token);
  await expect.poll(signs).toBe(active(await there.keys(), 'EdDSA'));
  expect(await there.published()).toContain(before);
});

describe('revoke', () => {
  test('nobody to ask and no --yes: usage, and nothing changes; a key that is not there: 3', async () => {
    const there = await tenant('asked');
    const kid = active(await there.keys(), 'ES256');
    const asked = await signet(['keys', 'revoke', kid, ...there.options]);
    expect([asked.code, asked.output]).toEqual([2, expect.stringContaining('--yes')]);
    expect(await there.published()).toContain(kid);
    const unknown = await signet(['keys', 'revoke', 'no-such-key', '--yes', ...there.options]);
    expect([unknown.code, unknown.output]).toEqual([3, expect.stringContaining('no-such-key')]);
    // The key of another tenant is none of this one's.
    expect((await signet(['keys', 'revoke', kid, '--yes'])).code).toBe(3);
    expect(await there.published()).toContain(kid);
  });

  test('the active key: its tokens are refused by every process, another signs, refresh tokens go on', async () => {
    const there = await tenant('leaked');
    const { tokens } = await codeFlow(there, ownClient);
    const before = await there.keys();
    const kids = ['ES256', 'RS256'].map((alg) => active(before, alg));
    const at = [{ issuer: there.issuer }, { issuer: there.elsewhere }];
    const accepted = async () => {
      const userinfo = await Promise.all(at.map((here) => getUserinfo(here, tokens.access_token)));
      const hints = await Promise.all(
        at.map(({ issuer }) =>
          // A hint that proves something stands against the client beside it.
          fetch(`${issuer}/oauth/logout?client_id=spa&id_token_hint=${tokens.id_token}`, { redirect: 'manual' }),
        ),
      );
      return [...userinfo, ...hints].map(({ status }) => status);
    };
    expect(await accepted()).toEqual([200, 200, 400, 400]);
    const [first = '', second = ''] = kids;
    const done = await signet(['keys', 'revoke', first, '--yes', ...there.options]);
    expect([done.code, done.output]).toEqual([0, expect.stringContaining('is active now')]);
    const forScripts = await resultOf<object>(signet, ['keys', 'revoke', second, '--yes', ...there.options]);
    expect(forScripts).toEqual({ kid: second, alg: expect.any(String), was: 'active', successor: expect.any(String) });
    await expect.poll(accepted).toEqual([401, 401, 200, 200]);
    for (const url of [running.server.url, beside.server.url])
      await expect.poll(async () => (await there.published(url)).filter((kid) => kids.includes(kid))).toEqual([]);
    const { status, body } = await refresh(there, ownClient, tokens.refresh_token);
    expect([status, kids.includes(signedWith(body.access_token))]).toEqual([200, false]);
    for (const here of at) {
      const { tokens: fresh } = await codeFlow(here, ownClient);
      expect((await getUserinfo(here, fresh.access_token)).status).toBe(200);
    }
    const after = await there.keys();
    expect(await there.events()).toEqual(
      expect.arrayContaining([`key.revoked ${kids[0]}`, `key.created ${active(after, 'ES256')}`]),
    );
    expect((await signet(['keys', 'revoke', kids[0]!, '--yes', ...there.options])).code).toBe(3);
  });

  test('the active key while a next one is published: that one signs at once', async () => {
    const there = await tenant('relieved');
    const { deps } = running.server;
    const [next] = await scheduleRotation(deps, there.context(), ['ES256']);
    const { successor } = await revokeKey(deps, there.context(), next!.retires!);
    expect(successor).toBe(next!.kid);
    expect(signedWith((await codeFlow(there, ownClient)).tokens.access_token)).toBe(next!.kid);
  });

  test('a next key while its turn comes: it never signs, and the active one stays', async () => {
    const there = await tenant('overtaken');
    const { deps } = running.server;
    const [next] = await scheduleRotation(deps, there.context(), ['ES256']);
    running.clock.advance(25 * 3600);
    try {
      const gate = gateStatements(running);
      const due = gate.hold('before', /for no key update/i);
      const advancing = advanceKeys(deps);
      await due.arrived;
      await revokeKey(beside.server.deps, there.context(), next!.kid);
      due.open();
      await advancing;
      expect(active(await there.keys(), 'ES256')).toBe(next!.retires);
      expect(signedWith((await codeFlow(there, ownClient)).tokens.access_token)).toBe(next!.retires);
    } finally {
      running.clock.advance(-25 * 3600);
    }
  });
});

describe('two at the same moment: one wins, the other is told, and nothing is done twice', () => {
  test.each([
    ['scheduled rotations', scheduleRotation, { next: 1, retired: 0 }],
    ['rotations at once', rotateAtOnce, { next: 0, retired: 1 }],
  ] as const)('%s', async (what, rotate, left) => {
    const there = await tenant(what.replaceAll(' ', '-'));
    const gate = gateStatements(running);
    const both = gate.hold('before', /for no key update/i, 2);
    const racing = Promise.allSettled([1, 2].map(() => rotate(running.server.deps, there.context(), ['ES256'])));
    await both.arrived;
    both.open();
    const ends = await racing;
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const lost = ends.find((end) => end.status === 'rejected')!;
    expect((lost.reason as Refusal).code).toBe('exists');
    const keys = (await listKeys(running.server.deps, there.context())).filter(({ alg }) => alg === 'ES256');
    const count = (state: string) => keys.filter((key) => key.state === state).length;
    expect({ active: count('active'), next: count('next'), retired: count('retired') }).toEqual({ active: 1, ...left });
  });
});

test('all keys replaced: none of before is published, what they signed is refused, new ones sign', async () => {
  const there = await tenant('restored');
  const { deps } = running.server;
  const [next] = await scheduleRotation(deps, there.context(), ['ES256']);
  const { tokens } = await codeFlow(there, ownClient, { user: alice });
  const before = await there.published();
  const keys = await keysForNewTenant(deps, there.context().tenant.id);
  const revoked = await deps.db.transaction((tx) => replaceAllKeys(deps, tx, there.context(), keys));
  expect(revoked.toSorted()).toEqual(before.toSorted());
  expect(revoked).toContain(next!.kid);
  await expect.poll(() => there.published(beside.server.url)).toEqual(keys.map(({ kid }) => kid).toSorted());
  await expect.poll(async () => (await getUserinfo({ issuer: there.elsewhere }, tokens.access_token)).status).toBe(401);
  const { tokens: fresh } = await codeFlow({ issuer: there.elsewhere }, ownClient);
  expect(keys.map(({ kid }) => kid)).toContain(signedWith(fresh.access_token));
});

describe('the question on a terminal', () => {
  const answer = async (text: string | undefined) => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough().setEncoding('utf8');
    input.end(text);
    await confirm('Revoke it?', {}, { input, output });
    return output.read() as string;
  };

  test.each(['y\n', 'Yes\n'])('%j goes on', async (text) => {
    expect(await answer(text)).toContain('Revoke it? [y/N]');
  });

  test.each(['\n', 'n\n', 'yet\n', undefined])('%j changes nothing', async (text) => {
    await expect(answer(text)).rejects.toThrow('Nothing was changed');
  });
});
