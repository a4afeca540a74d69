// `npm run bench:revocation`: how long a revoked token is taken by 20 APIs under load, what their lists weigh, and what ending one person costs.
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type pg from 'pg';
import { adminApiOf } from '../src/domain/admin-api.ts';
import { bitAt, hourOf } from '../src/domain/status-list.ts';
import { createVerifier, TokenError, type Verifier } from '../src/verifier/verifier.ts';
import { withEnding } from './ending.ts';
import { describeMachine, pinLoad } from './machine.ts';
import { basic, machineClient, startOneSignet, tokenFor } from './one-signet.ts';
import { percentile } from './results.ts';
import { type Revocation, revocationFile, revocationTables, withMeasured } from './revocation-document.ts';
import { root } from './targets.ts';

const apis = 20;
const revocations = 1000;
/** Revoked each second. */
const pace = 20;
/** Milliseconds between two looks of an API at a token. */
const look = 25;

const audience = 'https://orders.example';
const world = {
  users: [{ username: 'alice' }],
  resources: [{ identifier: audience, scopes: ['orders:read'] }],
  clients: [
    { client_id: 'ops', ...machineClient, admin_roles: ['owner'] },
    { client_id: 'worker', ...machineClient, scope: 'orders:read' },
    { client_id: 'app', ...machineClient, redirect_uris: ['https://app.example/cb'] },
  ],
};

async function main(): Promise<void> {
  const machine = describeMachine();
  pinLoad(machine);
  const measured = await withEnding(async (stack): Promise<Revocation> => {
    const { issuer, db } = await startOneSignet(stack, machine, { name: 'revocation', world });
    process.stdout.write('one person with 100 tokens is disabled\n');
    const person = await endOnePerson(issuer, db);
    process.stdout.write(`${revocations} tokens are revoked under load\n`);
    const seen = await revokeUnderLoad(issuer);
    process.stdout.write('a million tokens live, a tenth of them revoked\n');
    const weights = await weigh(issuer, db);
    const { cpu, cores } = machine;
    return { date: new Date().toISOString().slice(0, 10), cpu, cores, person, seen, weights };
  });
  await writeFile(revocationFile, `${JSON.stringify(measured, undefined, 2)}\n`);
  const document = join(root, 'docs/revocation.md');
  await writeFile(document, withMeasured(await readFile(document, 'utf8'), measured));
  process.stdout.write(`${revocationTables(measured)}\n`);
}

/** Disables a person with 100 grants, each with a token that lives: milliseconds of the request. */
async function endOnePerson(issuer: string, db: pg.Client): Promise<Revocation['person']> {
  const token = await tokenFor(issuer, 'ops', adminApiOf(issuer));
  const times: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const made = await admin(issuer, token, 'POST', '/users', { username: `person-${n}` });
    const { id } = JSON.parse(made) as { id: string };
    await db.query(
      `INSERT INTO grants (tenant_id, id, user_id, client_id, scopes, resources, offline, authenticated_at, amr, acr, created_at,
          last_used_at, expires_at, status_bits)
        SELECT u.tenant_id, gen_random_uuid(), u.id, 'app', '{openid}', '{}', true, now(), '{pwd}', 'urn:signet:acr:1fa', now(), now(),
          now() + interval '7 days', ARRAY[$2::bigint + n]
        FROM users u, generate_series(1, 100) AS n WHERE u.id = $1`,
      // Far from the places of real tokens.
      [id, bitAt(hourOf(Date.now() / 1000), 1_000_000 + n * 100)],
    );
    const begun = performance.now();
    await admin(issuer, token, 'PATCH', `/users/${id}`, { disabled: true });
    times.push(performance.now() - begun);
    const { rows } = await db.query(
      `SELECT count(*)::integer AS bits FROM grants g JOIN status_revocations r ON r.bit = ANY(g.status_bits) WHERE g.user_id = $1`,
      [id],
    );
    if ((rows[0] as { bits: number }).bits !== 100) throw new Error('not every token was revoked');
  }
  await db.query('DELETE FROM status_revocations');
  const sorted = Float64Array.from(times).sort();
  return { tokens: 100, p50: rounded(percentile(sorted, 0.5)), max: rounded(sorted.at(-1)!) };
}

