// `npm run bench:admin`: the admin API beside a million users, and what the deletion of a client with 100,000 grants does to others.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { adminApiOf } from '../src/domain/admin-api.ts';
import {
  type Administration,
  administrationFile,
  documentFile,
  readResults,
  renderDocument,
  type Taken,
} from './document.ts';
import { withEnding } from './ending.ts';
import { describeMachine, memoryOf, pinLoad } from './machine.ts';
import { machineClient, startOneSignet, tokenFor } from './one-signet.ts';
import { percentile } from './results.ts';
import { figure, plainTable } from './tables.ts';

const howManyUsers = 1_000_000;
const howManyGrants = 100_000;
const requests = 2000;
const atOnce = 4;

const world = {
  users: [{ username: 'alice', email: 'alice@example.com' }],
  resources: [{ identifier: 'https://orders.example', scopes: ['orders:read'] }],
  clients: [
    { client_id: 'ops', ...machineClient, admin_roles: ['owner'] },
    { client_id: 'worker', ...machineClient, scope: 'orders:read' },
    { client_id: 'crowded', ...machineClient, redirect_uris: ['https://crowded.example/cb'] },
  ],
};

// A tenth shares each first letter; names differ from usernames, so that each way of finding somebody has its own.
const people = `INSERT INTO users (tenant_id, id, kind, username, username_key, email, email_key, email_verified, claims, roles, groups,
    password_version, version, created_at, updated_at)
  SELECT t.id, gen_random_uuid(), 'person', called, called, 'mail' || called || '@example.com', 'mail' || called || '@example.com', true,
    jsonb_build_object('name', 'Person ' || called), '{}', '{}', 1, 1, now(), now()
  FROM (SELECT chr(97 + n % 10) || lpad(to_hex(n), 6, '0') AS called FROM generate_series(1, $1::integer) AS n) AS made, tenants AS t`;

const grants = `INSERT INTO grants (tenant_id, id, user_id, client_id, scopes, resources, offline, authenticated_at, amr, acr, created_at, last_used_at, expires_at)
  SELECT u.tenant_id, gen_random_uuid(), u.id, 'crowded', '{openid}', '{}', true, now(), '{pwd}', 'urn:signet:acr:1fa', now(), now(), now() + interval '7 days'
  FROM users u LIMIT $1::integer`;

async function main(): Promise<void> {
  const machine = describeMachine();
  pinLoad(machine);
  const measured = await withEnding(async (stack) => {
    const { issuer, pid, db } = await startOneSignet(stack, machine, { name: 'admin', world });
    process.stdout.write('a million users are made\n');
    await db.query(people, [howManyUsers]);
    await db.query(grants, [howManyGrants]);
    await db.query('VACUUM ANALYZE');
    return measure(issuer, pid);
  });
  const administration: Administration = {
    date: new Date().toISOString().slice(0, 10),
    users: howManyUsers,
    ...measured,
  };
  const head = ['', 'requests', 'p50 ms', 'p95 ms', 'max ms'];
  const lines = Object.entries(measured.rows).map(([name, { count, p50, p95, max }]) => [
    name,
    figure(count),
    p50.toFixed(2),
    p95.toFixed(2),
    max.toFixed(1),
  ]);
  process.stdout.write(`${plainTable(head, lines)}\nhighest RSS: ${measured.memory} MiB\n`);
  process.stdout.write(
    `deleting a client with ${figure(howManyGrants)} grants: ${measured.deletion.seconds.toFixed(1)} s\n`,
  );
  await writeFile(administrationFile, `${JSON.stringify(administration, undefined, 2)}\n`);
  await writeFile(documentFile, renderDocument(await readResults(), administration));
}

async function measure(issuer: string, pid: number): Promise<Omit<Administration, 'date' | 'users'>> {
  let memory = 0;
  const watch = setInterval(() => (memory = Math.max(memory, memoryOf(pid) ?? 0)), 100);
  let token = '';
  const renew = async () => (token = await tokenFor(issuer, 'ops', adminApiOf(issuer)));
  await renew();
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${adminApiOf(issuer)}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'if-match': '*',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as { id: string; items: { id: string }[] });
  };
  const hex = () => randomBytes(2).toString('hex');
  const letter = () => 'abcdefghij'[randomBytes(1)[0]! % 10]!;
  const made: string[] = [];
  const rows = {
    // From one letter, which a tenth of all begin with, to nearly the whole name; now and then nobody.
    'search by username': await timed(() =>
      ask('GET', `/users?search=${letter()}${hex().slice(0, randomBytes(1)[0]! % 5)}`),
    ),
    'search by address': await timed(() => ask('GET', `/users?search=mail${letter()}${hex()}`)),
    'search by name': await timed(() => ask('GET', `/users?search=Person%20${letter()}${hex()}`)),
    'search for nobody': await timed(() => ask('GET', `/users?search=zz${hex()}`)),
    create: await timed(async () => {
      const name = `made-${randomBytes(8).toString('hex')}`;
      made.push((await ask('POST', '/users', { username: name, email: `${name}@example.com`, name }))!.id);
    }),
    change: await timed(() =>
      ask('PATCH', `/users/${made[randomBytes(2).readUInt16BE() % made.length]!}`, { nickname: hex() }),
    ),
    show: await timed(() => ask('GET', `/users/${made[randomBytes(2).readUInt16BE() % made.length]!}`)),
  };
  await renew();
  const under = { way: true };
  const begun = performance.now();
  const deletion = ask('DELETE', '/clients/crowded').finally(() => (under.way = false));
  const others: number[] = [];
  while (under.way) {
    const sent = performance.now();
    await tokenFor(issuer, 'worker', 'https://orders.example');
    await ask('GET', `/users/${made[0]!}`);
    others.push(performance.now() - sent);
    await wait(5);
  }
  await deletion;
  const seconds = (performance.now() - begun) / 1000;
  clearInterval(watch);
  return { rows, memory, deletion: { grants: howManyGrants, seconds, others: summed(others) } };
}

async function timed(work: () => Promise<unknown>): Promise<Taken> {
  for (let i = 0; i < 50; i += 1) await work();
  const taken: number[] = [];
  let left = requests;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      await work();
      taken.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return summed(taken);
}

function summed(taken: readonly number[]): Taken {
  const sorted = Float64Array.from(taken).sort();
  const rounded = (value: number) => Number(value.toFixed(2));
  return {
    count: taken.length,
    p50: rounded(percentile(sorted, 0.5)),
    p95: rounded(percentile(sorted, 0.95)),
    max: rounded(sorted.at(-1)!),
  };
}

await main();