/** Each token is revoked, and looked at by every API until all of them refuse it. */
async function revokeUnderLoad(issuer: string): Promise<Revocation['seen']> {
  let fetches = 0;
  const counting: typeof fetch = (input, init) => {
    fetches += 1;
    return fetch(input, init);
  };
  const verifiers = Array.from({ length: apis }, () => createVerifier({ issuer, audience, fetch: counting }));
  const load = { on: true, requests: 0 };
  const loading = Promise.all(Array.from({ length: 4 }, () => loaded(issuer, load)));
  const begun = performance.now();
  let checks = 0;
  const times: number[] = [];
  const all: Promise<void>[] = [];
  for (let n = 0; n < revocations; n += 1) {
    all.push(
      (async () => {
        const token = await tokenFor(issuer, 'worker', audience);
        // Each API has seen it, and remembers it.
        await Promise.all(verifiers.map((verifier) => verifier.verify(token)));
        await revoke(issuer, token);
        const acknowledged = performance.now();
        const left = new Set(verifiers);
        while (left.size > 0) {
          await wait(look);
          for (const verifier of left) {
            checks += 1;
            if (await isRefused(verifier, token)) {
              left.delete(verifier);
              times.push(performance.now() - acknowledged);
            }
          }
        }
      })(),
    );
    await wait(1000 / pace);
  }
  await Promise.all(all);
  const seconds = (performance.now() - begun) / 1000;
  load.on = false;
  await loading;
  const sorted = Float64Array.from(times).sort();
  return {
    apis,
    revocations,
    p50: rounded(percentile(sorted, 0.5) / 1000),
    p99: rounded(percentile(sorted, 0.99) / 1000),
    max: rounded(sorted.at(-1)! / 1000),
    fetchesPerApiAndSecond: rounded(fetches / apis / seconds),
    checks,
    tokensPerSecond: Math.round(load.requests / seconds),
  };
}

async function isRefused(verifier: Verifier, token: string): Promise<boolean> {
  try {
    await verifier.verify(token);
    return false;
  } catch (error) {
    if (error instanceof TokenError && error.description === 'The access token was revoked.') return true;
    throw error;
  }
}

/** One request for a token after another. */
async function loaded(issuer: string, load: { on: boolean; requests: number }): Promise<void> {
  while (load.on) {
    await tokenFor(issuer, 'worker', audience);
    load.requests += 1;
  }
}

const live = 1_000_000;
const revokedShare = 0.1;

/**
 * Half of the tokens live for 15 minutes and half for a day, evenly spread; a tenth of each is revoked before it ends. What one API
 * reads in a minute that holds every list, by the wire and headers included, while tokens go on being revoked at that rate.
 */
async function weigh(issuer: string, db: pg.Client): Promise<Revocation['weights']> {
  const now = hourOf(Date.now() / 1000);
  const short = live / 2;
  // All of them in the present hour's list and the next one: as many as share the two in the middle of an hour.
  const hours = [
    { hour: now, tokens: short / 2, perMinute: (short / 2) * (revokedShare / 15) },
    { hour: now + 1, tokens: short / 2, perMinute: (short / 2) * (revokedShare / 15) },
    ...Array.from({ length: 24 }, (_, n) => ({
      hour: now + 1 + n,
      tokens: short / 24,
      perMinute: (short / 24) * (revokedShare / (24 * 60)),
    })),
  ];
  const taken = new Map<number, { tokens: number; perMinute: number }>();
  for (const { hour, tokens, perMinute } of hours) {
    const known = taken.get(hour) ?? { tokens: 0, perMinute: 0 };
    taken.set(hour, { tokens: known.tokens + tokens, perMinute: known.perMinute + perMinute });
  }
  await db.query('DELETE FROM status_revocations');
  for (const [hour, { tokens }] of taken)
    await db.query(
      `INSERT INTO status_revocations (tenant_id, bit)
        SELECT t.id, $1::bigint + place FROM tenants AS t, generate_series(0, $2::integer - 1) AS place WHERE random() < $3`,
      [bitAt(hour, 0), Math.round(tokens), revokedShare],
    );
  const { rows } = await db.query('SELECT status_generation AS generation FROM tenants');
  const { generation } = rows[0] as { generation: string };
  const addresses = [...taken.keys()].map((hour) => `${issuer}/oauth/status/${generation}-${hour}-0`);

  const revoking = { on: true };
  const goesOn = (async () => {
    const total = [...taken.values()].reduce((sum, { perMinute }) => sum + perMinute, 0);
    while (revoking.on) {
      // One by one, each in a list by its share of them.
      let at = Math.random() * total;
      const [hour, { tokens }] = [...taken].find(([, { perMinute }]) => (at -= perMinute) < 0) ?? [...taken][0]!;
      await db.query(
        'INSERT INTO status_revocations (tenant_id, bit) SELECT id, $1 FROM tenants ON CONFLICT DO NOTHING',
        [bitAt(hour, randomInt(Math.round(tokens)))],
      );
      await wait(60_000 / total);
    }
  })();
  const bytesPerMinute = {
    compressed: await minuteOf(addresses, 'gzip'),
    plain: await minuteOf(addresses, undefined),
  };
  revoking.on = false;
  await goesOn;
  const sizes = await Promise.all(addresses.map((address) => sizeOf(address)));
  return {
    live,
    revoked: Math.round(live * revokedShare),
    lists: addresses.length,
    revokedPerMinute: Math.round([...taken.values()].reduce((sum, { perMinute }) => sum + perMinute, 0)),
    allLists: sizes.reduce((sum, size) => sum + size, 0),
    bytesPerMinute,
  };
}

/** Every list each second with the tag of the last, as the verifier asks: bytes that came in a minute. */
async function minuteOf(addresses: readonly string[], encoding: string | undefined): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const sockets = new Map<object, number>();
  const tags = new Map<string, string>();
  const ask = (address: string) =>
    new Promise<void>((resolve, reject) => {
      const headers = {
        accept: 'application/statuslist+jwt',
        ...(encoding !== undefined && { 'accept-encoding': encoding }),
        ...(tags.has(address) && { 'if-none-match': tags.get(address)! }),
      };
      const asked = httpRequest(address, { agent, headers }, (answer: IncomingMessage) => {
        const { socket } = answer;
        if (answer.statusCode !== 200 && answer.statusCode !== 304) return reject(new Error(String(answer.statusCode)));
        if (encoding !== undefined && answer.statusCode === 200 && answer.headers['content-encoding'] !== encoding)
          return reject(new Error('not compressed'));
        if (answer.headers.etag !== undefined) tags.set(address, answer.headers.etag);
        answer.resume().on('end', () => {
          sockets.set(socket, socket.bytesRead);
          resolve();
        });
      });
      asked.on('error', reject).end();
    });
  await Promise.all(addresses.map(ask));
  const total = () => [...sockets.values()].reduce((sum, bytes) => sum + bytes, 0);
  const before = total();
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const next = performance.now() + 1000;
    await Promise.all(addresses.map(ask));
    await wait(Math.max(0, next - performance.now()));
  }
  const bytes = total() - before;
  agent.destroy();
  return bytes;
}

/** Of a list as a whole, compressed as it is sent. */
async function sizeOf(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(address, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      const parts: Buffer[] = [];
      answer
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => {
          const whole = Buffer.concat(parts);
          gunzipSync(whole);
          resolve(whole.length);
        });
    })
      .on('error', reject)
      .end();
  });
}

const rounded = (value: number) => Number(value.toFixed(2));

async function revoke(issuer: string, token: string): Promise<void> {
  const response = await fetch(`${issuer}/oauth/revoke`, {
    method: 'POST',
    headers: { authorization: basic('worker') },
    body: new URLSearchParams({ token }),
  });
  if (!response.ok) throw new Error(`not revoked: ${await response.text()}`);
}

async function admin(issuer: string, token: string, method: string, path: string, body: object): Promise<string> {
  const response = await fetch(`${adminApiOf(issuer)}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'if-match': '*', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text;
}

await main();
